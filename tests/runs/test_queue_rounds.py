"""What workers do again and again: start what is due, rescue, forget, and nothing beside it."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from procrastinate import App
from sqlalchemy import delete, select, update

from app.database import Database
from app.house import House
from app.instances.models import Installation
from app.integrations.models import Integration
from app.runs.models import LogChunk, Run, Schedule
from app.runs.rounds import destroy_expired_logs, refresh_licences, rescue, start_due
from app.settings import Settings
from sandbox.running import Sandbox
from tests.conftest import ROOT
from tests.runs.conftest import Start
from tests.runs.kit import Customers

LOST_AFTER_S = 5


@pytest.fixture
def instance_id(configured: Sandbox, customers: Customers) -> UUID:
    return customers.instance()


@pytest.fixture
def due(superuser: psycopg.Connection) -> Any:
    """Let some time pass for all schedules."""

    def later(minutes: int) -> None:
        superuser.execute(
            "UPDATE schedules SET due_at = due_at - %s", (timedelta(minutes=minutes),)
        )

    return later


def minutes_to_go(superuser: psycopg.Connection) -> list[float]:
    rows = superuser.execute("SELECT extract(epoch FROM due_at - now())/60 FROM schedules")
    return [float(minutes) for (minutes,) in rows.fetchall()]


async def test_an_integration_is_started_when_it_is_due_and_then_in_its_interval(
    database: Database,
    customers: Customers,
    instance_id: UUID,
    due: Any,
    superuser: psycopg.Connection,
) -> None:
    integration_id = customers.integration(instance_id, every_minutes=30)
    assert all(0 < minutes < 1 for minutes in minutes_to_go(superuser))
    due(1)
    assert await start_due(database) == 1
    ((run_id, trigger),) = customers.runs(integration_id)
    assert trigger == "schedule"
    assert len(customers.jobs("work_on_run")) == 1
    assert all(28 < minutes < 32 for minutes in minutes_to_go(superuser))
    assert await start_due(database) == 0
    due(32)
    assert await start_due(database) == 0  # the first one is open still
    assert customers.runs(integration_id) == [(run_id, trigger)]
    superuser.execute("UPDATE runs SET state = 'done'")
    due(32)
    assert await start_due(database) == 1


async def test_many_that_began_together_do_not_stay_together(
    database: Database,
    customers: Customers,
    instance_id: UUID,
    due: Any,
    superuser: psycopg.Connection,
) -> None:
    for _ in range(20):
        customers.integration(instance_id, every_minutes=600)
    due(1)
    assert await start_due(database) == 20
    to_go = minutes_to_go(superuser)
    assert max(to_go) - min(to_go) > 20
    assert all(565 < minutes < 635 for minutes in to_go)


async def test_two_workers_that_look_at_the_same_time_start_one_run(
    database: Database, customers: Customers, instance_id: UUID, due: Any
) -> None:
    integration_id = customers.integration(instance_id, every_minutes=15)
    due(1)
    assert sum(await asyncio.gather(*(start_due(database) for _ in range(4)))) == 1
    assert len(customers.runs(integration_id)) == 1


@pytest.mark.parametrize(
    "columns", [{"every_minutes": 0}, {"state": "paused"}, {"kind": "migration"}]
)
async def test_what_is_not_to_be_started_by_itself_has_no_schedule(
    columns: dict[str, Any],
    customers: Customers,
    instance_id: UUID,
    superuser: psycopg.Connection,
) -> None:
    customers.integration(instance_id, **{"every_minutes": 15, **columns})
    assert minutes_to_go(superuser) == []


async def test_the_schedule_follows_what_an_owner_changes(
    database: Database,
    customers: Customers,
    instance_id: UUID,
    superuser: psycopg.Connection,
) -> None:
    customers.integration(instance_id, every_minutes=10_000)
    superuser.execute("UPDATE schedules SET due_at = now() + interval '5000 minutes'")

    async def change(**columns: Any) -> None:
        async with database.of_instance(instance_id) as session:
            integration = (await session.scalars(select(Integration))).one()
            for name, value in columns.items():
                setattr(integration, name, value)

    await change(name="another name")
    assert minutes_to_go(superuser)[0] > 4_000
    await change(every_minutes=10)
    assert minutes_to_go(superuser)[0] <= 10
    await change(state="paused")
    assert minutes_to_go(superuser) == []
    await change(state="active")
    assert minutes_to_go(superuser)[0] <= 1
    await change(connection_id=None)
    assert minutes_to_go(superuser) == []


async def test_after_an_uninstall_nothing_is_started(
    database: Database,
    customers: Customers,
    instance_id: UUID,
    due: Any,
    superuser: psycopg.Connection,
) -> None:
    customers.integration(instance_id, every_minutes=15)
    due(1)
    superuser.execute("UPDATE installations SET uninstalled_at = now()")
    assert await start_due(database) == 0


async def test_housekeeping_sees_what_it_needs_and_changes_nothing(
    database: Database,
    customers: Customers,
    instance_id: UUID,
    start: Start,
    superuser: psycopg.Connection,
) -> None:
    async with database.housekeeping() as session:
        for model in (Run, Schedule, Integration, LogChunk):
            assert (await session.scalars(select(model))).all() == []
    integration_id = customers.integration(instance_id, every_minutes=15)
    run_id = await start(instance_id, integration_id)
    async with database.housekeeping() as session:
        assert list(await session.scalars(select(Run.id))) == [run_id]
        assert list(await session.scalars(select(Schedule.integration_id))) == [integration_id]
        assert (await session.scalars(select(Integration))).all() == []
        changed = await session.scalars(update(Run).values(state="done").returning(Run.id))
        assert changed.all() == []
        changed = await session.scalars(delete(Schedule).returning(Schedule.integration_id))
        assert changed.all() == []
    for hidden in ("paused", "done", "failed", "cancelled"):
        superuser.execute("UPDATE runs SET state = %s WHERE id = %s", (hidden, run_id))
        async with database.housekeeping() as session:
            assert (await session.scalars(select(Run.id))).all() == []


async def test_an_expired_log_loses_its_key_and_its_lines_and_others_keep_theirs(
    database: Database,
    customers: Customers,
    instance_id: UUID,
    start: Start,
    superuser: psycopg.Connection,
) -> None:
    runs = {}
    for name in ("expired", "kept", "open"):
        runs[name] = await start(instance_id, customers.integration(instance_id))
        superuser.execute(
            "UPDATE runs SET wrapped_key = 'key', log_expires_at = now() + %s, state = %s,"
            " finished_at = %s WHERE id = %s",
            (
                timedelta(hours=1 if name == "kept" else -1),
                "running" if name == "open" else "done",
                None if name == "open" else "now",
                runs[name],
            ),
        )
        superuser.execute(
            "INSERT INTO log_chunks (instance_id, run_id, number, lines, sealed)"
            " VALUES (%s, %s, 0, 1, 'lines')",
            (instance_id, runs[name]),
        )
    assert await destroy_expired_logs(database) == 1
    assert customers.run(runs["expired"])["wrapped_key"] is None
    assert customers.run(runs["kept"])["wrapped_key"] is not None
    assert customers.run(runs["open"])["wrapped_key"] is not None
    left = superuser.execute("SELECT run_id FROM log_chunks").fetchall()
    assert sorted(left) == sorted([(runs["kept"],), (runs["open"],)])


async def test_licences_are_asked_for_once_an_hour_also_when_nobody_opens_a_page(
    house: House, configured: Sandbox, customers: Customers, superuser: psycopg.Connection
) -> None:
    async def learnt() -> str | None:
        async with house.database.of_instance(customers.instance()) as session:
            return await session.scalar(select(Installation.licence_state))

    async def refreshed() -> int:
        return await refresh_licences(house.database, house.directory, house.licences)

    assert await refreshed() == 1
    assert await learnt() == "evaluation"
    configured.host.set_licence("paid")
    assert await refreshed() == 0
    superuser.execute("UPDATE installations SET licence_learnt_at = now() - interval '61 minutes'")
    assert await refreshed() == 1
    assert await learnt() == "active"
    superuser.execute(
        "UPDATE installations SET licence_learnt_at = now() - interval '1 day',"
        " uninstalled_at = now()"
    )
    assert await refreshed() == 0


async def test_the_run_of_a_worker_that_fell_silent_is_queued_again_and_of_others_not(
    database: Database,
    customers: Customers,
    start: Start,
    app_of_queue: App,
    superuser: psycopg.Connection,
) -> None:
    manager = app_of_queue.job_manager
    runs, workers = {}, {}
    for name in ("silent", "alive"):
        instance_id = customers.another()
        runs[name] = await start(instance_id, customers.integration(instance_id))
        workers[name] = await manager.register_worker()
        assert await manager.fetch_job(["runs"], workers[name]) is not None
    superuser.execute(
        "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '6 s' WHERE id = %s",
        (workers["silent"],),
    )
    assert await rescue(app_of_queue, database, LOST_AFTER_S) == 1
    jobs = {UUID(args["run_id"]): status for args, _, _, status, _ in customers.jobs("work_on_run")}
    assert jobs == {runs["silent"]: "todo", runs["alive"]: "doing"}
    assert await rescue(app_of_queue, database, LOST_AFTER_S) == 0


@pytest.mark.parametrize(
    ("state", "jobs"),
    [
        ("waiting", (1, 0)),
        ("running", (1, 0)),
        ("held", (1, 0)),
        ("cancelling", (0, 1)),
        ("paused", (0, 0)),
        ("done", (0, 0)),
    ],
)
async def test_a_run_that_nobody_would_come_back_to_is_found(
    state: str,
    jobs: tuple[int, int],
    database: Database,
    customers: Customers,
    instance_id: UUID,
    start: Start,
    app_of_queue: App,
    superuser: psycopg.Connection,
) -> None:
    run_id = await start(instance_id, customers.integration(instance_id))
    superuser.execute("UPDATE runs SET state = %s WHERE id = %s", (state, run_id))
    superuser.execute("DELETE FROM procrastinate_jobs")
    await rescue(app_of_queue, database, LOST_AFTER_S)
    assert (len(customers.jobs("work_on_run")), len(customers.jobs("wake_run"))) == jobs


def test_integrations_that_were_there_before_the_queue_get_a_schedule(
    migrated_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command
    from alembic.config import Config

    with psycopg.connect(migrated_url, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS earlier")
        server.execute("CREATE DATABASE earlier")
    url = urlsplit(settings.libpq_url)._replace(path="/earlier").geturl()
    for name, value in {
        "APP_ENV": "development",
        "APP_BASE_URL": settings.app_base_url,
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
    }.items():
        monkeypatch.setenv(name, value)
    command.upgrade(Config(ROOT / "alembic.ini"), "0002")
    with psycopg.connect(url, autocommit=True) as superuser:
        # A column of then, which runs of today do without.
        superuser.execute("ALTER TABLE runs ALTER shared_with_support SET DEFAULT false")
        customers = Customers(superuser)
        customers.integration(customers.another(), every_minutes=15)
        customers.integration(customers.another(), every_minutes=0)
        command.upgrade(Config(ROOT / "alembic.ini"), "head")
        assert all(0 < minutes < 15 for minutes in minutes_to_go(superuser))
        assert len(minutes_to_go(superuser)) == 1
        forced = superuser.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'integrations'"
        )
        assert forced.fetchone() == (True,)
