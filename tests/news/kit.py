"""Webhooks as tools send them, and what the page gives people to make one by hand."""

import base64
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlsplit

import httpx

from app.tools.news import key_of, new_secret

ISSUE = b'{"object_kind": "issue", "project": {"id": 1, "path_with_namespace": "acme/payments"}}'
_COPIED = re.compile(r'data-copy="([^"]*)"')


@dataclass(frozen=True)
class ByHand:
    """What people copy into their tool."""

    address: str
    secret: str = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.address).path


def given(answer: httpx.Response) -> ByHand:
    """The address and the secret that a page shows."""
    copied = [unescape(text) for text in _COPIED.findall(answer.text)]
    address = next(text for text in copied if "/hooks/" in text)
    return ByHand(address, next(text for text in copied if text.startswith("whsec_")))


def of_gitlab(
    secret: str = "", *, token: str = "", event: str = "Issue Hook", body: bytes = ISSUE
) -> dict[str, str]:
    """Headers of a GitLab's webhook, signed with ``secret`` or with a ``token`` as it is."""
    headers = {"X-Gitlab-Event": event, "Content-Type": "application/json"}
    if token:
        headers["X-Gitlab-Token"] = token
    return headers | signed(secret, body) if secret else headers


def signed(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """As Standard Webhooks sign, ``at`` a second."""
    second = str(int(time.time() if at is None else at))
    digest = hmac.digest(key_of(secret), f"msg_1.{second}.".encode() + body, "sha256")
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def of_azure(password: str, *, user: str = "getint") -> dict[str, str]:
    """Headers of an Azure DevOps service hook."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}


def of_jira(secret: str, body: bytes) -> dict[str, str]:
    """Headers of a webhook that an administrator of a Jira made."""
    digest = hmac.digest(secret.encode(), body, "sha256").hex()
    return {"X-Hub-Signature": f"sha256={digest}", "Content-Type": "application/json"}


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Names of headers as a request of ours has them."""
    return {name.lower(): value for name, value in headers.items()}


ANOTHER = new_secret()
