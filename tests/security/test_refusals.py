"""Good proof, but not theirs: every route refuses, says why, and changes nothing."""

from collections.abc import Callable

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql

from app.access import TABLE, Role
from sandbox.running import Sandbox
from sandbox.seed import GIA
from tests.people import Visitor
from tests.security.walk import context_routes, page_routes

As = Callable[..., Visitor]
TABLES = ("integrations", "connections", "group_bindings", "workspaces")


def _rows(superuser: psycopg.Connection) -> list[object]:
    return [
        superuser.execute(
            sql.SQL("SELECT * FROM {} ORDER BY id").format(sql.Identifier(table))
        ).fetchall()
        for table in TABLES
    ]


async def test_somebody_with_no_role_is_refused_on_every_route_with_the_reason(
    app: FastAPI, configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    before = _rows(superuser)
    for route in context_routes(app):
        response = await as_("nobody").ask(route.method, route.url)
        assert response.status_code == 403, str(route)
        assert "none of Getint" in response.text, str(route)
    assert _rows(superuser) == before


async def test_until_set_up_everybody_but_admins_is_refused_on_every_route(
    app: FastAPI, installed: Sandbox, as_: As
) -> None:
    for person in ("gitlab", "nobody"):
        for route in context_routes(app):
            response = await as_(person).ask(route.method, route.url)
            assert response.status_code == 403, (person, str(route))
            assert "has not been set up" in response.text


async def test_an_uninstalled_app_answers_nothing(
    app: FastAPI, configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    token = admin.token()
    await configured.host.uninstall()
    for route in context_routes(app):
        response = await admin.http.request(
            route.method, route.url, headers={"Authorization": f"JWT {token}"}
        )
        assert response.status_code == 403, str(route)


@pytest.mark.parametrize("person", ["gitlab", "azure", "project", "nobody"])
async def test_what_is_for_admins_is_refused_to_everybody_else(
    person: str, app: FastAPI, configured: Sandbox, as_: As
) -> None:
    visitor = as_(person, from_project="PAY" if person == "project" else None)
    walked = 0
    for route in context_routes(app):
        if route.action and set(TABLE[route.action].grants) == {Role.ADMIN}:
            walked += 1
            for path in (route.url, f"{route.url}?isAdmin=true&user_is_admin=1"):
                response = await visitor.ask(
                    route.method, path, headers={"X-Atlassian-Admin": "true"}
                )
                assert response.status_code == 403, str(route)
    assert walked > 5


@pytest.mark.parametrize("person", ["gitlab", "azure", "nobody"])
async def test_admin_pages_do_not_open_to_others_though_their_token_is_good(
    person: str, app: FastAPI, configured: Sandbox, as_: As
) -> None:
    for page in ("admin", "configure", "get-started"):
        response = await as_(person).open(page)
        assert response.status_code == 403, page
        url = configured.host.frame_url(as_(person).account_id, f"getint-{page}")
        assert (await as_(person).http.post(url)).status_code in {401, 405}
    assert any(route.path.endswith("/admin") for route in page_routes(app))


async def test_a_project_admin_has_no_role_outside_the_settings_of_their_project(
    configured: Sandbox, as_: As
) -> None:
    assert (await as_("project", from_project="PAY").get("/integrations")).status_code == 200
    assert (await as_("project", from_project="OPS").get("/integrations")).status_code == 403
    assert (await as_("project").get("/integrations")).status_code == 403


async def test_a_removed_member_is_refused_once_an_admin_presses_check_again(
    configured: Sandbox, as_: As
) -> None:
    gia = as_("gitlab")
    assert (await gia.get("/integrations")).status_code == 200
    configured.site.remove_member("getint-jira-gitlab", GIA)
    assert (await as_("admin").post("/settings/access/check-again")).status_code < 300
    refused = await gia.get("/integrations")
    assert refused.status_code == 403
    assert "getint-jira-" in refused.text


async def test_a_lapsed_licence_refuses_every_change_on_every_route(
    app: FastAPI, configured: Sandbox, as_: As
) -> None:
    configured.host.set_licence("lapsed")
    assert (await as_("admin").open("general")).status_code == 200
    listed = await as_("gitlab").get("/integrations")
    assert listed.status_code == 200
    refused = await as_("gitlab").post("/integrations", data={"kind": "integration"})
    assert refused.status_code in {403, 422}
