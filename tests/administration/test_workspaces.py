"""Workspaces: made, renamed, archived, restored, and integrations that move between them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from app.administration.workspaces import create_workspace
from app.errors import InvalidInput
from app.house import House
from app.instances.facts import InstanceFacts
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from tests.administration.kit import WORKSPACES, Office, visit_of
from tests.integrations.kit import OPS, PAY, words
from tests.people import Visitor

As = Callable[..., Visitor]
DEFAULT = "Default workspace"


@dataclass(frozen=True)
class Shelf:
    """Integrations in workspaces, written straight into the database."""

    superuser: psycopg.Connection[Any]
    instance_id: UUID

    def connection(self, workspace: UUID, owner: str = "jira:x") -> UUID:
        its = uuid4()
        self.superuser.execute(
            "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
            " address, credentials, credentials_changed_at, version) VALUES (%s, %s, %s, 'gitlab',"
            " %s, 'view', 'Our GitLab', 'https://x', '', now(), 1)",
            (its, self.instance_id, workspace, owner),
        )
        return its

    def integration(self, workspace: UUID, name: str = "Payroll", **columns: Any) -> UUID:
        integration_id = uuid4()
        its = {
            "id": integration_id,
            "instance": self.instance_id,
            "workspace": workspace,
            "name": name,
            "kind": "integration",
            "state": "paused",
            "owner": "jira:x",
            "connection": None,
            **columns,
        }
        self.superuser.execute(
            "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
            " connection_id, project_id, project_key, direction, jql, state, owner, version) VALUES"
            " (%(id)s, %(instance)s, %(workspace)s, %(kind)s, %(name)s, 'gitlab', 'a/b',"
            " %(connection)s, '10001', 'PAY', 'both', '', %(state)s, %(owner)s, 1)",
            its,
        )
        return integration_id

    def run(self, integration_id: UUID, state: str) -> None:
        self.superuser.execute(
            "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created,"
            " updated, skipped, failed) VALUES (gen_random_uuid(), %s, %s, 'hand', %s, '{}', 0, 0,"
            " 0, 0)",
            (self.instance_id, integration_id, state),
        )

    def where(self, thing_id: UUID) -> UUID:
        """The workspace of an integration or connection."""
        row = self.superuser.execute(
            "SELECT workspace_id FROM integrations WHERE id = %(id)s UNION ALL"
            " SELECT workspace_id FROM connections WHERE id = %(id)s",
            {"id": thing_id},
        ).fetchone()
        assert row
        found: UUID = row[0]
        return found


@pytest.fixture
def shelf(superuser: psycopg.Connection, facts: InstanceFacts) -> Shelf:
    return Shelf(superuser, facts.instance_id)


def archived(superuser: psycopg.Connection, workspace: UUID) -> bool:
    row = superuser.execute(
        "SELECT archived_at IS NOT NULL FROM workspaces WHERE id = %s", (workspace,)
    ).fetchone()
    assert row
    return bool(row[0])


async def test_a_workspace_is_made_renamed_and_shown(office: Office) -> None:
    ops = await office.workspace("Ops")
    answer = await office.admin.post(f"{WORKSPACES}/{ops}/rename", data={"name": "Operations"})
    assert answer.status_code == 200
    page = words(await office.admin.get(WORKSPACES))
    assert "Operations In use 0 0" in page
    assert "Default workspace In use Opens from Jira" in page
    assert "Nothing yet." in words(await office.admin.get(f"{WORKSPACES}/{ops}"))
    assert office.trail() == ["created", "renamed"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "A name is needed."),
        ("default WORKSPACE", "Another workspace is called so."),
        ("x" * 121, "at most 120"),
        ("a\u202eb", "on one line"),
    ],
)
async def test_a_name_that_can_not_be_used_is_refused(office: Office, name: str, said: str) -> None:
    ops = await office.workspace("Ops")
    for path in ("", f"/{ops}/rename"):
        answer = await office.admin.post(f"{WORKSPACES}{path}", data={"name": name})
        assert answer.status_code == 422
        assert said in words(answer)


async def test_of_two_who_take_a_name_at_once_one_gets_it(
    house: House, facts: InstanceFacts
) -> None:
    async def create() -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            await create_workspace(session, house.changes, visit_of(facts), "Ops")

    outcome = await asyncio.gather(create(), create(), return_exceptions=True)
    assert [type(each) for each in outcome if each] == [InvalidInput]


async def test_the_workspace_that_opens_from_jira_is_never_archived(
    office: Office, superuser: psycopg.Connection
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    refused = await office.admin.post(f"{WORKSPACES}/{default}/archive")
    assert refused.status_code == 409
    assert "It is the one that opens from Jira." in words(refused)
    assert (await office.admin.post(f"{WORKSPACES}/{ops}/open-from-jira")).status_code == 200
    assert (await office.admin.post(f"{WORKSPACES}/{default}/archive")).status_code == 200
    assert archived(superuser, default)
    refused = await office.admin.post(f"{WORKSPACES}/{default}/open-from-jira")
    assert refused.status_code == 409
    assert (await office.admin.post(f"{WORKSPACES}/{ops}/archive")).status_code == 409
    assert not archived(superuser, ops)


async def test_the_last_one_in_use_is_never_archived_also_by_two_at_once(
    office: Office, superuser: psycopg.Connection
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    third = await office.workspace("Third")
    await office.admin.post(f"{WORKSPACES}/{third}/open-from-jira")
    answers = await asyncio.gather(
        *(office.admin.post(f"{WORKSPACES}/{its}/archive") for its in (default, ops, third))
    )
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert not archived(superuser, third)


@pytest.mark.parametrize(
    ("columns", "run", "is_running"),
    [
        ({"state": "paused"}, None, False),
        ({"state": "paused"}, "paused", False),
        ({"state": "paused"}, "held", False),
        ({"state": "paused"}, "done", False),
        ({"state": "active"}, None, False),  # without a connection nothing starts by itself
        ({"state": "active", "kind": "migration"}, None, False),
        ({"state": "active", "kind": "migration"}, "held", True),
        ({"state": "paused"}, "running", True),
        ({"state": "paused"}, "waiting", True),
        ({"state": "active", "connection": "ours"}, None, True),
        ({"state": "active", "kind": "migration", "connection": "ours"}, None, False),
    ],
)
async def test_a_workspace_with_running_integrations_is_not_archived_and_they_are_named(
    office: Office,
    shelf: Shelf,
    superuser: psycopg.Connection,
    columns: dict[str, Any],
    run: str | None,
    is_running: bool,
) -> None:
    ops = await office.workspace("Ops")
    if columns.get("connection"):
        columns = {**columns, "connection": shelf.connection(ops)}
    its = shelf.integration(ops, "Payroll & Co", **columns)
    if run:
        shelf.run(its, run)
    asked = words(await office.admin.get(f"{WORKSPACES}/{ops}/archive"))
    answer = await office.admin.post(f"{WORKSPACES}/{ops}/archive")
    assert (answer.status_code == 409) == is_running == (not archived(superuser, ops))
    if is_running:
        for text in (asked, words(answer)):
            assert "running: Payroll & Co. Pause or move them first." in text


async def test_an_archived_workspace_is_restored_with_all_that_was_in_it(
    office: Office, shelf: Shelf, superuser: psycopg.Connection
) -> None:
    ops = await office.workspace("Ops")
    its = shelf.integration(ops)
    pat = await office.user()
    await office.to(pat, "access", workspace_id=str(ops), level="user")
    await office.admin.post(f"{WORKSPACES}/{ops}/archive")
    refused = await office.to(pat, "access", workspace_id=str(ops), level="administrator")
    assert refused.status_code == 409
    assert "Ops is archived." in words(refused)
    assert (await office.admin.post(f"{WORKSPACES}/{ops}/restore")).status_code == 200
    assert not archived(superuser, ops)
    assert shelf.where(its) == ops
    assert superuser.execute("SELECT level FROM workspace_access").fetchall() == [("user",)]


# Moving.


async def moved(office: Office, its: UUID, start: UUID, to: UUID) -> tuple[int, str]:
    answer = await office.admin.post(
        f"{WORKSPACES}/{start}/move/{its}", data={"workspace_id": str(to)}
    )
    return answer.status_code, words(answer)


async def test_an_integration_moves_with_the_connection_that_nothing_else_uses(
    office: Office, shelf: Shelf, superuser: psycopg.Connection
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    connection = shelf.connection(default)
    its = shelf.integration(default, connection=connection)
    dialog = words(await office.admin.get(f"{WORKSPACES}/{default}/move/{its}"))
    assert "Move Payroll" in dialog
    assert (await moved(office, its, default, ops))[0] == 200
    assert (shelf.where(its), shelf.where(connection)) == (ops, ops)
    told = superuser.execute(
        "SELECT thing_kind, details -> 'changes' -> 'workspace_id' FROM audit_entries"
        " WHERE details ? 'changes' ORDER BY id"
    ).fetchall()
    assert told == [(kind, [str(default), str(ops)]) for kind in ("integration", "connection")]
    assert (await moved(office, its, default, ops))[0] == 404


async def test_a_connection_that_others_use_stays_and_so_does_the_integration(
    office: Office, shelf: Shelf
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    connection = shelf.connection(default)
    its = shelf.integration(default, connection=connection)
    shelf.integration(default, "Invoices", connection=connection)
    status, said = await moved(office, its, default, ops)
    assert status == 409
    assert "Our GitLab is also used by others that stay, such as Invoices." in said
    assert (shelf.where(its), shelf.where(connection)) == (default, default)


async def test_what_a_user_owns_moves_only_where_they_could_have_created_it(
    office: Office, shelf: Shelf, superuser: psycopg.Connection
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    pat = await office.user()
    its = shelf.integration(default, owner=f"user:{pat}")
    assert "Pat Partner, has no access to Ops." in (await moved(office, its, default, ops))[1]
    await office.to(pat, "access", workspace_id=str(ops), level="user")
    assert "Ops does not list the Jira project PAY" in (await moved(office, its, default, ops))[1]
    await office.admin.post(f"{WORKSPACES}/{ops}/projects", data={"project_id": PAY})
    connection = shelf.connection(default, owner=f"user:{await office.user('Max Muster')}")
    superuser.execute("UPDATE integrations SET connection_id = %s", (connection,))
    said = (await moved(office, its, default, ops))[1]
    assert "Our GitLab belongs to Max Muster, who has no access to Ops." in said
    assert shelf.where(its) == default
    superuser.execute("UPDATE connections SET owner = 'jira:x'")
    assert (await moved(office, its, default, ops))[0] == 200


async def test_nothing_moves_into_an_archived_workspace_or_that_of_another_instance(
    office: Office, shelf: Shelf, other_site: Sandbox, superuser: psycopg.Connection
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    its = shelf.integration(default)
    await office.admin.post(f"{WORKSPACES}/{ops}/archive")
    assert (await moved(office, its, default, ops))[0] == 409
    row = superuser.execute(
        "SELECT w.id FROM workspaces w JOIN installations i USING (instance_id)"
        " WHERE i.client_key = %s",
        (other_site.site.client_key,),
    ).fetchone()
    assert row
    assert (await moved(office, its, default, row[0]))[0] == 404
    for path in ("rename", "archive", "restore", "open-from-jira", "projects"):
        data = {"rename": {"name": "x"}, "projects": {"project_id": PAY}}.get(path, {})
        answer = await office.admin.post(f"{WORKSPACES}/{row[0]}/{path}", data=data)
        assert answer.status_code == 404, path
    assert (await office.admin.get(f"{WORKSPACES}/{row[0]}")).status_code == 404
    assert shelf.where(its) == default


# Jira projects for users.


async def test_projects_are_listed_and_unlisted_for_users(
    office: Office, superuser: psycopg.Connection
) -> None:
    its = office.workspace_called(DEFAULT)

    def listed() -> list[str]:
        rows = superuser.execute("SELECT project_id FROM workspace_projects ORDER BY project_id")
        return [row[0] for row in rows]

    dialog = words(await office.admin.get(f"{WORKSPACES}/{its}/projects/add"))
    assert "(PAY)" in dialog
    found = await office.admin.get(f"{WORKSPACES}/{its}/projects/search?project_q=OPS")
    assert OPS in found.text
    assert PAY not in found.text
    for project in (PAY, OPS, PAY):
        answer = await office.admin.post(
            f"{WORKSPACES}/{its}/projects", data={"project_id": project}
        )
        assert answer.status_code == 200
    assert listed() == [PAY, OPS]
    assert "(OPS)" in words(await office.admin.get(f"{WORKSPACES}/{its}"))
    assert (await office.admin.post(f"{WORKSPACES}/{its}/projects/{PAY}/remove")).status_code == 200
    assert listed() == [OPS]
    again = await office.admin.post(f"{WORKSPACES}/{its}/projects/{PAY}/remove")
    assert again.status_code == 404


@pytest.mark.parametrize("project", ["", "99999", "PAY", "../1", "1" * 19])
async def test_a_project_that_jira_does_not_show_is_not_listed(
    office: Office, superuser: psycopg.Connection, project: str
) -> None:
    its = office.workspace_called(DEFAULT)
    answer = await office.admin.post(f"{WORKSPACES}/{its}/projects", data={"project_id": project})
    assert answer.status_code == 422
    assert superuser.execute("SELECT count(*) FROM workspace_projects").fetchone() == (0,)


async def test_while_jira_is_away_the_page_still_shows_what_is_listed(
    office: Office, configured: Sandbox
) -> None:
    its = office.workspace_called(DEFAULT)
    await office.admin.post(f"{WORKSPACES}/{its}/projects", data={"project_id": PAY})
    configured.faults.add(Fault(FaultKind.ERROR, path="/rest/api/3/project*"))
    page = await office.admin.get(f"{WORKSPACES}/{its}")
    assert page.status_code == 200
    assert f"Project {PAY}" in words(page)
    dialog = await office.admin.get(f"{WORKSPACES}/{its}/projects/add")
    assert "Projects cannot be listed" in words(dialog)


@pytest.mark.parametrize("person", ["gitlab", "project"])
async def test_nobody_but_administrators_manages_workspaces(
    as_: As, office: Office, person: str, shelf: Shelf
) -> None:
    default, ops = office.workspace_called(DEFAULT), await office.workspace("Ops")
    its = shelf.integration(default, owner=as_(person).account)
    other = as_(person, from_project="PAY" if person == "project" else None)
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("GET", f"/{ops}"),
        ("POST", f"/{ops}/archive"),
        ("POST", f"/{ops}/open-from-jira"),
        ("POST", f"/{default}/move/{its}"),
        ("POST", f"/{ops}/projects"),
    ):
        answer = await other.ask(method, f"{WORKSPACES}{path}")
        assert answer.status_code == 403
        assert "Only administrators can do this." in words(answer)
