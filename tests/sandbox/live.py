"""The site and the stub, both listening."""

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.main import create_app
from sandbox.running import Sandbox
from sandbox.site import SiteState
from tests.sandbox.stub_app import StubApp
from tests.servers import free_port, serving


@dataclass
class LiveWorld:
    """`url` is the site's; `control` calls its /sandbox/api."""

    url: str
    stub: StubApp
    sandbox: Sandbox

    def control(self, method: str, path: str, json: Any = None) -> httpx.Response:
        response = httpx.request(method, f"{self.url}/sandbox/api{path}", json=json, timeout=20)
        response.raise_for_status()
        return response


@contextlib.contextmanager
def live_world(a_site: dict[str, Any]) -> Iterator[LiveWorld]:
    app_port, site_port = free_port(), free_port()
    site_url = f"http://localhost:{site_port}"
    stub = StubApp(f"http://localhost:{app_port}", site_url=site_url)
    site = SiteState.from_json(copy.deepcopy({**a_site, "base_url": site_url}))
    app = create_app(site, app_http=httpx.AsyncClient(), close_http=True)
    with serving(stub.asgi, app_port) as app_url, serving(app, site_port):
        world = LiveWorld(site_url, stub, app.state.sandbox)
        world.control("POST", "/install", {"url": f"{app_url}/atlassian-connect.json"})
        yield world
