"""A connection that stays in libpq's pipeline mode and answers one read at a time.

psycopg's own pipelines do the same with more steps; on a page that costs one read, those steps
were a sixth of its time (docs/performance.md). Values have been through psycopg's adapters before
they come here, and rows go through them afterwards, so their types are the same.
"""

import asyncio
import contextlib
from typing import Any, NamedTuple

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

_BIND = b"bind"
_BIND_SQL = b"SELECT set_config('app.instance_id', $1, true)"
_MOST_PREPARED = 500
_CANCEL_S = 2.0
_GOOD = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC}


class Message(NamedTuple):
    """A query as libpq sends it: ``sql`` with ``$1``, its values with their types and formats."""

    sql: bytes
    values: tuple[Any, ...]
    types: tuple[int, ...]
    formats: tuple[int, ...]


class Pipeline:
    """Sends binding and query together; what stands before a Sync is one transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection
        self._libpq = connection.pgconn
        self._prepared: dict[object, bytes] = {}
        self._results: list[PGresult] = []
        self._answer: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = self._libpq.socket
        self.is_lost = False
        self._libpq.enter_pipeline_mode()
        self._libpq.send_prepare(_BIND, _BIND_SQL)
        self._loop.add_reader(self._socket, self._read_in)

    @property
    def is_worn_out(self) -> bool:
        """Whether so many statements are prepared that a fresh connection is better."""
        return len(self._prepared) > _MOST_PREPARED

    async def read(self, instance_id: str, message: Message) -> PGresult:
        """Rows in binary format, as this instance sees them. Raises ``psycopg.Error``.

        After any exception the connection has to be closed.
        """
        name = self._prepare(message)
        self._libpq.send_query_prepared(_BIND, [instance_id.encode()])
        self._libpq.send_query_prepared(name, message.values, message.formats, Format.BINARY)
        self._libpq.pipeline_sync()
        await self._all_answers()
        return self._results[-2]  # before the Sync

    async def close(self) -> None:
        """Close the connection; a read that is under way is cancelled in PostgreSQL first."""
        self._loop.remove_reader(self._socket)
        if self._answer is not None and not self.is_lost:
            with contextlib.suppress(Exception):
                await self._connection.cancel_safe(timeout=_CANCEL_S)
        await self._connection.close()

    def _prepare(self, message: Message) -> bytes:
        name = self._prepared.get((message.sql, message.types))
        if name is None:
            name = b"read%d" % len(self._prepared)
            self._prepared[message.sql, message.types] = name
            self._libpq.send_prepare(name, message.sql, message.types)
        return name

    async def _all_answers(self) -> None:
        """Wait for everything up to the Sync; raise the first error among it."""
        self._results = []
        self._answer = self._loop.create_future()
        await self._flush()
        await self._answer
        self._answer = None
        for result in self._results:
            if result.status not in _GOOD:
                raise error_from_result(result)

    async def _flush(self) -> None:
        while self._libpq.flush():
            writable = self._loop.create_future()
            self._loop.add_writer(self._socket, writable.set_result, None)
            try:
                await writable
            finally:
                self._loop.remove_writer(self._socket)

    def _read_in(self) -> None:
        """Take in what the socket has; the loop calls this whenever there is something."""
        try:
            self._libpq.consume_input()
            if self._answer is not None and not self._answer.done():
                self._collect(self._answer)
        except OperationalError as error:
            self.is_lost = True
            self._loop.remove_reader(self._socket)
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(error)

    def _collect(self, answer: asyncio.Future[None]) -> None:
        ends = 0
        while ends < 2 and not self._libpq.is_busy():
            result = self._libpq.get_result()
            if result is None:  # the end of one command's results
                ends += 1
                continue
            ends = 0
            self._results.append(result)
            if result.status == ExecStatus.PIPELINE_SYNC:
                answer.set_result(None)
                return
