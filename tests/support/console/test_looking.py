"""What agents see of a customer, what they do not, and that the customer is told of it."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import event, select

from app.access import Action, Place
from app.integrations.models import Integration
from app.support.console.looking import Looking, NoSuchInstance
from app.support.console.parts import Console
from sandbox.running import Sandbox
from tests.people import Visitor
from tests.runs.reporting_kit import GIA, Reports
from tests.security.test_row_security import fill
from tests.support.console.conftest import NewAgent
from tests.support.console.kit import EMAIL, Operator
from tests.support.kit import Desk

As = Callable[..., Visitor]
WEEK = {"end": "week"}
REVOKE = "/settings/account-access/revoke"
NO_SUCH = "There is no instance that you can see under this ID"


def _looks(superuser: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Account, whether it was let, action, details; oldest first."""
    return superuser.execute(
        "SELECT account, allowed, action, details FROM audit_entries"
        " WHERE door = 'support' AND action NOT LIKE 'support:%' ORDER BY id"
    ).fetchall()


def _without_ids(page: str) -> str:
    """Elements are numbered anew each time."""
    return re.sub(r'"u[0-9a-f]+-\d+"', '"id"', page)


def _connection(reports: Reports) -> UUID:
    connection_id = uuid4()
    reports.superuser.execute(
        "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
        " address, credentials, credentials_changed_at, version) VALUES (%s, %s, %s, 'gitlab', %s,"
        " 'view', 'Acme GitLab', 'https://gitlab.example.com', 'sealed', '2026-03-04', 1)",
        (connection_id, reports.instance_id, reports.workspace_id, GIA),
    )
    return connection_id


async def test_an_agent_finds_an_instance_by_its_id_and_sees_its_configuration(
    agent: NewAgent, approved: UUID, reports: Reports, superuser: psycopg.Connection[Any]
) -> None:
    integration_id, connection_id = reports.integration("Payroll <b>"), _connection(reports)
    superuser.execute("UPDATE integrations SET connection_id = %s", (connection_id,))
    mapping_id = uuid4()
    superuser.execute(
        "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled, jira_type,"
        " tool_type, rules, version) VALUES (%s, %s, %s, 0, true, 'Bug', 'Issue',"
        """ '{"fields": [{"jira": "summary", "tool": "title", "kind": "text"}],"""
        """ "statuses": [{"jira": "Done", "tool": "closed"}]}', 1)""",
        (mapping_id, reports.instance_id, integration_id),
    )
    await reports.run(integration_id)
    sam = await agent()
    found = await sam.open("/", params={"instance": f" {approved} "})
    arrived = await sam.open(found.headers["location"])
    assert "Payroll &lt;b&gt;" in arrived.text
    assert "Acme GitLab" in arrived.text
    assert "Ticket 42" in arrived.text
    here = f"/instances/{approved}/integrations/{integration_id}"
    detail = await sam.get(here)
    assert "Every 15 minutes" in detail.text
    mapping = await sam.get(f"{here}/mappings/{mapping_id}")
    assert all(told in mapping.text for told in ("summary", "title", "Done", "closed"))
    runs = await sam.get(f"/instances/{approved}/runs", params={"state": "done"})
    assert "Not shared" in runs.text


async def test_of_credentials_it_is_said_that_they_are_set_and_since_when(
    agent: NewAgent, approved: UUID, reports: Reports
) -> None:
    _connection(reports)
    page = await (await agent()).get(f"/instances/{approved}/connections")
    assert "Set, last changed 04 Mar 2026" in page.text
    assert "sealed" not in page.text


