"""Programs of the sandbox's people, and what they send."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from tests.integrations.kit import PAY, SECRET
from tests.people import Visitor

V1 = "/api/v1"
_TOKEN = re.compile(r'<code id="new-token">([^<]+)</code>')


@dataclass(frozen=True)
class Program:
    """A program with the token of a person."""

    http: httpx.AsyncClient
    token: str

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.http.request(method, f"{V1}{path}", headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: Any) -> httpx.Response:
        return await self.ask("POST", path, json=json, **options)


def token_form(**changes: str) -> dict[str, str]:
    """What the dialog sends for a token that may do everything."""
    return {"name": "CI", "days": "30", "write": "true", "administer": "true", **changes}


async def made_token(visitor: Visitor, **changes: str) -> str:
    """Make a token as people do; the token as it is shown."""
    form = {name: value for name, value in token_form(**changes).items() if value}
    answer = await visitor.post("/account/tokens", data=form)
    assert answer.status_code == 200, answer.text
    found = _TOKEN.search(answer.text)
    assert found, answer.text
    return unescape(found[1])


def integration(**changes: object) -> dict[str, object]:
    """What a program of a member of GitLab's group may create."""
    return {
        "kind": "integration",
        "name": "Payroll",
        "tool": "gitlab",
        "project_id": PAY,
        "tool_place": "acme/payroll",
        "direction": "both",
        **changes,
    }


def connection(**changes: object) -> dict[str, object]:
    """A GitLab connection."""
    return {
        "name": "Our GitLab",
        "tool": "gitlab",
        "address": "https://gitlab.example.com",
        "credentials": {"token": SECRET},
        **changes,
    }


def id_of(answer: httpx.Response) -> str:
    """The id of what was made."""
    assert answer.status_code == 201, answer.text
    made = answer.json()["id"]
    assert answer.headers["location"].endswith(f"/{made}")
    return str(UUID(made))
