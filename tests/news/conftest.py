"""Tools beside the app in one process, that reach each other as they would on the web."""

import copy
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from sandbox.azure.main import create_app as create_azure
from sandbox.azure.running import Azure
from sandbox.azure.seed import TOKEN as AZURE_TOKEN
from sandbox.azure.state import AzureState
from sandbox.gitlab.main import create_app as create_gitlab
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import OWNER_TOKEN
from sandbox.gitlab.state import GitLabState
from sandbox.main import create_app as create_jira
from sandbox.running import Sandbox
from sandbox.seed_other import OLGA_EMAIL, OLGA_TOKEN, fresh_other_site
from sandbox.site import SiteState
from tests.integrations.kit import connected, created
from tests.people import Visitor

OTHER_JIRA, GITLAB, AZURE = (f"http://localhost:{port}" for port in (2991, 2992, 2993))
Doors = dict[str, httpx.AsyncBaseTransport]
Kept = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
def ready(configured: Sandbox, app: FastAPI, doors: Doors) -> Sandbox:
    """The app is set up and reaches the tools of this process."""

    class ByAddress(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            address = f"{request.url.scheme}://{request.url.netloc.decode()}"
            return await doors[address].handle_async_request(request)

    def reach_tools(_rule: object, _look_up: object) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=ByAddress())

    app.state.house = replace(app.state.house, new_tool_client=reach_tools)
    return configured


@pytest.fixture
def gitlab(http: httpx.AsyncClient, doors: Doors) -> GitLab:
    program = create_gitlab(GitLabState.fresh(GITLAB, issues=3), http=http)
    doors[GITLAB] = httpx.ASGITransport(program)
    found: GitLab = program.state.standin
    return found


@pytest.fixture
def azure(http: httpx.AsyncClient, doors: Doors) -> Azure:
    program = create_azure(AzureState.fresh(AZURE, items=3), http=http)
    doors[AZURE] = httpx.ASGITransport(program)
    found: Azure = program.state.standin
    return found


@pytest.fixture(scope="session")
def opened_other_site() -> SiteState:
    """Another company's Jira as it is opened; making its key takes long, so it is made once."""
    return fresh_other_site(OTHER_JIRA)


@pytest.fixture
def other_jira(opened_other_site: SiteState, http: httpx.AsyncClient, doors: Doors) -> Sandbox:
    program = create_jira(copy.deepcopy(opened_other_site), app_http=http)
    doors[OTHER_JIRA] = httpx.ASGITransport(program)
    found: Sandbox = program.state.sandbox
    return found


@pytest.fixture
def kept_with_gitlab(gitlab: GitLab) -> Kept:
    """Creates an integration with acme/payments; its id."""

    async def make(visitor: Visitor, token: str = OWNER_TOKEN, **changes: str) -> str:
        its = await connected(visitor, address=GITLAB, credential_token=token)
        wanted: dict[str, Any] = {"connection_id": its, "tool_place": "acme/payments", **changes}
        return await created(visitor, **wanted)

    return make


@pytest.fixture
def kept_with_azure(azure: Azure) -> Kept:
    """Creates an integration with Payments; its id."""

    async def make(visitor: Visitor, token: str = AZURE_TOKEN) -> str:
        its = await connected(
            visitor, tool="azure", address=f"{AZURE}/acme", credential_token=token
        )
        return await created(visitor, tool="azure", connection_id=its, tool_place="Payments")

    return make


@pytest.fixture
def kept_with_jira(other_jira: Sandbox) -> Kept:
    """Creates an integration with ENG of the other Jira; its id."""

    async def make(visitor: Visitor) -> str:
        its = await connected(
            visitor,
            tool="jira",
            address=OTHER_JIRA,
            credential_email=OLGA_EMAIL,
            credential_token=OLGA_TOKEN,
        )
        return await created(visitor, tool="jira", connection_id=its, tool_place="ENG")

    return make


@pytest.fixture
def rows(superuser: psycopg.Connection) -> Callable[[], list[tuple[Any, ...]]]:
    """What is known of webhooks: registered, heard_at."""
    return lambda: superuser.execute("SELECT registered, heard_at FROM tool_news").fetchall()
