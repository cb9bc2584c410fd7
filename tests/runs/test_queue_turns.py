"""One turn of a run: whether it may go on is asked anew, and nothing is lost whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.house import House
from app.runs.life import locked
from app.runs.right import PAUSED
from app.runs.slices import FINISHED, MORE, Engine, SliceOutcome, Turn, failed, held, wait
from app.runs.work import ASKS_JIRA, AWAY, BROKEN, Work
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from sandbox.seed import GIA
from tests.runs.conftest import Engines, Start
from tests.runs.kit import Customers

Take = Callable[[], Awaitable[None]]
GITLAB = "getint-jira-gitlab"


@pytest.fixture
def instance_id(configured: Sandbox, customers: Customers) -> UUID:
    return customers.instance()


@pytest.fixture
async def run_id(instance_id: UUID, customers: Customers, start: Start) -> UUID:
    """A run of Gia's that waits for its first turn."""
    return await start(instance_id, customers.integration(instance_id))


@pytest.fixture
def turn(work: Work, superuser: psycopg.Connection, instance_id: UUID, run_id: UUID) -> Take:
    """Take the run's job from the queue and do what a worker does with it."""

    async def taken() -> None:
        superuser.execute("DELETE FROM procrastinate_jobs")
        await work.take_turn(instance_id, run_id, 1)

    return taken


@pytest.mark.parametrize(
    ("outcome", "state", "reason", "jobs"),
    [
        (FINISHED, "done", None, (0, 0)),
        (MORE, "running", None, (1, 0)),
        (wait(30, "GitLab asks to wait."), "waiting", "GitLab asks to wait.", (0, 1)),
        (held("The token was revoked."), "held", "The token was revoked.", (0, 1)),
        (failed("The project is gone."), "failed", "The project is gone.", (0, 0)),
    ],
)
async def test_a_slice_ends_as_the_engine_says(
    outcome: SliceOutcome,
    state: str,
    reason: str | None,
    jobs: tuple[int, int],
    turn: Take,
    engine: Engines,
    customers: Customers,
    run_id: UUID,
) -> None:
    engine.outcome = outcome
    await turn()
    run = customers.run(run_id)
    assert (run["state"], run["reason"]) == (state, reason)
    assert (run["finished_at"] is not None) == (state in {"done", "failed"})
    assert run["started_at"] is not None
    assert (len(customers.jobs("work_on_run")), len(customers.jobs("wake_run"))) == jobs


@pytest.fixture
def asked_again(house: House, instance_id: UUID) -> Take:
    """Let what Jira says now count, as a minute later."""

    async def forget() -> None:
        async with house.database.of_instance(instance_id) as session:
            await house.changes.announce(session, instance_id, "standing")
            await house.changes.announce(session, instance_id, "facts")

    return forget


async def test_when_the_licence_ends_the_run_is_held_and_goes_on_when_it_is_back(
    turn: Take,
    engine: Engines,
    customers: Customers,
    configured: Sandbox,
    asked_again: Take,
    superuser: psycopg.Connection,
    run_id: UUID,
    house: House,
) -> None:
    engine.outcome = MORE
    await turn()
    configured.host.set_licence("lapsed")
    superuser.execute("UPDATE installations SET licence_state = 'lapsed'")
    await asked_again()
    await turn()
    run = customers.run(run_id)
    assert run["state"] == "held"
    assert "no active licence" in run["reason"]
    assert len(engine.turns) == 1
    assert len(customers.jobs("wake_run")) == 1
    configured.host.set_licence("paid")
    house.licences._tried_at.clear()  # a minute later
    await turn()  # nobody opened a page: Jira is asked
    assert customers.run(run_id)["state"] == "running"
    assert len(engine.turns) == 2


