"""Reads in one round trip to PostgreSQL, with row-level security in force.

Binding and query leave together. PostgreSQL runs what stands before a Sync as one transaction, so
the binding ends with the read and nothing has to be undone (PostgreSQL manual, message flow of the
extended query, "Pipelining").
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from cachetools import LRUCache
from psycopg import AsyncConnection, OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.postgres import types as postgres_types
from psycopg.pq import Format
from psycopg.pq.abc import PGresult
from sqlalchemy import Dialect, Row, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

from app.pipeline import Message, Pipeline

LONGEST_WAIT_S = 10
_SHAPES_KEPT = 500
_AS_BYTES = postgres_types["bytea"].oid

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
Processors = tuple[Callable[[Any], Any] | None, ...]


class Rows(tuple[Row[Any], ...]):
    """The rows of a read: the same object as long as the same question gets the same answer.

    Compared by identity, so that what is made from an answer can be kept under it; and as others
    may get the very same object, what is in it is not to be changed.
    """

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """What statements of one form share; they differ only in their values."""

    sql: SQLCompiler
    columns: SimpleResultMetaData
    processors: Processors | None

    def rows(self, result: PGresult) -> Rows:
        adapt = Transformer()
        adapt.set_pgresult(result, set_loaders=True, format=Format.BINARY)
        found = adapt.load_rows(0, result.ntuples, tuple)
        if self.processors is not None:
            found = [_processed(row, self.processors) for row in found]
        return Rows(IteratorResult[Any](self.columns, iter(found)).all())


class _Query:
    """A statement as it is sent; statements do not change, so one that is kept is made once.

    Its last answer is kept beside it: the bytes and what they were read as. PostgreSQL is asked
    each time, but bytes that did not change are not taken apart again.
    """

    __slots__ = ("_answer", "_rows", "_shape", "message")

    def __init__(self, shape: _Shape, sql: str, values: list[Any]) -> None:
        adapt = Transformer()
        dumped = adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
        self.message = Message(
            sql.encode(), tuple(dumped), adapt.types or (), tuple(adapt.formats or ())
        )
        self._shape = shape
        self._answer: list[tuple[Any, ...]] | None = None
        self._rows = Rows()

    def rows(self, result: PGresult) -> Rows:
        adapt = Transformer()
        adapt.set_pgresult(result, set_loaders=False)
        adapt.set_loader_types([_AS_BYTES] * result.nfields, Format.BINARY)
        answer = adapt.load_rows(0, result.ntuples, tuple)
        if answer != self._answer:
            self._rows = self._shape.rows(result)
            self._answer = answer
        return self._rows


class Reads:
    """Runs SELECTs, each bound to one instance."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connections = _Connections(connect, size)
        self._dialect: Dialect = PGDialectAsync_psycopg(  # type: ignore[no-untyped-call]
            paramstyle="numeric_dollar"
        )
        self._shapes: LRUCache[Any, _Shape] = LRUCache(_SHAPES_KEPT)
        self._queries: WeakKeyDictionary[Select[Any], _Query] = WeakKeyDictionary()

    async def rows(self, instance_id: UUID, statement: Select[Any]) -> Rows:
        """The instance's rows, typed as SQLAlchemy does; for columns, not for entities.

        Raises ``psycopg.Error``, and ``TimeoutError`` when no connection comes free in 10 s.
        """
        query = self._queries.get(statement)
        if query is None:
            query = self._queries[statement] = self._query_of(statement)
        return query.rows(await self._connections.read(str(instance_id), query.message))

    async def close(self) -> None:
        """Close the connections, those in use when they come back."""
        await self._connections.close()

    def _query_of(self, statement: Select[Any]) -> _Query:
        key = statement._generate_cache_key()
        assert key is not None  # noqa: S101 - only constructs of plug-ins have none
        shape = self._shapes.get(key.key)
        if shape is None:
            shape = self._shapes[key.key] = self._shape_of(statement, key)
        values = shape.sql.construct_params(extracted_parameters=key.bindparams, escape_names=False)
        expanded = shape.sql.construct_expanded_state(values, escape_names=False)
        parameters = dict(expanded.parameters)
        for name, process in {**shape.sql._bind_processors, **expanded.processors}.items():
            if name in parameters and callable(process):  # else replaced by its expanded elements
                parameters[name] = process(parameters[name])
        in_order = [parameters[name] for name in expanded.positiontup or ()]
        return _Query(shape, expanded.statement, in_order)

    def _shape_of(self, statement: Select[Any], key: Any) -> _Shape:
        columns = statement.column_descriptions
        if any(column["expr"] is column.get("entity", ()) for column in columns):
            raise TypeError("rows() reads columns; to get entities open a session")
        sql = self._dialect.statement_compiler(self._dialect, statement, cache_key=key)
        assert isinstance(sql, SQLCompiler)  # noqa: S101 - for the type checker
        processors = tuple(
            column["type"].result_processor(self._dialect, None) for column in columns
        )
        names = SimpleResultMetaData([column["name"] for column in columns])
        return _Shape(sql, names, processors if any(processors) else None)


def _processed(row: tuple[Any, ...], processors: Processors) -> tuple[Any, ...]:
    return tuple(
        value if process is None else process(value)
        for value, process in zip(row, processors, strict=True)
    )


class _Connections:
    """Connections kept for the next read; each serves one at a time, and only while it is well."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connect = connect
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Pipeline] = []
        self._closed = False

    async def read(self, instance_id: str, message: Message) -> PGresult:
        if self._turns.locked():
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._turns.acquire()
        else:
            await self._turns.acquire()
        try:
            while self._idle:
                pipeline = self._idle.pop()
                try:
                    return await self._read_on(pipeline, instance_id, message)
                except OperationalError:
                    # It was lost while it idled: a read may be asked again on another one.
                    if not pipeline.is_lost:
                        raise
            pipeline = Pipeline(await self._connect())
            return await self._read_on(pipeline, instance_id, message)
        finally:
            self._turns.release()

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    async def _read_on(self, pipeline: Pipeline, instance_id: str, message: Message) -> PGresult:
        try:
            result = await pipeline.read(instance_id, message)
        except BaseException:
            await pipeline.close()
            raise
        if self._closed or pipeline.is_worn_out:
            await pipeline.close()
        else:
            self._idle.append(pipeline)
        return result
