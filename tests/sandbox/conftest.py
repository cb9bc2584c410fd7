import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.main import create_app
from sandbox.running import Sandbox
from sandbox.site import SiteState
from tests.sandbox.app_calls import app_authorization
from tests.sandbox.live import LiveWorld, live_world
from tests.sandbox.stub_app import BASE_URL, StubApp

SITE_URL = "http://localhost:2990"
DESCRIPTOR_URL = f"{BASE_URL}/atlassian-connect.json"


@dataclass
class World:
    """A site with the stub installed; `http` talks to the site."""

    sandbox: Sandbox
    stub: StubApp
    http: httpx.AsyncClient

    async def as_app(
        self, method: str, url: str, params: Any = None, json: Any = None, **more: Any
    ) -> httpx.Response:
        request = self.http.build_request(method, url, params=params, json=json, **more)
        addon = self.sandbox.host.addon
        request.headers["Authorization"] = app_authorization(
            method, request.url.raw_path.decode(), addon.key, addon.shared_secret
        )
        return await self.http.send(request)

    async def as_person(self, account_id: str, method: str, url: str, **more: Any) -> Any:
        return await self.http.request(method, url, auth=(account_id, "any"), **more)


@pytest.fixture(scope="session")
def a_site() -> dict[str, Any]:
    """Making an RSA key takes a moment, so all tests start from copies of one site."""
    return SiteState.fresh(SITE_URL).to_json()


@pytest.fixture
def first_site(a_site: dict[str, Any]) -> SiteState:
    """What a test's world begins with."""
    return SiteState.from_json(copy.deepcopy(a_site))


@pytest.fixture
async def world(first_site: SiteState) -> AsyncIterator[World]:
    async with world_of(first_site) as world:
        yield world


@asynccontextmanager
async def world_of(site: SiteState) -> AsyncIterator[World]:
    """This site as a program, with the stub installed in it."""
    stub = StubApp()
    app_http = httpx.AsyncClient(transport=httpx.ASGITransport(stub.asgi))
    app = create_app(site, app_http=app_http)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE_URL)
    async with app_http, http:
        world = World(app.state.sandbox, stub, http)
        await world.sandbox.host.install(DESCRIPTOR_URL)
        yield world


@pytest.fixture(scope="module")
def live(a_site: dict[str, Any]) -> Iterator[LiveWorld]:
    """Real servers, shared by a module: start them once."""
    with live_world(a_site) as world:
        yield world
