"""Every address with an id in it, asked by everybody whose thing it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from fastapi import FastAPI

from app.access import TABLE, Effect
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from sandbox.seed import GIA
from tests.people import Visitor
from tests.security.test_row_security import fill
from tests.security.walk import Declared, context_routes

As = Callable[..., Visitor]
ID_NAMES = {
    "integration_id",
    "connection_id",
    "binding_id",
    "mapping_id",
    "run_id",
    "request_id",
    "account_id",
    "workspace_id",
    "moved_id",
}


@dataclass(frozen=True)
class Things:
    """The ids of one of each thing of an instance that has an address."""

    integration_id: UUID
    connection_id: UUID
    binding_id: UUID
    mapping_id: UUID
    run_id: UUID
    request_id: UUID
    account_id: UUID
    workspace_id: UUID
    moved_id: UUID

    def url(self, route: Declared) -> str:
        values = {name: str(getattr(self, name)) for name in ID_NAMES}
        return route.path.format(tool="gitlab", project_id="10001", **values)


def _things(superuser: psycopg.Connection, client_key: str, owner: str) -> Things:
    row = superuser.execute(
        "SELECT instance_id FROM installations WHERE client_key = %s", (client_key,)
    ).fetchone()
    assert row
    integration_id = fill(superuser, row[0])
    superuser.execute("UPDATE integrations SET owner = %s WHERE instance_id = %s", (owner, row[0]))
    superuser.execute(
        "UPDATE connections SET owner = %s, others_may = 'view' WHERE instance_id = %s",
        (owner, row[0]),
    )
    account_id = superuser.execute(
        "INSERT INTO accounts (id, instance_id, name, email, email_key)"
        " VALUES (gen_random_uuid(), %s, 'theirs', 'x@example.com', 'x') RETURNING id",
        (row[0],),
    ).fetchone()
    assert account_id
    ids = superuser.execute(
        "SELECT c.id, b.id, m.id, r.id, s.id, c.workspace_id"
        " FROM connections c, group_bindings b, type_mappings m, runs r, support_requests s"
        " WHERE c.instance_id = %(instance)s AND b.instance_id = %(instance)s"
        " AND m.instance_id = %(instance)s AND r.instance_id = %(instance)s"
        " AND s.instance_id = %(instance)s AND NOT b.is_standard",
        {"instance": row[0]},
    ).fetchone()
    assert ids
    connection_id, binding_id, mapping_id, run_id, request_id, workspace_id = ids
    return Things(
        integration_id=integration_id,
        connection_id=connection_id,
        binding_id=binding_id,
        mapping_id=mapping_id,
        run_id=run_id,
        request_id=request_id,
        account_id=account_id[0],
        workspace_id=workspace_id,
        moved_id=integration_id,
    )


@pytest.fixture
def things(configured: Sandbox, superuser: psycopg.Connection) -> Things:
    """Gia's integration and connection with GitLab, in project PAY."""
    return _things(superuser, configured.site.client_key, f"jira:{GIA}")


def _picture(superuser: psycopg.Connection) -> list[object]:
    return [
        superuser.execute("SELECT * FROM integrations ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM connections ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM type_mappings ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM runs ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM group_bindings WHERE NOT is_standard").fetchall(),
        superuser.execute("SELECT * FROM run_shares ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM support_requests ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM accounts ORDER BY id").fetchall(),
        superuser.execute("SELECT * FROM workspaces ORDER BY id").fetchall(),
    ]


def _with_id(app: FastAPI) -> list[Declared]:
    found = [route for route in context_routes(app) if any(name in route.path for name in ID_NAMES)]
    assert len(found) > 10
    return found


def _changing(app: FastAPI) -> list[Declared]:
    return [
        route
        for route in _with_id(app)
        if route.action and TABLE[route.action].effect is Effect.CHANGE
    ]


def _writing(app: FastAPI) -> list[Declared]:
    return [
        route
        for route in _with_id(app)
        if route.action and TABLE[route.action].effect is not Effect.READ
    ]


