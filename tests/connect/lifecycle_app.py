"""The lifecycle routes as tests mount them, and what Jira sends to them."""

import json
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI

from connect import (
    AllowedHosts,
    InstallKeys,
    lifecycle_router,
)
from tests.connect import kit
from tests.connect.kit import (
    APP_KEY,
    APP_URL,
    CLIENT_KEY,
    KID,
    RSA_KEY,
    SECRET,
    MemoryStore,
)

NEW_SECRET = "n" * 40
BASE_URL = "https://one.atlassian.net"


class App:
    """The routes behind ASGI, with a key server that counts."""

    def __init__(self, app_url: str = APP_URL, mount: str = "") -> None:
        self.store = MemoryStore()
        self.asked_keys: list[str] = []
        self.key_server_up = True
        keys = InstallKeys(
            "https://keys.example.com",
            httpx.AsyncClient(transport=httpx.MockTransport(self._key_server)),
        )
        api = FastAPI()
        api.include_router(
            lifecycle_router(
                app_key=APP_KEY,
                app_base_url=app_url,
                allowed_hosts=AllowedHosts(["*.atlassian.net"], allow_http_loopback=False),
                keys=keys,
                store=self.store,
            ),
            prefix=mount,
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=api), base_url="https://app.example.com"
        )

    def _key_server(self, request: httpx.Request) -> httpx.Response:
        self.asked_keys.append(request.url.path)
        if not self.key_server_up:
            raise httpx.ConnectTimeout("slow", request=request)
        if request.url.path != f"/{KID}":
            return httpx.Response(404)
        public = RSA_KEY.public_key()
        return httpx.Response(
            200, content=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    async def send(
        self, event: str, token: str | None, body: dict[str, Any] | bytes, query: str = ""
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if token is None else {"Authorization": f"JWT {token}"}
        return await self.http.post(
            f"/connect/lifecycle/{event}{query}", content=content, headers=headers
        )


def body(event: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "key": APP_KEY,
        "clientKey": CLIENT_KEY,
        "eventType": event,
        "baseUrl": BASE_URL,
        "displayUrl": "https://jira.customer.example",
        "productType": "jira",
        "description": "Atlassian Jira at https://one.atlassian.net",
        "someNewField": {"nobody": ["knows"]},
    }
    if event == "installed":
        fields["sharedSecret"] = SECRET
    return {name: value for name, value in (fields | changes).items() if value is not None}


def token_for(event: str, **changes: Any) -> str:
    if event in {"installed", "uninstalled"}:
        return kit.install_token(event, **changes)
    return kit.site_token(event, **changes)


def assert_refused(answer: httpx.Response, status: int, reason: str | None = None) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no-store" in answer.headers["cache-control"]
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("reason") == reason
    assert SECRET not in answer.text
    assert NEW_SECRET not in answer.text


EVENTS = ["installed", "uninstalled", "enabled", "disabled"]
