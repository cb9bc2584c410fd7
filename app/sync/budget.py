"""How much of a tool's host is ours: so many calls at a time, and none while it asks to wait.

Calls at a time are counted in this process; a pause binds the workers of all machines.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import SystemRandom
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.database import Database
from app.sync.models import HostBudget
from app.tools.side import SideBusy

AT_ONCE = 16
LONGEST_WAIT_S = 5.0
LOOKED_UP_EVERY_S = 1.0
FORGOTTEN_AFTER = timedelta(days=1)
_JITTER_S = 0.5
_random = SystemRandom()


class HostBudgets:
    """One for each process. ``sleep`` and ``clock`` are for tests."""

    def __init__(
        self,
        database: Database,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pauses = _Pauses(database)
        self._sleep = sleep
        self._clock = clock
        self._known: WeakValueDictionary[bytes, AccountBudget] = WeakValueDictionary()
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, address: str, account: str) -> "AccountBudget":
        """For one account on the host of ``address``.

        ``account`` is a name of ours, such as the connection's id: tools count by account, and one
        customer who used up theirs must not stop all others on the same host.
        """
        host = urlsplit(address).netloc.lower()
        key = hashlib.sha256(f"{host}\n{account}".encode()).digest()
        found = self._known.get(key)
        if found is None:
            places = self._places.setdefault(host, asyncio.Semaphore(AT_ONCE))
            found = AccountBudget(self._pauses, key, places, self._sleep, self._clock)
            self._known[key] = found
        return found


class _Pauses:
    """The pauses that all workers know of, by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def left_s(self, key: bytes) -> float:
        left = func.extract("epoch", HostBudget.paused_until - func.clock_timestamp())
        async with self._database.housekeeping() as session:
            found = await session.scalar(select(left).where(HostBudget.host == key))
        return max(float(found or 0.0), 0.0)

    async def extend(self, key: bytes, seconds: float) -> None:
        until = func.clock_timestamp() + timedelta(seconds=seconds)
        row = insert(HostBudget).values(host=key, paused_until=until)
        longer = func.greatest(HostBudget.paused_until, row.excluded.paused_until)
        row = row.on_conflict_do_update(index_elements=["host"], set_={"paused_until": longer})
        over = HostBudget.paused_until < func.clock_timestamp() - FORGOTTEN_AFTER
        async with self._database.housekeeping() as session:
            await session.execute(row)
            await session.execute(delete(HostBudget).where(over, HostBudget.host != key))


class AccountBudget:
    """The `Budget` of one account on one host."""

    def __init__(
        self,
        pauses: _Pauses,
        key: bytes,
        places: asyncio.Semaphore,
        sleep: Callable[[float], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._pauses = pauses
        self._key = key
        self._places = places
        self._sleep = sleep
        self._clock = clock
        self._paused_until = 0.0
        self._looked_up_at: float | None = None
        self._looking = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Held while a request is under way. Raises SideBusy where the pause is a long one."""
        while True:
            await self._wait_out_pause()
            async with self._places:
                if await self._left_s() <= 0:  # nobody was told to wait meanwhile
                    yield
                    return

    async def pause(self, seconds: float) -> None:
        """Have all workers leave the host alone for so long; never less than was said before."""
        until = self._clock() + seconds
        if until > self._paused_until:
            self._paused_until = until
            await self._pauses.extend(self._key, seconds)

    async def _wait_out_pause(self) -> None:
        while (left := await self._left_s()) > 0:
            if left > LONGEST_WAIT_S:
                raise SideBusy("The tool asked to wait: too many requests.", left)
            # Not all at the same moment, or the limit is hit again at once.
            await self._sleep(left + _random.uniform(0, _JITTER_S))

    async def _left_s(self) -> float:
        async with self._looking:
            now = self._clock()
            if self._looked_up_at is None or now - self._looked_up_at >= LOOKED_UP_EVERY_S:
                left = await self._pauses.left_s(self._key)
                self._looked_up_at = now
                self._paused_until = max(self._paused_until, now + left if left else 0.0)
        return self._paused_until - self._clock()
