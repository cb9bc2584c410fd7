from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from sandbox.gitlab.main import create_app
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import OWNER_TOKEN
from sandbox.gitlab.state import GitLabState
from tests.servers import free_port, serving

URL = "http://gitlab.test"
HERE = "/api/v4/projects/acme%2Fpayments"


@dataclass
class Listener:
    """Takes webhooks; `told` are headers and bodies in the order of arrival."""

    told: list[tuple[dict[str, str], Any]] = field(default_factory=list)

    def asgi(self) -> FastAPI:
        app = FastAPI()

        @app.post("/hook")
        async def take(request: Request) -> None:
            self.told.append((dict(request.headers), await request.json()))

        return app


@dataclass
class Place:
    """A GitLab in this process; `http` speaks to it as an owner of its projects."""

    gitlab: GitLab
    http: httpx.AsyncClient
    listener: Listener

    async def listen(self, **wanted: bool | str) -> None:
        answer = await self.http.post(
            f"{HERE}/hooks",
            json={"url": "http://listener.test/hook", "token": "s3cret", **wanted},
        )
        assert answer.status_code == 201, answer.text

    async def heard(self) -> list[Any]:
        await self.gitlab.deliveries.settle()
        return [body for _, body in self.listener.told]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    listener = Listener()
    out = httpx.AsyncClient(transport=httpx.ASGITransport(listener.asgi()))
    app = create_app(GitLabState.fresh(URL, issues=60), http=out)
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=URL, headers={"PRIVATE-TOKEN": OWNER_TOKEN}
    )
    async with out, http:
        yield Place(app.state.standin, http, listener)


@pytest.fixture
def live() -> Iterator[tuple[str, GitLab]]:
    """On a port, for clients that bring their own transport."""
    port = free_port()
    app = create_app(GitLabState.fresh(f"http://localhost:{port}", issues=120), date_header=False)
    with serving(app, port) as url:
        yield url, app.state.standin
