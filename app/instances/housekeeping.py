"""What has to be done every hour, by one of many processes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.changes import Changes
from app.database import Database
from app.errors import CannotTell
from app.instances.erasure import erase_departed
from app.instances.licence import utc_now

FIRST_AFTER_S = 60.0
EVERY_S = 3600.0
_log = structlog.stdlib.get_logger("app.housekeeping")


class Housekeeping:
    """A task in the background of each process; a lock in the database lets one of them work."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        *,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round comes soon, for processes that do not live an hour."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """End, between two rounds or within one: its transaction then never was."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def once(self) -> bool:
        """One round, unless another process is at it."""
        async with self._database.housekeeping() as session:
            ours = await session.scalar(
                text("SELECT pg_try_advisory_xact_lock(hashtextextended('housekeeping', 0))")
            )
            if ours:
                await erase_departed(self._database, self._changes, self._clock())
            return bool(ours)

    async def _forever(self) -> None:
        await self._sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.once()
            except (CannotTell, SQLAlchemyError, OSError) as error:
                _log.warning("housekeeping failed", kind=type(error).__name__)
            await self._sleep(EVERY_S)