async def test_every_page_is_in_the_customers_trail_with_agent_and_thing(
    agent: NewAgent,
    approved: UUID,
    reports: Reports,
    operator: Operator,
    as_: As,
    superuser: psycopg.Connection[Any],
) -> None:
    integration_id = reports.integration()
    run = await reports.run(integration_id)
    sam = await agent(name="Sam Support")
    base = f"/instances/{approved}"
    for path in ("", f"/integrations/{integration_id}", "/connections", "/runs", f"/runs/{run.id}"):
        assert (await sam.get(base + path)).status_code == 200
    account = f"agent:{operator.id_of()}"
    assert _looks(superuser) == [
        (account, True, "see an integration and its configuration", {"page": "Integrations"}),
        (account, True, "see an integration and its configuration", {"integration": "Payroll"}),
        (account, True, "see that a connection exists", {"page": "Connections"}),
        (account, True, "see that a run happened, its state and counts", {"page": "Runs"}),
        (
            account,
            True,
            "see that a run happened, its state and counts",
            {"integration": "Payroll"},
        ),
    ]
    told = (await as_("admin").get("/settings/account-access")).text
    assert told.count("Sam Support (support)") == 5
    assert EMAIL not in told


async def test_what_can_not_be_noted_is_not_shown(
    agent: NewAgent, approved: UUID, reports: Reports, superuser: psycopg.Connection[Any]
) -> None:
    reports.integration("Payroll")
    sam = await agent()
    superuser.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    superuser.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON audit_entries EXECUTE FUNCTION refuse()"
    )
    try:
        page = await sam.get(f"/instances/{approved}")
    finally:
        superuser.execute("DROP FUNCTION refuse CASCADE")
    assert page.status_code == 500
    assert "Payroll" not in page.text


async def test_an_instance_that_has_not_approved_looks_like_none(
    agent: NewAgent, reports: Reports, superuser: psycopg.Connection[Any]
) -> None:
    run = await reports.run(reports.integration())
    sam = await agent()
    for path in ("", f"/integrations/{run.id}", "/connections", "/runs", f"/runs/{run.id}/log"):
        real = await sam.get(f"/instances/{reports.instance_id}{path}")
        none = await sam.get(f"/instances/{uuid4()}{path}")
        odd = await sam.get(f"/instances/no-id{path}")
        assert {real.status_code, none.status_code, odd.status_code} == {404}
        assert real.text == none.text == odd.text
        assert NO_SUCH in real.text
        assert real.headers["getint-gone"] == "true"
        names = [name for name in real.headers if name != "x-request-id"]
        assert [real.headers[name] for name in names] == [none.headers[name] for name in names]
    assert _looks(superuser) == []


async def test_as_a_page_too_it_looks_like_none(agent: NewAgent, reports: Reports) -> None:
    sam = await agent()
    pages = []
    for instance_id in (reports.instance_id, uuid4()):
        page = await sam.open(f"/instances/{instance_id}")
        assert page.status_code == 404
        pages.append(page.text.replace(str(instance_id), "ID"))
    assert NO_SUCH in pages[0]
    assert _without_ids(pages[0]) == _without_ids(pages[1])


async def test_the_database_does_the_same_work_for_one_that_has_not_approved_as_for_none(
    agent: NewAgent, reports: Reports, parts: Console
) -> None:
    sam = await agent()
    asked: list[list[str]] = []
    event.listen(
        parts.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: asked[-1].append(statement),
    )
    for instance_id in (reports.instance_id, uuid4()):
        asked.append([])
        await sam.get(f"/instances/{instance_id}")
    assert asked[0] == asked[1]
    assert len(asked[0]) >= 3


async def test_finding_says_nothing_of_what_there_is(agent: NewAgent, reports: Reports) -> None:
    sam = await agent()
    for instance_id in (reports.instance_id, uuid4()):
        answer = await sam.open("/", params={"instance": str(instance_id)})
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/instances/{instance_id}",
        )