async def test_another_customers_ids_lead_nowhere_on_any_route(
    app: FastAPI,
    things: Things,
    other_site: Sandbox,
    as_: As,
    superuser: psycopg.Connection,
) -> None:
    theirs = _things(superuser, other_site.site.client_key, f"jira:{GIA}")
    before = _picture(superuser)
    for person in ("admin", "gitlab"):
        for route in _with_id(app):
            response = await as_(person).ask(route.method, theirs.url(route), data={"version": "1"})
            expected = {404} if person == "admin" else {403, 404}
            assert response.status_code in expected, (person, str(route), response.status_code)
            assert "theirs" not in response.text
    assert _picture(superuser) == before


@pytest.mark.parametrize(
    ("person", "project"),
    [("azure", None), ("project", "PAY"), ("nobody", None)],
)
async def test_nobody_changes_what_is_not_theirs_on_any_route(
    person: str,
    project: str | None,
    app: FastAPI,
    things: Things,
    as_: As,
    superuser: psycopg.Connection,
) -> None:
    before = _picture(superuser)
    for route in _writing(app):
        visitor = as_(person, from_project=project)
        response = await visitor.ask(route.method, things.url(route), data={"version": "1"})
        assert response.status_code == 403, (str(route), response.status_code)
    assert _picture(superuser) == before


async def test_a_project_admin_of_another_project_does_not_even_learn_that_it_exists(
    app: FastAPI, things: Things, configured: Sandbox, as_: As
) -> None:
    configured.site.set_project_admin("OPS", as_("nobody").account_id, admin=True)
    visitor = as_("nobody", from_project="OPS")
    for route in _with_id(app):
        if "integration_id" in route.path or "run_id" in route.path:
            response = await visitor.ask(route.method, things.url(route), data={"version": "1"})
            assert response.status_code == 404, str(route)


async def test_an_owner_who_left_the_group_changes_nothing_on_any_route(
    app: FastAPI,
    things: Things,
    configured: Sandbox,
    as_: As,
    superuser: psycopg.Connection,
) -> None:
    configured.site.remove_member("getint-jira-gitlab", GIA)
    configured.site.add_member("getint-jira-azure", GIA)
    before = _picture(superuser)
    for route in _writing(app):
        response = await as_("gitlab").ask(route.method, things.url(route), data={"version": "1"})
        assert response.status_code == 403, (str(route), response.status_code)
    refused = await as_("gitlab").post(f"/integrations/{things.integration_id}/pause")
    assert "you have left the Jira group for GitLab" in refused.text
    assert _picture(superuser) == before


async def test_without_a_licence_even_an_owner_and_an_admin_change_nothing(
    app: FastAPI,
    things: Things,
    configured: Sandbox,
    as_: As,
    superuser: psycopg.Connection,
) -> None:
    configured.host.set_licence("lapsed")
    assert (await as_("admin").open("general")).status_code == 200
    before = _picture(superuser)
    for person in ("admin", "gitlab"):
        for route in _changing(app):
            response = await as_(person).ask(route.method, things.url(route), data={"version": "1"})
            assert response.status_code == 403, (person, str(route), response.status_code)
            assert "no active licence" in response.text
        readable = await as_(person).get(f"/integrations/{things.integration_id}")
        assert readable.status_code == 200
    assert _picture(superuser) == before


async def test_while_jira_is_away_reading_goes_on_and_changing_waits(
    app: FastAPI,
    things: Things,
    configured: Sandbox,
    as_: As,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gia = as_("gitlab")
    url = f"/integrations/{things.integration_id}"
    assert (await gia.get(url)).status_code == 200
    monkeypatch.setattr("app.identity.standing.FRESH_S", 0.0)
    configured.faults.add(Fault(FaultKind.UNAVAILABLE))
    assert (await gia.get(url)).status_code == 200
    for route in _changing(app):
        answered = await gia.ask(route.method, things.url(route), data={"version": "1"})
        assert answered.status_code == 503, (str(route), answered.status_code)
        assert int(answered.headers["retry-after"]) > 0
        assert "Jira" in answered.text
