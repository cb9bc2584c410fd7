"""Who may start, pause and end runs, and what becomes of a run then."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select

from app.access import Action, Reason, Refused
from app.database import Database
from app.errors import Conflict, NotFound
from app.house import House
from app.identity.visit import Proof, Visit
from app.integrations.models import Integration
from app.runs import life
from app.runs.models import Run
from sandbox.running import Sandbox
from tests.people import ACCOUNTS
from tests.runs.conftest import Start
from tests.runs.kit import Customers

Asked = Callable[..., Awaitable[Run]]


@pytest.fixture
def instance_id(configured: Sandbox, customers: Customers) -> UUID:
    return customers.instance()


@pytest.fixture
def integration_id(instance_id: UUID, customers: Customers) -> UUID:
    return customers.integration(instance_id)


@pytest.fixture
def asked(house: House, configured: Sandbox, instance_id: UUID, integration_id: UUID) -> Asked:
    """``asked("gitlab", life.pause, run_id)``: a person asks for something of the integration."""

    async def ask(
        person: str, what: Callable[..., Awaitable[Run]], *args: Any, of: UUID = integration_id
    ) -> Run:
        facts = await house.directory.find(configured.site.client_key)
        assert facts is not None
        licence = await house.licences.state(facts, None)
        caller = await house.doors.connect.caller_of(facts, ACCOUNTS[person], None, licence)
        visit = Visit(
            caller,
            facts,
            Proof.CONTEXT,
            Action.CHANGE_INTEGRATION,
            licence,
            None,
        )
        async with house.database.of_instance(instance_id) as session:
            integration = (
                await session.scalars(select(Integration).where(Integration.id == of))
            ).one()
            return await what(session, visit, integration, *args)

    return ask


@pytest.fixture
def put_into(superuser: psycopg.Connection) -> Callable[[UUID, str], None]:
    """Put a run into a state, as if all that leads there had happened."""

    def put(run_id: UUID, state: str) -> None:
        superuser.execute("UPDATE runs SET state = %s WHERE id = %s", (state, run_id))
        superuser.execute("DELETE FROM procrastinate_jobs")

    return put


async def test_who_may_change_an_integration_may_run_it_and_nobody_else(
    asked: Asked, customers: Customers, integration_id: UUID
) -> None:
    for person in ("azure", "nobody"):
        with pytest.raises(Refused):
            await asked(person, life.start_by_hand)
    assert customers.runs(integration_id) == []
    run = await asked("gitlab", life.start_by_hand)
    assert customers.runs(integration_id) == [(run.id, "hand")]
    assert len(customers.jobs("work_on_run")) == 1


@pytest.mark.parametrize("what", [life.pause, life.resume, life.cancel, life.retry])
async def test_another_member_of_the_tool_can_not_touch_a_run(
    what: Any, asked: Asked, start: Start, instance_id: UUID, integration_id: UUID
) -> None:
    run_id = await start(instance_id, integration_id)
    with pytest.raises(Refused) as refused:
        await asked("azure", what, run_id)
    assert refused.value.decision.reason is Reason.NOT_OWNER


@pytest.mark.parametrize("what", [life.pause, life.resume, life.cancel, life.retry])
async def test_a_run_of_another_integration_is_not_there(
    what: Any, asked: Asked, start: Start, instance_id: UUID, customers: Customers
) -> None:
    other = customers.integration(instance_id)
    for run_id in (await start(instance_id, other), uuid4()):
        with pytest.raises(NotFound):
            await asked("gitlab", what, run_id)


async def test_a_run_is_not_started_beside_another_and_the_person_is_told(asked: Asked) -> None:
    await asked("gitlab", life.start_by_hand)
    with pytest.raises(Conflict) as told:
        await asked("gitlab", life.start_by_hand)
    assert "open already" in told.value.detail


async def test_a_paused_integration_and_one_without_a_connection_are_not_run(
    asked: Asked, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE integrations SET state = 'paused'")
    with pytest.raises(Conflict, match="can't be run") as told:
        await asked("gitlab", life.start_by_hand)
    assert "paused" in told.value.detail
    superuser.execute("UPDATE integrations SET state = 'active', connection_id = NULL")
    with pytest.raises(Conflict) as told:
        await asked("gitlab", life.start_by_hand)
    assert "no connection" in told.value.detail


# What a person does to a run in a state, and the state it has then; None where that is refused.
MOVES = {
    "waiting": {"pause": "paused", "resume": None, "cancel": "cancelling", "retry": "waiting"},
    "running": {"pause": "paused", "resume": None, "cancel": "cancelling", "retry": None},
    "held": {"pause": "paused", "resume": None, "cancel": "cancelling", "retry": "waiting"},
    "paused": {"pause": None, "resume": "waiting", "cancel": "cancelling", "retry": None},
    "cancelling": {"pause": None, "resume": None, "cancel": "cancelling", "retry": None},
    "done": {"pause": None, "resume": None, "cancel": None, "retry": "waiting"},
    "failed": {"pause": None, "resume": None, "cancel": None, "retry": "waiting"},
    "cancelled": {"pause": None, "resume": None, "cancel": None, "retry": "waiting"},
}


@pytest.mark.parametrize(
    ("state", "move", "then"),
    [(state, move, then) for state, moves in MOVES.items() for move, then in moves.items()],
)
async def test_what_can_be_done_to_a_run_depends_on_its_state(
    state: str,
    move: str,
    then: str | None,
    asked: Asked,
    put_into: Callable[[UUID, str], None],
    start: Start,
    customers: Customers,
    instance_id: UUID,
    integration_id: UUID,
) -> None:
    run_id = await start(instance_id, integration_id)
    put_into(run_id, state)
    if then is None:
        with pytest.raises(Conflict):
            await asked("gitlab", getattr(life, move), run_id)
        assert customers.run(run_id)["state"] == state
        return
    after = await asked("gitlab", getattr(life, move), run_id)
    assert customers.run(after.id)["state"] == then
    assert (after.id == run_id) == (state not in {"done", "failed", "cancelled"})
    goes_on = len(customers.jobs("work_on_run")), len(customers.jobs("wake_run"))
    expected = {"waiting": (1, 0), "paused": (0, 0), "cancelling": (0, state != "cancelling")}
    assert goes_on == expected[then]


async def test_trying_again_after_a_run_makes_the_items_that_failed_due(
    asked: Asked,
    put_into: Callable[[UUID, str], None],
    start: Start,
    superuser: psycopg.Connection,
    instance_id: UUID,
    integration_id: UUID,
) -> None:
    run_id = await start(instance_id, integration_id)
    put_into(run_id, "done")
    for state in ("failed", "linked"):
        superuser.execute(
            "INSERT INTO links (id, instance_id, integration_id, state, jira_key, jira_url,"
            " jira_prints, tool_key, tool_url, tool_prints, attempts) VALUES (gen_random_uuid(),"
            " %s, %s, %s, '', '', '{}', '', '', '{}', 9)",
            (instance_id, integration_id, state),
        )
    await asked("gitlab", life.retry, run_id)
    due = superuser.execute("SELECT state, attempts FROM links WHERE try_again_at <= now()")
    assert due.fetchall() == [("failed", 0)]


async def test_what_people_do_to_runs_is_in_the_trail(
    asked: Asked, superuser: psycopg.Connection, integration_id: UUID
) -> None:
    run = await asked("gitlab", life.start_by_hand)
    await asked("gitlab", life.pause, run.id)
    await asked("admin", life.cancel, run.id)
    noted = superuser.execute(
        "SELECT account, action, thing_kind, thing_id, details->>'run', details->>'integration'"
        " FROM audit_entries WHERE thing_kind = 'run' ORDER BY id"
    ).fetchall()
    assert noted == [
        (
            f"jira:{ACCOUNTS[person]}",
            Action.CHANGE_INTEGRATION.value,
            "run",
            str(run.id),
            what,
            str(integration_id),
        )
        for person, what in (("gitlab", "started"), ("gitlab", "paused"), ("admin", "cancelled"))
    ]


@pytest.mark.parametrize(
    "change",
    [
        "state = 'paused'",
        "kind = 'migration'",
        "connection_id = NULL",
    ],
)
async def test_nothing_starts_by_itself_what_nobody_wants_to_run(
    change: str,
    database: Database,
    superuser: psycopg.Connection,
    instance_id: UUID,
    integration_id: UUID,
) -> None:
    superuser.execute(f"UPDATE integrations SET {change}")  # noqa: S608
    async with database.of_instance(instance_id) as session:
        for trigger in ("schedule", "jira", "tool"):
            assert await life.start_unchecked(session, instance_id, integration_id, trigger) is None


async def test_nothing_starts_by_itself_before_something_is_mapped(
    database: Database,
    superuser: psycopg.Connection,
    instance_id: UUID,
    integration_id: UUID,
) -> None:
    superuser.execute("UPDATE type_mappings SET enabled = false")
    async with database.of_instance(instance_id) as session:
        found = await life.start_unchecked(session, instance_id, integration_id, "schedule")
        assert found is None


async def test_nothing_starts_by_itself_before_its_owner_ran_it_once(
    database: Database,
    superuser: psycopg.Connection,
    instance_id: UUID,
    integration_id: UUID,
) -> None:
    superuser.execute("DELETE FROM runs")
    async with database.of_instance(instance_id) as session:
        for trigger in ("schedule", "jira", "tool"):
            assert await life.start_unchecked(session, instance_id, integration_id, trigger) is None


async def test_a_burst_of_changes_is_one_run(
    database: Database, customers: Customers, instance_id: UUID, integration_id: UUID
) -> None:
    for trigger in ("jira", "tool", "jira"):
        async with database.of_instance(instance_id) as session:
            await life.start_soon(session, instance_id, integration_id, trigger)
    ((args, _, _, _, when),) = customers.jobs("start_run")
    assert args["integration_id"] == str(integration_id)
    assert when is not None


async def test_a_log_is_kept_from_the_end_of_its_run_as_long_as_the_integration_says(
    database: Database,
    start: Start,
    superuser: psycopg.Connection,
    customers: Customers,
    instance_id: UUID,
    integration_id: UUID,
) -> None:
    superuser.execute("UPDATE integrations SET keep_logs_days = 3")
    run_id = await start(instance_id, integration_id)
    superuser.execute("UPDATE runs SET wrapped_key = 'k', log_expires_at = now()")
    async with database.of_instance(instance_id) as session:
        run = await life.locked(session, run_id)
        assert run is not None
        await life.finish_unchecked(session, run, "done")
    ended = customers.run(run_id)
    assert (ended["log_expires_at"] - ended["finished_at"]).days == 3
