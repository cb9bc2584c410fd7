"""Jobs are there exactly if the run is, say nothing but ids, and customers take turns."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from procrastinate import App
from procrastinate.jobs import Status

from app.database import APP_ROLE, Database
from app.runs.life import locked, start_unchecked
from app.runs.queue import RUNS, depth, put, put_later, serve
from tests.runs.conftest import Start
from tests.runs.kit import Customers


class Workers:
    """Workers that fetch slices and put them back, as many at once as they are told."""

    def __init__(self, app: App, database: Database) -> None:
        self.app = app
        self.database = database
        self.served: list[UUID] = []

    async def fetch(self, worker_id: int) -> Any:
        return await self.app.job_manager.fetch_job([RUNS], worker_id)

    async def serve(self, slices: int, *, meanwhile: Callable[[int], Any] | None = None) -> None:
        worker_id = await self.app.job_manager.register_worker()
        for number in range(slices):
            if meanwhile is not None:
                await meanwhile(number)
            job = await self.fetch(worker_id)
            assert job is not None
            instance_id = UUID(job.task_kwargs["instance_id"])
            self.served.append(instance_id)
            async with self.database.of_instance(instance_id) as session:
                await serve(session, -job.priority)
                run = await locked(session, UUID(job.task_kwargs["run_id"]))
                assert run is not None
                await put(session, run)
            await self.app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=True)


@pytest.fixture
def workers(app_of_queue: App, database: Database) -> Workers:
    return Workers(app_of_queue, database)


async def test_a_run_is_queued_in_the_transaction_that_creates_it(
    database: Database, customers: Customers
) -> None:
    instance_id = customers.another()
    integration_id = customers.integration(instance_id)
    async with database.of_instance(instance_id) as session:
        run = await start_unchecked(session, instance_id, integration_id, "jira")
        assert run is not None
        assert customers.jobs("work_on_run") == []
    assert len(customers.jobs("work_on_run")) == 1
    assert customers.runs(integration_id) == [(run.id, "jira")]


async def test_when_that_transaction_is_undone_there_is_no_run_and_no_job(
    database: Database, customers: Customers
) -> None:
    instance_id = customers.another()
    integration_id = customers.integration(instance_id)

    async def undone() -> None:
        async with database.of_instance(instance_id) as session:
            assert await start_unchecked(session, instance_id, integration_id, "jira")
            raise LookupError

    with pytest.raises(LookupError):
        await undone()
    assert customers.jobs("work_on_run") == []
    assert customers.runs(integration_id) == []


async def test_a_job_holds_ids_and_nothing_else(customers: Customers, start: Start) -> None:
    instance_id = customers.another()
    run_id = await start(instance_id, customers.integration(instance_id, jql="summary ~ hush"))
    ((args, *_rest),) = customers.jobs("work_on_run")
    assert args == {"instance_id": str(instance_id), "run_id": str(run_id)}


async def test_a_run_that_is_put_again_still_waits_once_also_by_two_at_a_time(
    database: Database, customers: Customers, start: Start
) -> None:
    instance_id = customers.another()
    run_id = await start(instance_id, customers.integration(instance_id))

    async def again() -> None:
        async with database.of_instance(instance_id) as session:
            run = await locked(session, run_id)
            assert run is not None
            await put(session, run)
            await put_later(session, run, 60)

    await asyncio.gather(*(again() for _ in range(5)))
    assert len(customers.jobs("work_on_run")) == 1
    assert len(customers.jobs("wake_run")) == 1


async def test_only_one_run_of_an_integration_is_open(
    database: Database, customers: Customers
) -> None:
    instance_id = customers.another()
    integration_id = customers.integration(instance_id)

    async def begin() -> bool:
        async with database.of_instance(instance_id) as session:
            run = await start_unchecked(session, instance_id, integration_id, "jira")
            return run is not None

    assert sorted(await asyncio.gather(*(begin() for _ in range(5)))) == [*[False] * 4, True]
    assert len(customers.runs(integration_id)) == 1
    # And the changes that the others announced are looked for after it, once.
    assert len(customers.jobs("start_run")) == 1


async def test_one_with_ten_is_served_at_once_beside_one_with_a_hundred(
    customers: Customers, start: Start, workers: Workers
) -> None:
    many, few = customers.another(), customers.another()
    for _ in range(30):
        await start(many, customers.integration(many))
    await workers.serve(20)

    async def comes_late(number: int) -> None:
        if number == 0:
            await start(few, customers.integration(few))

    workers.served.clear()
    await workers.serve(20, meanwhile=comes_late)
    assert few in workers.served[:2]
    # And from then on they alternate, though one has thirty waiting and the other one.
    assert Counter(workers.served)[few] == pytest.approx(10, abs=1)


async def test_who_slept_long_is_served_soon_and_does_not_take_what_they_missed(
    database: Database, customers: Customers, start: Start, workers: Workers
) -> None:
    busy, sleeper = customers.another(), customers.another()
    await start(sleeper, customers.integration(sleeper))
    for _ in range(3):
        await start(busy, customers.integration(busy))
    async with database.of_instance(sleeper) as session:
        await serve(session, 1000)  # a thousand turns went by while it waited
    await workers.serve(20)
    assert sleeper in workers.served[:2]
    assert Counter(workers.served)[sleeper] <= 12


async def test_at_most_three_slices_of_a_customer_are_worked_on_at_a_time(
    customers: Customers, start: Start, workers: Workers
) -> None:
    many, few = customers.another(), customers.another()
    for _ in range(20):
        await start(many, customers.integration(many))
    await start(few, customers.integration(few))
    worker_id = await workers.app.job_manager.register_worker()
    taken = []
    while (job := await workers.fetch(worker_id)) is not None:
        taken.append(job.task_kwargs["instance_id"])
    assert 1 <= taken.count(str(many)) <= 3
    assert taken.count(str(few)) == 1


async def test_a_run_that_sleeps_stands_in_nobodys_way(
    database: Database, customers: Customers, start: Start, workers: Workers
) -> None:
    instance_id = customers.another()
    asleep = await start(instance_id, customers.integration(instance_id))
    worker_id = await workers.app.job_manager.register_worker()
    job = await workers.fetch(worker_id)
    async with database.of_instance(instance_id) as session:
        run = await locked(session, asleep)
        assert run is not None
        await put_later(session, run, 3600)
    await workers.app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=True)
    others = {await start(instance_id, customers.integration(instance_id)) for _ in range(5)}
    await workers.serve(10)
    assert len(workers.served) == 10
    assert str(asleep) not in {args["run_id"] for args, *_ in customers.jobs("work_on_run")}
    assert len(others) == 5


async def test_the_depth_of_the_queue_can_be_watched(
    database: Database, customers: Customers, start: Start, workers: Workers
) -> None:
    instance_id = customers.another()
    for _ in range(4):
        run_id = await start(instance_id, customers.integration(instance_id))
    await workers.fetch(await workers.app.job_manager.register_worker())
    async with database.of_instance(instance_id) as session:
        run = await locked(session, run_id)
        assert run is not None
        await put_later(session, run, 60)
    async with database.housekeeping() as session:
        now = await depth(session)
    assert (now.waiting, now.worked_on, now.sleeping) == (3, 1, 1)
    assert 0 < now.oldest_s < 60


def test_procrastinates_tables_belong_to_the_ordinary_role(
    customers: Customers, superuser: psycopg.Connection
) -> None:
    owners = superuser.execute(
        "SELECT DISTINCT tableowner FROM pg_tables"
        " WHERE tablename LIKE 'procrastinate%' OR tablename IN ('turn_now', 'schedules')"
    ).fetchall()
    assert owners == [(APP_ROLE,)]
