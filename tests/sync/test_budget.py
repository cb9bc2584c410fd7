"""What a tool asks of one worker binds all of them; what one customer used up binds nobody else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
import pytest

from app.database import Database
from app.settings import Settings
from app.sync.budget import AT_ONCE, HostBudgets
from app.tools.side import SideBusy

HOST = "https://gitlab.example.com"


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    yield database
    await database.close()


@pytest.fixture
def account() -> str:
    return str(uuid4())


def worker(database: Database, time: Time | None = None) -> HostBudgets:
    """The budgets of one process."""
    clock = time or Time()
    return HostBudgets(database, sleep=clock.sleep, clock=clock)


async def test_a_pause_that_one_worker_was_told_binds_the_others(
    database: Database, account: str
) -> None:
    await worker(database).of(HOST, account).pause(60)
    with pytest.raises(SideBusy) as busy:
        async with worker(database).of(f"{HOST}/gitlab", account).turn():
            pytest.fail("asked while it was to be left alone")
    assert 50 < busy.value.retry_after_s <= 60


async def test_another_account_and_another_host_are_free(database: Database, account: str) -> None:
    budgets = worker(database)
    await budgets.of(HOST, account).pause(60)
    for address, other in ((HOST, "another"), ("https://gitlab.example.org", account)):
        async with budgets.of(address, other).turn():
            pass


async def test_a_short_pause_is_waited_out(database: Database, account: str) -> None:
    time = Time()
    budget = worker(database, time).of(HOST, account)
    await budget.pause(0.3)
    async with budget.turn():
        assert time.now >= 1000.3
    assert len(time.slept) == 1


async def test_a_shorter_pause_does_not_take_back_a_longer_one(
    database: Database, account: str
) -> None:
    await worker(database).of(HOST, account).pause(60)
    await worker(database).of(HOST, account).pause(1)
    with pytest.raises(SideBusy):
        async with worker(database).of(HOST, account).turn():
            pass


async def test_the_database_is_asked_at_most_once_a_second(
    database: Database, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    budgets = worker(database, time)
    asked = 0
    look_up = budgets._pauses.left_s

    async def counted(key: bytes) -> float:
        nonlocal asked
        asked += 1
        return await look_up(key)

    monkeypatch.setattr(budgets._pauses, "left_s", counted)
    budget = budgets.of(HOST, account)

    async def call() -> None:
        async with budget.turn():
            pass

    await asyncio.gather(*(call() for _ in range(50)))
    assert asked == 1
    time.now += 1.0
    await call()
    assert asked == 2


async def test_so_many_calls_at_a_time_go_to_a_host_whoever_makes_them(
    database: Database, account: str
) -> None:
    budgets = worker(database)
    under_way, most = 0, 0
    go_on = asyncio.Event()
    full = asyncio.Event()

    async def call(number: int) -> None:
        nonlocal under_way, most
        async with budgets.of(HOST, f"{account}-{number % 3}").turn():
            under_way += 1
            most = max(most, under_way)
            if under_way == AT_ONCE:
                full.set()
            await go_on.wait()
            under_way -= 1

    calls = [asyncio.create_task(call(number)) for number in range(3 * AT_ONCE)]
    await full.wait()
    go_on.set()
    await asyncio.gather(*calls)
    assert most == AT_ONCE


async def test_who_waits_for_a_place_is_not_let_through_once_a_pause_was_told(
    database: Database, account: str
) -> None:
    budget = worker(database).of(HOST, account)
    told = asyncio.Event()
    inside = asyncio.Barrier(AT_ONCE + 1)

    async def first() -> None:
        async with budget.turn():
            await inside.wait()
            await told.wait()

    async def late() -> None:
        async with budget.turn():
            pytest.fail("asked while it was to be left alone")

    holding = [asyncio.create_task(first()) for _ in range(AT_ONCE)]
    await inside.wait()
    waiting = asyncio.create_task(late())
    await budget.pause(60)
    told.set()
    await asyncio.gather(*holding)
    with pytest.raises(SideBusy):
        await waiting


async def test_no_customer_is_named_in_the_table(
    database: Database, account: str, superuser: psycopg.Connection
) -> None:
    await worker(database).of(HOST, account).pause(60)
    rows = superuser.execute("SELECT host FROM host_budgets").fetchall()
    assert all(len(host) == 32 and b"gitlab" not in bytes(host) for (host,) in rows)
