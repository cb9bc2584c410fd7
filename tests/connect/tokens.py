"""Page and context tokens, good and bad, and the two ways to verify them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from connect import (
    Claims,
    Site,
    TokenProblem,
    TokenRefused,
    parse_token,
    unverified_issuer,
    verify_context_token,
    verify_page_token,
)
from tests.connect.kit import (
    APP_KEY,
    APP_URL,
    NOW,
    SECRET,
    claims,
    page_claims,
    signed,
    site,
)

PATH = "/connect/pages/project"
QUERY = "projectId=10001&projectKey=PAY&lic=active&xdm_e=https%3A%2F%2Fone.atlassian.net"
Verify = Callable[..., Claims]


def as_page(token: str, of: Site | None = None, now: float = NOW, **request: str) -> Claims:
    where = {"method": "GET", "path": PATH, "query": f"{QUERY}&jwt={token}"} | request
    return verify_page_token(
        parse_token(token), of or site(), **where, app_base_url=APP_URL, app_key=APP_KEY, now=now
    )


def as_context(token: str, of: Site | None = None, now: float = NOW) -> Claims:
    return verify_context_token(
        parse_token(token), of or site(), app_base_url=APP_URL, app_key=APP_KEY, now=now
    )


def issuer_of(token: str) -> str:
    return unverified_issuer(parse_token(token))


def page_token(**changes: Any) -> str:
    return signed(page_claims("GET", PATH, QUERY, **changes))


def context_token(**changes: Any) -> str:
    return signed(claims(**changes))


KINDS: list[Any] = [
    pytest.param(page_token, as_page, id="page"),
    pytest.param(context_token, as_context, id="context"),
]
every_kind = pytest.mark.parametrize(("mint", "verify"), KINDS)


def refusal(verify: Callable[..., object], token: str, **more: Any) -> TokenProblem:
    with pytest.raises(TokenRefused) as refused:
        verify(token, **more)
    assert len(str(refused.value)) < 200
    for part in token.split("."):
        assert len(part) < 4 or part not in str(refused.value)
    return refused.value.reason


def raw_token(header: Any, payload: Any, secret: str = SECRET) -> str:
    """Sign whatever it is, also what a library would not."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)
    ]
    text = ".".join(_b64(part) for part in parts)
    return f"{text}.{_b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