async def test_when_the_owner_leaves_the_group_the_run_is_held_until_they_are_back(
    turn: Take,
    engine: Engines,
    customers: Customers,
    configured: Sandbox,
    asked_again: Take,
    run_id: UUID,
) -> None:
    configured.site.remove_member(GITLAB, GIA)
    await asked_again()
    await turn()
    run = customers.run(run_id)
    assert run["state"] == "held"
    assert GITLAB in run["reason"]
    assert "You" not in run["reason"]
    assert engine.turns == []
    configured.site.add_member(GITLAB, GIA)
    await asked_again()
    await turn()
    assert customers.run(run_id)["state"] == "done"


async def test_an_owner_who_administers_the_project_needs_no_group(
    turn: Take,
    customers: Customers,
    configured: Sandbox,
    asked_again: Take,
    run_id: UUID,
) -> None:
    configured.site.remove_member(GITLAB, GIA)
    configured.site.set_project_admin("PAY", GIA, admin=True)
    await asked_again()
    await turn()
    assert customers.run(run_id)["state"] == "done"


async def test_while_the_integration_is_paused_its_run_is_held(
    turn: Take, engine: Engines, customers: Customers, superuser: psycopg.Connection, run_id: UUID
) -> None:
    superuser.execute("UPDATE integrations SET state = 'paused'")
    await turn()
    run = customers.run(run_id)
    assert (run["state"], run["reason"]) == ("held", PAUSED)
    superuser.execute("UPDATE integrations SET state = 'active'")
    await turn()
    assert customers.run(run_id)["state"] == "done"
    assert len(engine.turns) == 1


@pytest.mark.parametrize("how", ["uninstall", "disable"])
async def test_where_the_app_is_gone_from_jira_nothing_is_moved_and_nothing_lost(
    how: str,
    turn: Take,
    engine: Engines,
    customers: Customers,
    configured: Sandbox,
    run_id: UUID,
) -> None:
    await getattr(configured.host, how)()
    await turn()
    run = customers.run(run_id)
    assert run["state"] == "held"
    assert "not installed" in run["reason"]
    assert engine.turns == []


async def test_while_jira_can_not_be_asked_the_run_waits(
    turn: Take,
    engine: Engines,
    customers: Customers,
    configured: Sandbox,
    asked_again: Take,
    run_id: UUID,
    house: House,
) -> None:
    await asked_again()
    configured.faults.add(Fault(FaultKind.UNAVAILABLE))
    await turn()
    run = customers.run(run_id)
    assert run["state"] == "waiting"
    assert run["reason"].startswith(ASKS_JIRA)
    assert engine.turns == []
    assert len(customers.jobs("wake_run")) == 1
    configured.faults.clear()
    house.licences._tried_at.clear()  # a minute later
    await asked_again()
    await turn()
    assert customers.run(run_id)["state"] == "done"


async def test_two_workers_are_never_at_one_run(
    new_work: Callable[[Engine], Work], customers: Customers, instance_id: UUID, run_id: UUID
) -> None:
    begun, go_on, slices = asyncio.Event(), asyncio.Event(), 0

    async def slow(_facts: object, _turn: Turn) -> SliceOutcome:
        nonlocal slices
        slices += 1
        begun.set()
        await go_on.wait()
        return FINISHED

    first, second = new_work(slow), new_work(slow)
    working = asyncio.create_task(first.take_turn(instance_id, run_id, 1))
    await asyncio.wait_for(begun.wait(), 10)
    for other in (first, second):
        await other.take_turn(instance_id, run_id, 2)
    assert customers.run(run_id)["state"] == "running"
    go_on.set()
    await working
    assert slices == 1
    assert customers.run(run_id)["state"] == "done"


