"""Workers as processes of their own: killed, told to leave, cut off, and many at a time."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from app.house import House
from app.settings import Settings
from tests.instances.kit import event, fresh_token
from tests.people import ACCOUNTS
from tests.runs.conftest import Start
from tests.runs.kit import Customers, until
from tests.runs.worker_process import main
from tests.servers import free_port
from tests.town import Town

TOKEN = "the operator's own"
New = Callable[..., BaseProcess]
# Forked from a process that has read the program already, which else takes most of the time.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.runs.worker_process"])


@pytest.fixture
def pages(superuser: psycopg.Connection) -> Iterator["Pages"]:
    superuser.execute(
        "CREATE TABLE test_pages (id serial, run_id uuid, instance_id uuid, page int, pid int,"
        " began_at timestamptz DEFAULT clock_timestamp(), ended_at timestamptz)"
    )
    yield Pages(superuser)
    superuser.execute("DROP TABLE test_pages")


class Pages:
    """What all workers did, in the order in which it was begun."""

    def __init__(self, superuser: psycopg.Connection) -> None:
        self._superuser = superuser

    def of(self, run_id: UUID) -> list[tuple[int, int]]:
        """Page and worker."""
        return self._superuser.execute(
            "SELECT page, pid FROM test_pages WHERE run_id = %s ORDER BY id", (run_id,)
        ).fetchall()

    def instances(self) -> list[UUID]:
        """Whose page it was."""
        rows = self._superuser.execute("SELECT instance_id FROM test_pages ORDER BY id").fetchall()
        return [instance_id for (instance_id,) in rows]

    def overlaps(self) -> int:
        """How often two pages of one run were worked on at the same time."""
        row = self._superuser.execute(
            "SELECT count(*) FROM test_pages a JOIN test_pages b ON a.run_id = b.run_id"
            " AND a.id < b.id AND b.began_at < coalesce(a.ended_at, a.began_at)"
        ).fetchone()
        assert row is not None
        found: int = row[0]
        return found


@pytest.fixture
def new_worker(settings: Settings, set_up_town: Town, tmp_path: Path) -> Iterator[New]:
    """Starts workers; whatever is left of them ends with the test."""
    started: list[BaseProcess] = []
    environment = {
        "APP_ENV": "development",
        "APP_BASE_URL": set_up_town.app_url,
        "DATABASE_URL": settings.libpq_url,
        "ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
        "CONNECT_INSTALL_KEYS_URL": f"{set_up_town.jira_url}/install-keys",
        "WORKER_LOST_AFTER_S": "3",
    }

    def start(slice_s: float = 20.0, **more: str) -> BaseProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        process = _FORKS.Process(target=main, args=(slice_s, environment | more, log))
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join(10)
    for log in sorted(tmp_path.glob("worker-*.log")):
        print(log.read_text())  # noqa: T201 - shown where a test failed


@pytest.fixture
def instance_id(set_up_town: Town, customers: Customers) -> UUID:
    return customers.instance()


@pytest.fixture
async def second_instance(
    set_up_town: Town, instance_id: UUID, house: House, superuser: psycopg.Connection
) -> UUID:
    """Another customer, whose Jira is the same program under another name."""
    addon = set_up_town.sandbox.host.addon
    installed = event(
        "installed",
        clientKey=str(uuid4()),
        baseUrl=set_up_town.jira_url.replace("localhost", "127.0.0.1"),
        sharedSecret=addon.shared_secret,
    )
    await house.lifecycle.apply(installed, fresh_token())
    superuser.execute("UPDATE instances SET configured_at = now()")
    row = superuser.execute("SELECT id FROM instances WHERE id <> %s", (instance_id,)).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


def ended(customers: Customers, run_id: UUID) -> bool:
    state: str = customers.run(run_id)["state"]
    assert state not in {"failed", "cancelled", "held"}, customers.run(run_id)
    return state == "done"


async def test_a_killed_workers_run_goes_on_with_another_where_it_stopped(
    new_worker: New, pages: Pages, customers: Customers, start: Start, instance_id: UUID
) -> None:
    run_id = await start(instance_id, customers.integration(instance_id, jql="60"))
    first = new_worker()
    until(lambda: len(pages.of(run_id)) > 5)
    first.kill()
    first.join(10)
    done_by_first = len(pages.of(run_id))
    second = new_worker()
    until(lambda: ended(customers, run_id))
    moved = pages.of(run_id)
    assert sorted({page for page, _ in moved}) == list(range(60))
    assert {pid for _, pid in moved[done_by_first:]} == {second.pid}
    # Only the page that was cut off was begun twice.
    assert len(moved) <= 61
    assert pages.overlaps() == 0


async def test_a_worker_told_to_leave_ends_its_page_and_loses_nothing(
    new_worker: New, pages: Pages, customers: Customers, start: Start, instance_id: UUID
) -> None:
    run_id = await start(instance_id, customers.integration(instance_id, jql="60"))
    first = new_worker()
    until(lambda: len(pages.of(run_id)) > 5)
    first.terminate()
    first.join(10)
    assert first.exitcode == 0
    done_by_first = len(pages.of(run_id))
    assert done_by_first < 60
    assert customers.run(run_id)["created"] == done_by_first
    assert [status for *_, status, _ in customers.jobs("work_on_run")] == ["todo"]
    new_worker()
    until(lambda: ended(customers, run_id))
    assert [page for page, _ in pages.of(run_id)] == list(range(60))


async def test_many_runs_on_two_workers_are_each_done_once_and_never_by_both_at_once(
    new_worker: New, pages: Pages, customers: Customers, start: Start, instance_id: UUID
) -> None:
    runs = [
        await start(instance_id, customers.integration(instance_id, jql="6")) for _ in range(12)
    ]
    workers = [new_worker(0.1), new_worker(0.1)]
    until(lambda: all(ended(customers, run_id) for run_id in runs))
    for run_id in runs:
        assert [page for page, _ in pages.of(run_id)] == list(range(6))
    assert {pid for run_id in runs for _, pid in pages.of(run_id)} == {
        worker.pid for worker in workers
    }
    assert pages.overlaps() == 0


async def test_ten_items_do_not_wait_for_a_hundred_thousand(
    new_worker: New,
    pages: Pages,
    customers: Customers,
    start: Start,
    instance_id: UUID,
    second_instance: UUID,
) -> None:
    for _ in range(8):
        await start(instance_id, customers.integration(instance_id, jql="100000"))
    new_worker(0.1, WORKER_SLICES="1")
    until(lambda: len(pages.instances()) > 10)
    run_id = await start(second_instance, customers.integration(second_instance, jql="10"))
    before = len(pages.instances())
    until(lambda: ended(customers, run_id))
    meanwhile = Counter(pages.instances()[before:])
    assert meanwhile[second_instance] == 10
    # They alternate: it had about every second slice, though eight others were before it.
    assert meanwhile[instance_id] <= 3 * 10


async def test_workers_get_over_a_database_that_drops_everybody(
    new_worker: New,
    pages: Pages,
    customers: Customers,
    start: Start,
    instance_id: UUID,
    superuser: psycopg.Connection,
) -> None:
    run_id = await start(instance_id, customers.integration(instance_id, jql="80"))
    worker = new_worker()
    for so_far in (5, 20):
        until(lambda seen=so_far: len(pages.of(run_id)) > seen, 60)  # type: ignore[misc]
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    until(lambda: ended(customers, run_id))
    assert worker.is_alive()
    assert sorted({page for page, _ in pages.of(run_id)}) == list(range(80))
    assert pages.overlaps() == 0


async def test_a_schedule_is_kept_by_workers_alone(
    new_worker: New,
    pages: Pages,
    customers: Customers,
    instance_id: UUID,
    superuser: psycopg.Connection,
) -> None:
    integration_id = customers.integration(instance_id, jql="2", every_minutes=15)
    superuser.execute("UPDATE schedules SET due_at = now()")
    new_worker()
    new_worker()
    until(lambda: customers.runs(integration_id))
    ((run_id, trigger),) = customers.runs(integration_id)
    assert trigger == "schedule"
    until(lambda: ended(customers, run_id))


async def test_a_held_run_goes_on_by_itself_when_the_owner_is_back_in_the_group(
    new_worker: New,
    pages: Pages,
    customers: Customers,
    start: Start,
    instance_id: UUID,
    set_up_town: Town,
    superuser: psycopg.Connection,
) -> None:
    gia = {"group": "getint-jira-gitlab", "accountId": ACCOUNTS["gitlab"]}
    set_up_town.control("POST", "/members", {**gia, "member": False})
    run_id = await start(instance_id, customers.integration(instance_id, jql="2"))
    new_worker()
    until(lambda: customers.run(run_id)["state"] == "held")
    set_up_town.control("POST", "/members", {**gia, "member": True})
    superuser.execute("SELECT pg_notify('getint_changes', 'standing ' || id) FROM instances")
    until(lambda: customers.run(run_id)["state"] == "done")


def test_a_worker_can_be_watched(new_worker: New, pages: Pages) -> None:
    port = free_port()
    new_worker(WORKER_PORT=str(port), METRICS_TOKEN=TOKEN)

    def answer(path: str, **headers: str) -> Any:
        try:
            return httpx.get(f"http://localhost:{port}{path}", headers=headers, timeout=5)
        except httpx.HTTPError:
            return None

    until(lambda: (found := answer("/health/ready")) and found.status_code == 200)
    assert answer("/metrics").status_code == 404
    shown = answer("/metrics", Authorization=f"Bearer {TOKEN}").text
    assert "getint_queue_waiting 0.0" in shown
    assert "getint_queue_oldest_seconds 0.0" in shown
    assert "getint_slices_total" in shown
