"""Who works on a run: an advisory lock of PostgreSQL, which ends with the process that had it.

A worker that is thought dead may only be slow. Whatever the queue believes, a run is worked on by
whoever holds it and by nobody else; who loses the connection that holds it has to stop at once.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog

PING_EVERY_S = 3.0
_PING_WITHIN_S = 10.0
_TRY = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"
# A machine that vanished says no good-bye: PostgreSQL has to notice by itself.
_KEEPALIVE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;" + (
    "SET tcp_keepalives_count = 3"
)
_log = structlog.stdlib.get_logger("app.runs")


class Holds:
    """The runs that this process holds, all on one connection."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._connecting = asyncio.Lock()
        self._holders: dict[UUID, asyncio.Task[Any]] = {}
        self._watch: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, run_id: UUID) -> AsyncIterator[bool]:
        """Whether the run is the caller's until the block ends; false if another one has it.

        The caller's task is cancelled if the hold is lost. Raises ``psycopg.Error``.
        """
        holder = asyncio.current_task()
        assert holder is not None  # noqa: S101 - there is one wherever there is an await
        if run_id in self._holders:
            yield False
            return
        self._holders[run_id] = holder
        try:
            connection = await self._connected()
            if not await _ask(connection, _TRY, run_id):
                yield False
                return
            try:
                yield True
            finally:
                with contextlib.suppress(psycopg.Error):
                    await _ask(connection, _RELEASE, run_id)
        finally:
            del self._holders[run_id]

    async def close(self) -> None:
        """Let go of everything."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        async with self._connecting:
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                )
                await self._connection.execute(_KEEPALIVE)
                self._watch = asyncio.create_task(self._watch_over(self._connection))
            return self._connection

    async def _watch_over(self, connection: psycopg.AsyncConnection[Any]) -> None:
        try:
            while True:
                await asyncio.sleep(PING_EVERY_S)
                async with asyncio.timeout(_PING_WITHIN_S):
                    await connection.execute("SELECT 1")
        except (psycopg.Error, OSError, TimeoutError) as error:
            _log.warning("holds lost", kind=type(error).__name__, runs=len(self._holders))
            self._connection = None
            for holder in self._holders.values():
                holder.cancel()
            await connection.close()


async def _ask(connection: psycopg.AsyncConnection[Any], query: Any, run_id: UUID) -> bool:
    found = await (await connection.execute(query, (f"run {run_id}",))).fetchone()
    return bool(found and found[0])