async def test_who_loses_the_hold_on_a_run_stops_and_another_goes_on(
    new_work: Callable[[Engine], Work],
    customers: Customers,
    instance_id: UUID,
    run_id: UUID,
    superuser: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.runs.holds.PING_EVERY_S", 0.05)
    begun = asyncio.Event()

    async def endless(_facts: object, _turn: Turn) -> SliceOutcome:
        begun.set()
        await asyncio.Event().wait()
        return FINISHED

    async def short(_facts: object, _turn: Turn) -> SliceOutcome:
        return FINISHED

    working = asyncio.create_task(new_work(endless).take_turn(instance_id, run_id, 1))
    await asyncio.wait_for(begun.wait(), 10)
    superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(working, 10)
    assert customers.run(run_id)["state"] == "running"
    await new_work(short).take_turn(instance_id, run_id, 2)
    assert customers.run(run_id)["state"] == "done"


async def test_a_run_cancelled_between_two_slices_ends_at_once(
    house: House,
    work: Work,
    engine: Engines,
    turn: Take,
    customers: Customers,
    superuser: psycopg.Connection,
    instance_id: UUID,
    run_id: UUID,
) -> None:
    engine.outcome = MORE
    await turn()
    superuser.execute("UPDATE runs SET state = 'cancelling' WHERE id = %s", (run_id,))
    await work.wake(instance_id, run_id)
    run = customers.run(run_id)
    assert run["state"] == "cancelled"
    assert run["finished_at"] is not None
    await turn()  # its job was still in the queue
    assert customers.run(run_id)["state"] == "cancelled"
    assert len(engine.turns) == 1


@pytest.mark.parametrize(("asked_for", "then"), [("cancelling", "cancelled"), ("paused", "paused")])
async def test_what_a_person_asks_for_during_a_slice_counts_whatever_the_engine_says(
    asked_for: str,
    then: str,
    house: House,
    work: Work,
    engine: Engines,
    turn: Take,
    customers: Customers,
    run_id: UUID,
) -> None:
    async def meanwhile(turn: Turn) -> None:
        async with house.database.of_instance(turn.instance_id) as session:
            run = await locked(session, turn.run_id)
            assert run is not None
            run.state = asked_for
        await work.wake(turn.instance_id, turn.run_id)  # nobody ends what is being worked on
        assert customers.run(run_id)["state"] == asked_for

    engine.meanwhile, engine.outcome = meanwhile, FINISHED
    await turn()
    assert customers.run(run_id)["state"] == then
    assert customers.jobs("work_on_run") == []


async def test_an_engine_that_breaks_ends_the_run_and_tells_nothing_of_what_it_held(
    turn: Take,
    engine: Engines,
    customers: Customers,
    run_id: UUID,
) -> None:
    async def broken(_turn: Turn) -> None:
        raise ValueError("the salary of Gia is 1234")

    engine.meanwhile = broken
    with capture_logs() as lines:
        await turn()
    run = customers.run(run_id)
    assert (run["state"], run["reason"]) == ("failed", BROKEN)
    (line,) = (line for line in lines if line["event"] == "a slice failed")
    assert line["kind"] == "ValueError"
    assert "1234" not in str(lines)


async def test_a_database_that_goes_away_in_a_slice_costs_nothing_but_time(
    house: House,
    turn: Take,
    engine: Engines,
    customers: Customers,
    superuser: psycopg.Connection,
    run_id: UUID,
) -> None:
    async def cut(turn: Turn) -> None:
        async with house.database.of_instance(turn.instance_id) as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            superuser.execute("SELECT pg_terminate_backend(%s)", (pid,))
            await session.execute(text("SELECT 1"))

    engine.meanwhile = cut
    await turn()
    run = customers.run(run_id)
    assert (run["state"], run["reason"]) == ("waiting", AWAY)
    engine.meanwhile = None
    await turn()
    assert customers.run(run_id)["state"] == "done"


async def test_a_slice_is_told_when_its_time_is_up(
    house: House,
    new_work: Callable[[Engine], Work],
    engine: Engines,
    instance_id: UUID,
    run_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = new_work(engine)
    leaving = False
    has_changed = False
    work._is_leaving = lambda: leaving
    monkeypatch.setattr(house.directory, "is_current", lambda _facts: not has_changed)
    await work.take_turn(instance_id, run_id, 1)
    (turn,) = engine.turns
    assert not turn.is_time_up()
    has_changed = True
    assert turn.is_time_up(), "the owner's right is asked for anew before the next page"
    has_changed, leaving = False, True
    assert turn.is_time_up()
