"""Every route of the console, found by walking: what it asks for, and that it changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.access import TABLE, Action, Effect
from app.identity.visit import Proof
from app.signing_in.origin import OwnPages
from app.support.console.guard import AtInstance, Session
from app.support.console.sessions import COOKIE
from tests.people import Visitor
from tests.runs.reporting_kit import Reports
from tests.support.console.conftest import NewAgent, NewBrowser

As = Callable[..., Visitor]
PUBLIC = {
    "/health/live",
    "/health/ready",
    "/sign-in",
    "/sign-in/provider",
    "/sign-in/provider/back",
}
OF_THE_AGENT = {"/", "/requests/new", "/requests", "/account", "/sign-out"}
# What the console exists to write: its own sessions, requests, and the trail of what was looked at.
WRITTEN = {"agent_sessions", "support_requests", "audit_entries"}


@dataclass(frozen=True)
class Declared:
    method: str
    path: str
    guard: AtInstance | Session | None

    def at(self, **ids: UUID) -> str:
        return self.path.format(**ids)


def _routes(app: FastAPI) -> Iterator[Declared]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and context.path is not None:
            calls = set(_calls(route.dependant))
            guards = [it for it in calls if isinstance(it, AtInstance | Session)]
            for method in sorted(route.methods or ()):
                yield Declared(method, context.path, guards[0] if guards else None)


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def test_every_route_asks_for_a_session_and_an_action_or_is_known_not_to(
    console_app: FastAPI,
) -> None:
    routes = list(_routes(console_app))
    assert {it.path for it in routes if it.guard is None} == PUBLIC
    assert {it.path for it in routes if isinstance(it.guard, Session)} == OF_THE_AGENT
    of_customers = [it for it in routes if isinstance(it.guard, AtInstance)]
    assert len(of_customers) >= 10
    for route in of_customers:
        assert route.path.startswith("/instances/{instance_id}")
        assert route.method == "GET"
        assert route.guard
        assert route.guard.proof is Proof.SESSION
        assert isinstance(route.guard.action, Action)
        assert TABLE[route.guard.action].effect is Effect.READ


def test_all_that_changes_anything_is_only_for_pages_of_the_console(console_app: FastAPI) -> None:
    dependencies = [it.dependency for it in console_app.router.dependencies]
    assert [type(it) for it in dependencies] == [OwnPages]


@pytest.fixture
async def ids(approved: UUID, reports: Reports, as_: As) -> dict[str, UUID]:
    """A customer who shared all there is."""
    integration_id = reports.integration()
    run = await reports.run(integration_id)
    await as_("gitlab").post(f"/runs/{run.id}/share", data={"end": "week"})
    (mapping_id,) = reports.superuser.execute(
        "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled, jira_type,"
        " tool_type, rules, version) VALUES (gen_random_uuid(), %s, %s, 0, true, 'Bug', 'Issue',"
        " '{}', 1) RETURNING id",
        (approved, integration_id),
    ).fetchone() or (None,)
    return {
        "instance_id": approved,
        "integration_id": integration_id,
        "mapping_id": UUID(str(mapping_id)),
        "run_id": run.id,
    }


def _contents(superuser: psycopg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    tables = superuser.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    return {
        name: superuser.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1').fetchall()  # noqa: S608
        for (name,) in tables
        if name not in WRITTEN
    }


async def test_no_route_writes_what_is_a_customers(
    ids: dict[str, UUID],
    console_app: FastAPI,
    agent: NewAgent,
    superuser: psycopg.Connection[Any],
) -> None:
    sam = await agent()
    before = _contents(superuser)
    assert before["integrations"]
    assert before["log_chunks"]
    answered = set()
    for route in _routes(console_app):
        if route.path == "/sign-out":
            continue
        for method in {route.method, "GET", "POST", "PUT", "PATCH", "DELETE"}:
            form = {"instance": str(ids["instance_id"]), "ticket": "T-1", "state": "done"}
            headers = {"Origin": "https://support.example.com"}
            sent = None if method == "GET" else form
            answer = await sam.http.request(method, route.at(**ids), headers=headers, data=sent)
            assert answer.status_code < 500, (method, route.path)
            if method == route.method:
                answered.add((route.path, answer.status_code))
    assert all(status == 200 for path, status in answered if path.startswith("/instances"))
    assert _contents(superuser) == before


async def test_no_form_breaks_on_what_no_browser_sends(
    agent: NewAgent, ids: dict[str, UUID]
) -> None:
    sam = await agent()
    instance = str(ids["instance_id"])
    for path, right in (
        ("/sign-in", {"email": "a@b.example", "password": "x", "code": "1"}),
        ("/requests", {"instance": instance, "ticket": "T-1", "message": "m"}),
    ):
        for name in right:
            for odd in ("\x00", "x" * 60_000, "", "\u202e\ud7ff"):
                answer = await sam.post(path, data={**right, name: odd})
                assert answer.status_code in {200, 422, 429}, (path, name, odd[:9])
        assert (await sam.post(path, content=b"\xff=%ff")).status_code == 422
    assert (await sam.get(f"/instances/{instance}/runs?after=%00&state=x")).status_code == 422


async def test_no_route_opens_without_a_session_or_with_one_that_is_made_up(
    ids: dict[str, UUID], console_app: FastAPI, new_browser: NewBrowser
) -> None:
    for token in ("", "made-up", "\x00", "a" * 5000):
        browser = new_browser()
        headers = {"Cookie": f"{COOKIE}={token}"} if token else {}
        for route in _routes(console_app):
            if route.path in PUBLIC:
                continue
            sent = {**headers, "Origin": "https://support.example.com", "HX-Request": "true"}
            answer = await browser.http.request(route.method, route.at(**ids), headers=sent)
            assert answer.status_code == 401, route
            assert answer.headers["www-authenticate"] == "Cookie"


async def test_every_answer_has_the_security_headers_and_nobody_may_frame_it(
    ids: dict[str, UUID], console_app: FastAPI, agent: NewAgent
) -> None:
    sam = await agent()
    for route in _routes(console_app):
        answer = await sam.http.request(route.method, route.at(**ids))
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, route
        assert "script-src 'self';" in policy, route
        assert answer.headers["cache-control"] == "no-cache, no-store"
        assert answer.headers["referrer-policy"] == "strict-origin"