async def test_a_grant_of_one_customer_opens_nothing_of_another(
    agent: NewAgent,
    approved: UUID,
    reports: Reports,
    other_site: Sandbox,
    superuser: psycopg.Connection[Any],
) -> None:
    (other_id,) = superuser.execute(
        "SELECT id FROM instances WHERE id <> %s", (approved,)
    ).fetchone() or (None,)
    theirs = fill(superuser, UUID(str(other_id)))
    superuser.execute("DELETE FROM support_grants WHERE instance_id = %s", (other_id,))
    (run_id,) = superuser.execute(
        "SELECT id FROM runs WHERE instance_id = %s", (other_id,)
    ).fetchone() or (None,)
    sam = await agent("other@vendor.example")
    for path in (f"/integrations/{theirs}", f"/runs/{run_id}", f"/runs/{run_id}/log"):
        assert (await sam.get(f"/instances/{approved}{path}")).status_code == 404
        assert (await sam.get(f"/instances/{other_id}{path}")).status_code == 404


async def test_after_revoking_an_open_page_gets_nothing_more(
    agent: NewAgent, approved: UUID, reports: Reports, as_: As
) -> None:
    integration_id = reports.integration()
    sam = await agent()
    assert (await sam.get(f"/instances/{approved}")).status_code == 200
    await as_("admin").post(REVOKE)
    for path in ("", f"/integrations/{integration_id}", "/connections", "/runs"):
        page = await sam.get(f"/instances/{approved}{path}")
        assert (page.status_code, "Payroll" in page.text) == (404, False)


async def test_revoking_in_the_middle_of_a_look_leaves_nothing_to_show(
    agent: NewAgent, approved: UUID, reports: Reports, parts: Console, as_: As
) -> None:
    reports.integration()
    signed_in = await parts.sessions.find((await agent()).token)
    assert signed_in
    for action in (Action.SEE_INTEGRATION, Action.READ_LOG):
        looking = Looking(parts, signed_in, approved, action)
        with pytest.raises(NoSuchInstance):  # noqa: PT012 - the end of the look is what raises
            async with looking.opened() as look:
                assert await look.session.scalar(select(Integration.name)) == "Payroll"
                await as_("admin").post(REVOKE)
                if action is Action.READ_LOG:
                    look.visit.require(Place(approved))
                look.note(page="Integrations")
        await as_("admin").post("/settings/account-access/approve", data=WEEK)


async def test_a_grant_whose_time_has_come_is_worth_nothing_before_any_job_has_run(
    agent: NewAgent, approved: UUID, superuser: psycopg.Connection[Any]
) -> None:
    sam = await agent()
    superuser.execute("UPDATE support_grants SET ends_at = now() + interval '1 hour'")
    assert (await sam.get(f"/instances/{approved}")).status_code == 200
    superuser.execute("UPDATE support_grants SET ends_at = now() - interval '1 ms'")
    assert (await sam.get(f"/instances/{approved}")).status_code == 404


async def test_a_request_for_access_reaches_the_admins_with_the_agents_name(
    agent: NewAgent, reports: Reports, as_: As
) -> None:
    sam = await agent(name="Sam Support")
    form = {"instance": str(reports.instance_id), "ticket": "T-77", "message": "Why it stopped"}
    assert "on its way" in (await sam.post("/requests", data=form)).text
    page = (await as_("admin").get("/settings/account-access")).text
    assert all(told in page for told in ("Sam Support", "T-77", "Why it stopped"))


async def test_a_request_for_nobody_is_accepted_alike(
    agent: NewAgent, reports: Reports, desk: Desk
) -> None:
    sam = await agent()
    texts = set()
    for instance_id in (reports.instance_id, uuid4()):
        form = {"instance": str(instance_id), "ticket": "T-77"}
        answer = await sam.post("/requests", data=form)
        assert answer.status_code == 200
        texts.add(answer.text)
    assert len(texts) == 1
    assert [state for _, state in desk.requests()] == ["asked"]


async def test_a_request_is_the_signed_in_agents_whatever_the_form_says(
    agent: NewAgent, reports: Reports, desk: Desk
) -> None:
    form = {"instance": str(reports.instance_id), "ticket": "T", "agent": str(uuid4())}
    assert (await (await agent()).post("/requests", data=form)).status_code == 422
    assert desk.requests() == []
