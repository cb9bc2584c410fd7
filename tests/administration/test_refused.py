"""Who is signed in but no administrator is refused on every address of administration."""

from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.access import Action
from app.administration.models import Account
from app.house import House
from app.instances.facts import InstanceFacts
from app.signing_in.sessions import COOKIE
from tests.administration.kit import Office
from tests.people import APP_URL
from tests.security.walk import Declared, context_routes

OF_ADMINISTRATION = {Action.MANAGE_USERS, Action.MANAGE_WORKSPACES}


def routes(app: FastAPI) -> list[Declared]:
    found = [route for route in context_routes(app) if route.action in OF_ADMINISTRATION]
    assert len(found) > 40
    return found


async def cookie_of(house: House, facts: InstanceFacts, account_id: UUID) -> str:
    async with house.database.of_instance(facts.instance_id) as session:
        account = await session.get_one(Account, account_id)
        return await house.sessions.begin(session, account)


def everything(superuser: psycopg.Connection) -> object:
    return superuser.execute(
        "SELECT (SELECT jsonb_agg(a ORDER BY a.id) FROM accounts a),"
        " (SELECT jsonb_agg(w ORDER BY w.id) FROM workspaces w),"
        " (SELECT jsonb_agg(x ORDER BY x.account_id) FROM workspace_access x),"
        " (SELECT jsonb_agg(i) FROM instances i)"
    ).fetchone()


@pytest.mark.parametrize("level", ["user", "administrator"])
async def test_an_administrator_of_a_workspace_is_refused_on_every_route_of_administration(
    app: FastAPI,
    office: Office,
    house: House,
    facts: InstanceFacts,
    client: httpx.AsyncClient,
    superuser: psycopg.Connection,
    level: str,
) -> None:
    pat, victim = await office.user(), await office.user("Vic Victim")
    await office.to(pat, "enable")
    default = office.workspace_called("Default workspace")
    await office.to(pat, "access", workspace_id=str(default), level=level)
    headers = {
        "Cookie": f"{COOKIE}={await cookie_of(house, facts, pat)}",
        "Origin": APP_URL,
        "HX-Request": "true",
        "Accept": "text/html",
    }
    assert (await client.get("/integrations", headers=headers)).status_code == 200
    before = everything(superuser)
    ids = {"account_id": victim, "workspace_id": default}
    for route in routes(app):
        path = route.path
        for name, its in ids.items():
            path = path.replace(f"{{{name}}}", str(its))
        path = Declared(route.method, path, None, None).url
        answer = await client.request(route.method, path, headers=headers)
        assert answer.status_code == 403, (str(route), answer.status_code)
        assert "Only administrators can do this." in answer.text
    assert everything(superuser) == before


async def test_an_administrator_with_an_account_manages_users_as_one_of_jira_does(
    office: Office, house: House, facts: InstanceFacts, client: httpx.AsyncClient
) -> None:
    root, pat = await office.administrator("Root Admin"), await office.user()
    headers = {
        "Cookie": f"{COOKIE}={await cookie_of(house, facts, root)}",
        "Origin": APP_URL,
        "HX-Request": "true",
    }
    answer = await client.post(f"/administration/users/{pat}/enable", headers=headers)
    assert answer.status_code == 200
    assert office.account(pat)["enabled"]
    page = await client.get("/administration/users", headers=headers)
    assert "(you)" in page.text
    last = "Nobody would be left who administers Getint with an account."
    assert page.text.count(last) == 1
    assert (await client.get(f"/administration/users/{root}", headers=headers)).text.count(last) > 1
    elsewhere = {**headers, "Origin": "https://evil.example.com"}
    answer = await client.post(f"/administration/users/{pat}/disable", headers=elsewhere)
    assert answer.status_code == 403
    assert office.account(pat)["enabled"]
    assert (
        await client.get(f"/administration/users/{uuid4()}", headers=headers)
    ).status_code == 404
