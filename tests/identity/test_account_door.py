"""What the Account door lets in, and how somebody would try to get past it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.access import TABLE, Role
from app.house import House
from app.main import create_app
from app.settings import Settings
from app.signing_in.sessions import COOKIE
from sandbox.running import Sandbox
from tests.administration.kit import USERS
from tests.people import JIRA_URL, Visitor
from tests.security.walk import context_routes, page_routes
from tests.signing_in.kit import FOREIGN_PAGES, OWN_PAGE, Accounts, Browser

As = Callable[..., Visitor]


@pytest.fixture
async def elsewhere(
    app: FastAPI, settings: Settings, http: httpx.AsyncClient
) -> AsyncIterator[FastAPI]:
    """Another machine: the same program on the same database."""
    del app
    program = create_app(settings, httpx.AsyncClient(transport=http._transport))
    async with program.router.lifespan_context(program):
        yield program


def _heard(program: FastAPI) -> asyncio.Event:
    event = asyncio.Event()
    house: House = program.state.house
    house.changes.on_change("facts", lambda _: event.set())
    return event


async def test_a_partner_sees_their_workspace_as_a_whole_page_and_by_pieces(
    accounts: Accounts,
) -> None:
    accounts.user()
    pat = await accounts.signed_in()
    page = await pat.open("/integrations")
    assert page.status_code == 200
    assert "<html" in page.text
    assert JIRA_URL not in page.text, "no bridge outside of Jira"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    piece = await pat.get("/integrations")
    assert (piece.status_code, "<html" in piece.text) == (200, False)


async def test_who_did_not_sign_in_is_led_there(accounts: Accounts) -> None:
    browser = Browser.at(accounts.app)
    page = await browser.open("/integrations")
    assert (page.status_code, 'href="/sign-in"' in page.text) == (401, True)
    assert JIRA_URL not in page.text
    program = await browser.ask("GET", "/integrations", headers={"Accept": "application/json"})
    assert program.json()["type"].endswith("not-signed-in")


@pytest.mark.parametrize("what", ["disable", "delete", "end-sessions"])
async def test_a_stolen_cookie_is_worth_nothing_the_moment_its_owner_is_shut_out(
    what: str, accounts: Accounts, elsewhere: FastAPI, as_: As
) -> None:
    its = accounts.user()
    pat = await accounts.signed_in()
    thief = Browser.at(elsewhere, "198.51.100.1")
    thief.cookies[COOKIE] = pat.session
    for browser in (pat, thief):
        assert (await browser.get("/integrations")).status_code == 200
    heard = _heard(elsewhere)
    answer = await as_("admin").post(f"{USERS}/{its}/{what}")
    assert answer.status_code == 200, answer.text
    await asyncio.wait_for(heard.wait(), 5)
    for browser in (pat, thief):
        assert (await browser.get("/integrations")).status_code == 401
        assert (await browser.open("/")).status_code == 401


async def test_access_that_was_taken_away_is_gone_on_all_machines(
    accounts: Accounts, elsewhere: FastAPI, as_: As
) -> None:
    its = accounts.user()
    await accounts.signed_in()
    there = await accounts.signed_in(app=elsewhere)
    assert (await there.get("/integrations")).status_code == 200
    heard = _heard(elsewhere)
    path = f"{USERS}/{its}/access/{accounts.first_workspace}/remove"
    assert (await as_("admin").post(path)).status_code == 200
    await asyncio.wait_for(heard.wait(), 5)
    refused = await there.open("/integrations")
    assert refused.status_code == 403
    assert "has not been given a workspace" in refused.text


@pytest.mark.parametrize(
    "passed",
    [
        "UPDATE account_sessions SET last_used_at = now() - interval '481 minutes'",
        "UPDATE account_sessions SET ends_at = now() - interval '1 second'",
    ],
    ids=["idle", "absolute"],
)
async def test_a_session_ends_when_it_rests_or_lasts_too_long(
    passed: str, accounts: Accounts, superuser: psycopg.Connection[Any], monkeypatch: Any
) -> None:
    accounts.user()
    pat = await accounts.signed_in()
    assert (await pat.get("/integrations")).status_code == 200
    superuser.execute(passed)
    house: House = accounts.app.state.house
    now = house.sessions._clock()
    monkeypatch.setattr(house.sessions, "_clock", lambda: now + 61)  # what is kept is a minute old
    assert (await pat.get("/integrations")).status_code == 401


async def test_use_is_noted_once_a_minute_and_a_warm_page_asks_for_its_rows_alone(
    accounts: Accounts, superuser: psycopg.Connection[Any], monkeypatch: Any
) -> None:
    accounts.user()
    pat = await accounts.signed_in()
    house: House = accounts.app.state.house
    facts = await house.directory.of_instance(accounts.instance_id)
    assert facts is not None
    await house.licences.confirmed(facts)  # what is learnt in the background is a change
    await pat.get("/integrations")
    superuser.execute("UPDATE account_sessions SET last_used_at = now() - interval '10 minutes'")
    reads: list[object] = []
    rows = house.database.rows

    async def counted(instance_id: UUID, statement: Any) -> Any:
        reads.append(statement)
        return await rows(instance_id, statement)

    def no_transaction(_instance_id: UUID) -> Any:
        raise AssertionError("a warm page opens no transaction")

    with monkeypatch.context() as patch:
        patch.setattr(house.database, "rows", counted)
        patch.setattr(house.database, "of_instance", no_transaction)
        assert (await pat.get("/integrations")).status_code == 200
    assert len(reads) == 1
    now = house.sessions._clock()
    monkeypatch.setattr(house.sessions, "_clock", lambda: now + 61)
    await pat.get("/integrations")
    noted = "SELECT last_used_at > now() - interval '1 minute' FROM account_sessions"
    assert superuser.execute(noted).fetchone() == (True,)


async def test_a_cookie_opens_nothing_of_another_instance(
    accounts: Accounts, other_site: Sandbox, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user()
    pat = await accounts.signed_in()
    row = superuser.execute(
        "SELECT instance_id FROM installations WHERE client_key = %s",
        (other_site.site.client_key,),
    ).fetchone()
    assert row
    secret = pat.session.partition(".")[2]
    for instance_id in (row[0].hex, uuid4().hex, "", "0" * 32, accounts.instance_id):
        pat.cookies[COOKIE] = f"{instance_id}.{secret}"
        assert (await pat.get("/integrations")).status_code == 401


async def test_with_an_authorization_header_no_cookie_is_looked_at(
    accounts: Accounts, as_: As
) -> None:
    accounts.user(is_administrator=True)
    pat = await accounts.signed_in()
    for header in ("JWT nonsense", "Bearer nonsense", "", "Basic cGF0OnBhdA=="):
        answer = await pat.ask("GET", "/integrations", headers={"Authorization": header})
        assert answer.status_code == 401, header
    nobody = {"Authorization": f"JWT {as_('nobody').token()}"}
    refused = await pat.ask("GET", "/integrations", headers=nobody)
    assert (refused.status_code, "none of Getint" in refused.text) == (403, True)


async def test_a_page_that_jira_frames_takes_no_session(accounts: Accounts) -> None:
    accounts.user(is_administrator=True)
    pat = await accounts.signed_in()
    for route in page_routes(accounts.app):
        assert (await pat.open(route.path)).status_code == 401, route.path


async def test_what_is_for_people_who_signed_in_here_takes_no_token_of_jira(
    accounts: Accounts, as_: As
) -> None:
    for path in ("/account", "/account/password", "/account/second-factor"):
        assert (await as_("admin").get(path)).status_code == 401


async def test_no_route_changes_anything_for_a_form_of_another_site(
    accounts: Accounts, as_: As
) -> None:
    accounts.user(is_administrator=True)
    pat = await accounts.signed_in()
    changing = [route for route in context_routes(accounts.app) if route.method != "GET"]
    assert len(changing) > 20
    for route in changing:
        for headers in FOREIGN_PAGES:
            answer = await pat.ask(route.method, route.url, headers=headers)
            assert answer.status_code == 403, (str(route), headers)
            assert "came from somewhere else" in answer.text


async def test_no_route_opens_to_a_cookie_that_is_made_up(accounts: Accounts) -> None:
    browser = Browser.at(accounts.app)
    for value in (f"{accounts.instance_id.hex}.{'A' * 43}", "nonsense", f"{uuid4().hex}.x"):
        browser.cookies[COOKIE] = value
        for route in context_routes(accounts.app):
            answer = await browser.ask(route.method, route.url, headers=OWN_PAGE)
            assert answer.status_code == 401, str(route)


async def test_somebody_without_a_workspace_is_refused_everything_with_the_reason(
    accounts: Accounts,
) -> None:
    accounts.user(level=None)
    pat = await accounts.signed_in()
    for route in context_routes(accounts.app):
        answer = await pat.ask(route.method, route.url, headers=OWN_PAGE)
        assert answer.status_code == 403, str(route)
        assert "has not been given a workspace yet" in answer.text, str(route)


@pytest.mark.parametrize("level", ["user", "administrator"])
async def test_nobody_of_a_workspace_acts_on_the_instance(level: str, accounts: Accounts) -> None:
    accounts.user(level=level)
    pat = await accounts.signed_in()
    walked = 0
    for route in context_routes(accounts.app):
        if route.action and set(TABLE[route.action].grants) == {Role.ADMIN}:
            walked += 1
            answer = await pat.ask(route.method, route.url, headers=OWN_PAGE)
            assert answer.status_code == 403, str(route)
    assert walked > 20


async def test_a_workspace_is_opened_only_by_whom_it_was_given_to_and_remembered(
    accounts: Accounts, other_site: Sandbox, superuser: psycopg.Connection[Any]
) -> None:
    its = accounts.user()
    second, third = accounts.workspace("Second"), accounts.workspace("Third")
    archived = accounts.workspace("Archived")
    accounts.give(its, second)
    accounts.give(its, archived)
    superuser.execute("UPDATE workspaces SET archived_at = now() WHERE id = %s", (archived,))
    foreign = superuser.execute(
        "SELECT w.id FROM workspaces w JOIN installations i USING (instance_id)"
        " WHERE i.client_key = %s",
        (other_site.site.client_key,),
    ).fetchone()
    assert foreign
    accounts.app.state.house.directory.forget_everything()
    pat = await accounts.signed_in()
    for refused in (third, archived, foreign[0], uuid4()):
        assert (await pat.post(f"/workspaces/{refused}/open")).status_code == 404
    menu = await pat.get("/account/menu")
    assert "Second" in menu.text
    assert not any(name in menu.text for name in ("Third", "Archived", "Getint Administration"))
    assert (await pat.post(f"/workspaces/{second}/open")).status_code == 200
    shell = await pat.open("/integrations")
    assert 'data-area="work">Second</small>' in shell.text
    again = await accounts.signed_in(place="192.0.2.7")
    assert 'data-area="work">Second</small>' in (await again.open("/integrations")).text


async def test_lists_show_the_workspace_one_is_in(
    accounts: Accounts, as_: As, superuser: psycopg.Connection[Any]
) -> None:
    second = accounts.workspace("Second")
    accounts.app.state.house.directory.forget_everything()
    _integration(superuser, accounts, "In the first", accounts.first_workspace)
    _integration(superuser, accounts, "In the second", second)
    admin = as_("admin")
    here = await admin.get("/integrations")
    assert ("In the first" in here.text, "In the second" in here.text) == (True, False)
    await admin.post(f"/workspaces/{second}/open")
    there = await admin.get("/integrations")
    assert ("In the first" in there.text, "In the second" in there.text) == (False, True)


async def test_a_user_sees_the_things_of_others_without_changing_them(
    accounts: Accounts, superuser: psycopg.Connection[Any]
) -> None:
    its = accounts.user()
    theirs = _integration(superuser, accounts, "Theirs", accounts.first_workspace)
    own = _integration(superuser, accounts, "Own", accounts.first_workspace, f"user:{its}")
    elsewhere = _integration(superuser, accounts, "Elsewhere", accounts.workspace("Second"))
    pat = await accounts.signed_in()
    assert (await pat.get(f"/integrations/{theirs}")).status_code == 200
    refused = await pat.post(f"/integrations/{theirs}/pause")
    assert (refused.status_code, "Only its owner" in refused.text) == (403, True)
    assert (await pat.post(f"/integrations/{own}/pause")).status_code == 200
    assert (await pat.get(f"/integrations/{elsewhere}")).status_code == 404


async def test_an_administrator_of_a_workspace_looks_after_what_is_in_it_alone(
    accounts: Accounts, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user(level="administrator")
    inside = _integration(superuser, accounts, "Inside", accounts.first_workspace)
    outside = _integration(superuser, accounts, "Outside", accounts.workspace("Second"))
    pat = await accounts.signed_in()
    assert (await pat.post(f"/integrations/{inside}/pause")).status_code == 200
    assert (await pat.post(f"/integrations/{outside}/pause")).status_code == 404


def _integration(
    superuser: psycopg.Connection[Any],
    accounts: Accounts,
    name: str,
    workspace_id: UUID,
    owner: str = "jira:somebody",
) -> UUID:
    its = uuid4()
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " project_id, project_key, direction, jql, state, owner, version) VALUES (%s, %s, %s,"
        " 'integration', %s, 'gitlab', 'acme/pay', '10001', 'PAY', 'both', '', 'active', %s, 1)",
        (its, accounts.instance_id, workspace_id, name, owner),
    )
    return its
