"""The console, started with its own settings and role, and an agent at it."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.encryption import ConsoleKeys
from app.signing_in import passwords
from app.support.console.main import create_console
from app.support.console.parts import Console
from app.support.console.sessions import COOKIE
from app.support.console.settings import ConsoleSettings
from tests.people import Visitor
from tests.runs.reporting_kit import Reports
from tests.support.console.kit import CONSOLE_URL, SESSION_KEY, AgentBrowser, Operator
from tests.support.kit import SUPPORT_KEY

APPROVE = "/settings/account-access/approve"
NewBrowser = Callable[..., AgentBrowser]
NewAgent = Callable[..., Awaitable[AgentBrowser]]


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs to guess a password is not what these tests wait for."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_NOBODYS", cheap.hash("nobody's"))


@pytest.fixture
def console_settings(migrated_url: str, console_role: str) -> ConsoleSettings:
    """Settings of a developer's machine."""
    return ConsoleSettings(
        app_env="development",
        support_base_url=CONSOLE_URL,
        support_database_url=migrated_url,
        support_private_keys=base64.b64encode(SUPPORT_KEY).decode(),
        support_session_keys=base64.b64encode(SESSION_KEY).decode(),
    )


@pytest.fixture
async def console_app(console_settings: ConsoleSettings) -> AsyncIterator[FastAPI]:
    """The console's program, started."""
    app = create_console(console_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def parts(console_app: FastAPI) -> Console:
    """The parts of the running console."""
    found: Console = console_app.state.console
    return found


@pytest.fixture
async def new_browser(console_app: FastAPI) -> AsyncIterator[NewBrowser]:
    """``new_browser()``: somebody who proves nothing; ``place`` is where they sit."""
    async with AsyncExitStack() as stack:
        made: list[AgentBrowser] = []

        def browser(app: FastAPI = console_app, place: str = "192.0.2.1") -> AgentBrowser:
            transport = httpx.ASGITransport(app, client=(place, 50_000))
            found = AgentBrowser(httpx.AsyncClient(transport=transport, base_url=CONSOLE_URL))
            stack.push_async_callback(found.http.aclose)
            made.append(found)
            return found

        yield browser


@pytest.fixture
def operator(superuser: psycopg.Connection) -> Operator:
    return Operator(superuser, ConsoleKeys([SESSION_KEY]))


@pytest.fixture
def agent(new_browser: NewBrowser, operator: Operator, parts: Console) -> NewAgent:
    """``await agent()``: an agent who has signed in."""

    async def signed_in(email: str = "sam@vendor.example", name: str = "Sam") -> AgentBrowser:
        operator.create_by_provider(email, name)
        async with parts.database.of_nobody() as session:
            token = await parts.sessions.begin(session, operator.id_of(email))
        browser = new_browser()
        browser.http.cookies.set(COOKIE, token, domain="support.example.com", path="/")
        return browser

    return signed_in


@pytest.fixture
async def approved(reports: Reports, as_: Callable[..., Visitor]) -> UUID:
    """The customer of the sandbox, who lets support in for a week."""
    answer = await as_("admin").post(APPROVE, data={"end": "week", "note": "Ticket 42"})
    assert answer.status_code == 200
    return reports.instance_id
