"""Reads in one round trip to PostgreSQL, with row-level security in force.

Binding and query leave together. PostgreSQL runs what stands before a Sync as one transaction, so
the binding ends with the read and nothing has to be undone (PostgreSQL manual, message flow of the
extended query, "Pipelining").
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from cachetools import LRUCache
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import Dialect, Row, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

from app.pipeline import Found, Pipeline

LONGEST_WAIT_S = 10
_SHAPES_KEPT = 500

Connect = Callable[[], Awaitable[AsyncConnection[Any]]]
Processors = tuple[Callable[[Any], Any] | None, ...]


class _Shape(NamedTuple):
    """What statements of one form share; they differ only in their values."""

    sql: SQLCompiler
    columns: SimpleResultMetaData
    processors: Processors | None


class _Query(NamedTuple):
    """A statement as it is sent; statements do not change, so one that is kept is made once."""

    sql: str
    values: tuple[Any, ...]
    shape: _Shape


class Reads:
    """Runs SELECTs, each bound to one instance."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connections = _Connections(connect, size)
        self._dialect: Dialect = PGDialectAsync_psycopg(  # type: ignore[no-untyped-call]
            paramstyle="numeric_dollar"
        )
        self._shapes: LRUCache[Any, _Shape] = LRUCache(_SHAPES_KEPT)
        self._queries: WeakKeyDictionary[Select[Any], _Query] = WeakKeyDictionary()

    async def rows(self, instance_id: UUID, statement: Select[Any]) -> Sequence[Row[Any]]:
        """The instance's rows, typed as SQLAlchemy does; for columns, not for entities.

        Raises ``psycopg.Error``, and ``TimeoutError`` when no connection comes free in 10 s.
        """
        query = self._queries.get(statement)
        if query is None:
            query = self._queries[statement] = self._query_of(statement)
        found = await self._connections.read(str(instance_id), query.sql, query.values)
        if query.shape.processors is not None:
            found = [_processed(row, query.shape.processors) for row in found]
        rows: Sequence[Row[Any]] = IteratorResult[Any](query.shape.columns, iter(found)).all()
        return rows

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
        in_order = tuple(parameters[name] for name in expanded.positiontup or ())
        return _Query(expanded.statement, in_order, shape)

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

    async def read(self, instance_id: str, sql: str, values: Sequence[Any]) -> Found:
        async with asyncio.timeout(LONGEST_WAIT_S):
            await self._turns.acquire()
        try:
            while self._idle:
                pipeline = self._idle.pop()
                try:
                    return await self._read_on(pipeline, instance_id, sql, values)
                except OperationalError:
                    # It was lost while it idled: a read may be asked again on another one.
                    if not pipeline.is_lost:
                        raise
            pipeline = Pipeline(await self._connect())
            return await self._read_on(pipeline, instance_id, sql, values)
        finally:
            self._turns.release()

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    async def _read_on(
        self, pipeline: Pipeline, instance_id: str, sql: str, values: Sequence[Any]
    ) -> Found:
        try:
            found = await pipeline.read(instance_id, sql, values)
        except BaseException:
            await pipeline.close()
            raise
        if self._closed or pipeline.is_worn_out:
            await pipeline.close()
        else:
            self._idle.append(pipeline)
        return found
