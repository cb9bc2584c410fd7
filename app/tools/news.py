"""What a tool tells by a webhook, and the protocol of the tools that do.

News are never more than a hint to look: what changed is read from the tool itself. So news that
come twice, late or in disorder do no harm, and of their body nothing is kept.
"""

import base64
import binascii
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.tools.http import ToolHttp
from app.tools.side import Unsure

HOOK_NAME = "Getint"
_PREFIX = "whsec_"
_ID = re.compile(r"[0-9]{1,18}").fullmatch


@dataclass(frozen=True, slots=True)
class News:
    """A message as it came, before anything of it is believed. Names of headers in any case."""

    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header; empty where there is none."""
        return self.headers.get(name, "")

    def said(self) -> Mapping[str, Any]:
        """The body as an object; an empty one where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class TellsNews(Protocol):
    """A tool that tells at once. Its methods that ask the tool raise the kinds of ``SideError``."""

    @property
    def steps(self) -> Sequence[str]:
        """How people make the webhook, in the tool's words."""

    @property
    def where(self) -> str:
        """Where people find it in the tool."""

    def is_proven(self, news: News, secret: str) -> bool:
        """Whether whoever sent this knows the secret. Takes as long for a no as for a yes."""

    def is_about(self, news: News, place: str) -> bool:
        """Whether an item of ``place`` changed; yes where proven news do not say which place."""

    def deleted(self, news: News) -> str | None:
        """The id of the item that proven news say was deleted; None where they do not."""

    async def register(self, http: ToolHttp, place: str, address: str, secret: str) -> str:
        """Have the tool tell ``address`` of changes in ``place``; what to remove it by."""

    async def remove(self, http: ToolHttp, place: str, registered: str) -> None:
        """Take away what ``register`` made; no error where it is gone already."""


def new_secret() -> str:
    """A random secret, written as Standard Webhooks and GitLab want it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that such a secret stands for."""
    return base64.b64decode(secret.removeprefix(_PREFIX))


def is_same(told: str, expected: str) -> bool:
    """Compare texts in a time that tells nothing of where they differ."""
    return hmac.compare_digest(told.encode(errors="replace"), expected.encode())


def password_in(authorization: str) -> str:
    """The password of HTTP Basic; empty where there is none."""
    scheme, _, pair = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(pair.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def told_id(answer: Any, name: str, tool: str) -> str:
    """What the tool calls the thing that it made. Raises ``Unsure`` where it does not say."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, str | int) or not str(found):
        raise Unsure(f"{tool} made a webhook and does not say which.")
    return str(found)


def item_id(value: Any) -> str | None:
    """An id of digits as a side has it; None for anything else."""
    found = str(value) if isinstance(value, str | int) else ""
    return found if _ID(found) else None


def member(value: Any, *path: str) -> Any:
    """What stands at ``path`` in nested objects; None where nothing does."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
