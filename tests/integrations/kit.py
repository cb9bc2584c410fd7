"""What people enter, and how what they get is read."""

import json
import re
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from tests.people import Visitor

PAY, OPS = "10001", "10002"
SECRET = "glpat-Never-To-Be-Seen-Again"
_ID = re.compile(r"/(?:integrations|connections)/([0-9a-f-]{36})")


def integration(**changes: str) -> dict[str, str]:
    """A form that a member of GitLab's group may send."""
    return {
        "kind": "integration",
        "name": "Payroll",
        "tool": "gitlab",
        "project_id": PAY,
        "connection_id": "",
        "tool_place": "acme/payroll",
        "direction": "both",
        "jql": "type = Bug",
        **changes,
    }


def edited(version: int = 1, **changes: str) -> dict[str, str]:
    """The same as an edit form sends it."""
    form = integration(**changes) | {"version": str(version)}
    del form["kind"]
    return form


def connection(**changes: str) -> dict[str, str]:
    """A form for a GitLab connection."""
    return {
        "name": "Our GitLab",
        "tool": "gitlab",
        "address": "https://gitlab.example.com",
        "credential_token": SECRET,
        "others_may": "view",
        **changes,
    }


def id_in(answer: httpx.Response) -> str:
    """The first id of a thing in a page."""
    found = _ID.search(answer.text)
    assert found, answer.text
    return str(UUID(found[1]))


async def created(visitor: Visitor, **changes: str) -> str:
    """Create an integration; its id."""
    answer = await visitor.post("/integrations", data=integration(**changes))
    assert answer.status_code == 200, words(answer)
    return id_in(answer)


async def connected(visitor: Visitor, **changes: str) -> str:
    """Create a connection; its id."""
    answer = await visitor.post("/connections", data=connection(**changes))
    assert answer.status_code == 200, words(answer)
    return id_in(answer)


def words(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def names(answer: httpx.Response) -> list[str]:
    """The names in a list's rows, in order."""
    return [
        unescape(re.sub(r"<[^>]*>", "", cell)).removesuffix(" Migration").strip()
        for cell in re.findall(r'<th scope="row">(.*?)</th>', answer.text, re.DOTALL)
    ]


def flag(answer: httpx.Response) -> dict[str, Any]:
    """The flag that an answer raises."""
    raised: dict[str, Any] = json.loads(answer.headers["hx-trigger"])["getint:flag"]
    return raised
