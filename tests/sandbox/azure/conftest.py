from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from sandbox.azure.main import create_app
from sandbox.azure.running import Azure
from sandbox.azure.seed import TOKEN
from sandbox.azure.state import AzureState
from tests.servers import free_port, serving

URL = "http://azure.test"
PATCH = {"Content-Type": "application/json-patch+json"}


@dataclass
class Listener:
    """Takes service hooks; `told` are headers and bodies in the order of arrival.

    `answers` are the statuses of the next answers, before all is well.
    """

    told: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def asgi(self) -> FastAPI:
        app = FastAPI()

        @app.post("/hook")
        async def take(request: Request) -> Response:
            self.told.append((dict(request.headers), await request.json()))
            return Response(status_code=self.answers.pop(0) if self.answers else 200)

        return app


@dataclass
class Place:
    """An organisation in this process; `http` speaks to it with a good token."""

    azure: Azure
    http: httpx.AsyncClient
    listener: Listener

    async def call(
        self, method: str, path: str, *, version: str = "7.1", **more: Any
    ) -> httpx.Response:
        """`path` follows the organisation's name."""
        mark = "&" if "?" in path else "?"
        url = f"/acme{path}{mark}api-version={version}"
        return await self.http.request(method, url, **more)

    async def make(self, kind: str = "Bug", project: str = "Payments", **fields: Any) -> Any:
        body = [
            {"op": "add", "path": f"/fields/{name.replace('__', '.')}", "value": value}
            for name, value in {"System__Title": "A title", **fields}.items()
        ]
        return await self.call(
            "POST", f"/{project}/_apis/wit/workitems/${kind}", json=body, headers=PATCH
        )

    async def change(self, item_id: int, *operations: Any, query: str = "") -> httpx.Response:
        path = f"/_apis/wit/workitems/{item_id}{query}"
        return await self.call("PATCH", path, json=list(operations), headers=PATCH)

    async def ask(self, condition: str, *, query: str = "") -> httpx.Response:
        wiql = f"SELECT [System.Id] FROM WorkItems WHERE {condition}"  # noqa: S608 - no SQL
        return await self.call("POST", f"/Payments/_apis/wit/wiql{query}", json={"query": wiql})

    async def listen(self, event: str, **inputs: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "publisherId": "tfs",
            "eventType": event,
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "consumerInputs": {
                "url": "http://listener.test/hook",
                "basicAuthUsername": "getint",
                "basicAuthPassword": "s3cret",
                **{name: inputs.pop(name) for name in list(inputs) if name.endswith("ToSend")},
            },
        }
        body["publisherInputs"] = inputs
        return await self.call("POST", "/_apis/hooks/subscriptions", json=body)

    async def heard(self) -> list[Any]:
        await self.azure.deliveries.settle()
        return [body for _, body in self.listener.told]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    listener = Listener()
    out = httpx.AsyncClient(transport=httpx.ASGITransport(listener.asgi()))
    app = create_app(AzureState.fresh(URL, items=60), http=out)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, auth=("", TOKEN))
    async with out, http:
        yield Place(app.state.standin, http, listener)


@pytest.fixture
def live() -> Iterator[tuple[str, Azure]]:
    """On a port, for clients that bring their own transport."""
    port = free_port()
    app = create_app(AzureState.fresh(f"http://localhost:{port}", items=260), date_header=False)
    with serving(app, port) as url:
        yield f"{url}/acme", app.state.standin
