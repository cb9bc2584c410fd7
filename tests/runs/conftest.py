"""Customers with integrations, and a worker's hands within the test's own process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from procrastinate import App, PsycopgConnector

from app.database import APP_ROLE, Database
from app.house import House
from app.instances.facts import InstanceFacts
from app.runs.holds import Holds
from app.runs.life import start_unchecked
from app.runs.right import RightToRun
from app.runs.slices import FINISHED, Engine, SliceOutcome, Turn
from app.runs.work import Pace, Work
from app.settings import Settings
from sandbox.running import Sandbox
from tests.runs.kit import Customers
from tests.runs.reporting_kit import Reports

Start = Callable[[UUID, UUID], Awaitable[UUID]]


@pytest.fixture
def customers(superuser: psycopg.Connection) -> Customers:
    superuser.execute("UPDATE turn_now SET turn = 0")
    return Customers(superuser)


@pytest.fixture
def reports(
    configured: Sandbox, database: Database, superuser: psycopg.Connection, settings: Settings
) -> Reports:
    """Puts integrations and their runs there, as if they had been."""
    return Reports(database, superuser, settings)


@pytest.fixture
def start(database: Database) -> Start:
    """Start a run as a change in Jira does; its id."""

    async def started(instance_id: UUID, integration_id: UUID) -> UUID:
        async with database.of_instance(instance_id) as session:
            run = await start_unchecked(session, instance_id, integration_id, "jira")
            assert run is not None
            return run.id

    return started


@pytest.fixture
async def app_of_queue(settings: Settings) -> AsyncIterator[App]:
    """procrastinate as a worker's: it can fetch and finish jobs."""

    async def step_down(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(f"SET ROLE {APP_ROLE}")
        await connection.commit()

    connector = PsycopgConnector(
        conninfo=settings.libpq_url, configure=step_down, min_size=1, max_size=2
    )
    await connector.open_async()
    yield App(connector=connector)
    await connector.close_async()


class Engines:
    """An engine whose every slice is what the test says, and which counts them."""

    def __init__(self) -> None:
        self.outcome = FINISHED
        self.turns: list[Turn] = []
        self.meanwhile: Callable[[Turn], Awaitable[None]] | None = None

    async def __call__(self, facts: InstanceFacts, turn: Turn) -> SliceOutcome:
        assert facts.instance_id == turn.instance_id
        self.turns.append(turn)
        if self.meanwhile is not None:
            await self.meanwhile(turn)
        return self.outcome


@pytest.fixture
def engine() -> Engines:
    return Engines()


@pytest.fixture
async def new_work(house: House) -> AsyncIterator[Callable[[Engine], Work]]:
    """Makes the hands of one worker; each holds runs as a process of its own does."""
    opened: list[Holds] = []

    def make(engine: Engine) -> Work:
        opened.append(Holds(house.settings.libpq_url))
        right = RightToRun(house.settings, house.directory, house.licences, house.doors)
        return Work(
            house.database,
            right,
            opened[-1],
            engine,
            pace=Pace(),
            is_leaving=lambda: False,
        )

    yield make
    for holds in opened:
        await holds.close()


@pytest.fixture
def work(new_work: Callable[[Engine], Work], engine: Engines) -> Work:
    return new_work(engine)
