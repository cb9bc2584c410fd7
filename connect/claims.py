"""The claims that every Atlassian token is judged by, whatever signed it."""

import hmac
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from connect.qsh import query_string_hash
from connect.refusals import TokenProblem, TokenRefused

LEEWAY_S = 30
# Hosts sign pages for minutes and context tokens for less than an hour; a longer life would keep
# a leaked token useful, and make the memory of used lifecycle tokens long.
MAX_LIFETIME_S = 3600
CONTEXT_QSH = "context-qsh"
ACCOUNT_ID = re.compile(r"[A-Za-z0-9:_-]{1,128}").fullmatch


def check_times(claims: Mapping[str, Any], now: float) -> tuple[int, int]:
    """`iat` and `exp` in seconds since the epoch, both required, judged with 30 s of leeway."""
    issued_at = _number(claims, "iat")
    expires_at = _number(claims, "exp")
    if expires_at <= now - LEEWAY_S:
        raise TokenRefused(TokenProblem.EXPIRED, "The token has expired.")
    if issued_at > now + LEEWAY_S:
        raise TokenRefused(TokenProblem.NOT_YET_VALID, "The token was issued in the future.")
    if "nbf" in claims and _number(claims, "nbf") > now + LEEWAY_S:
        raise TokenRefused(TokenProblem.NOT_YET_VALID, "The token is not valid yet.")
    if not 0 < expires_at - issued_at <= MAX_LIFETIME_S:
        raise TokenRefused(
            TokenProblem.LIFETIME, "The token must live longer than 0 s, at most 1 h."
        )
    return int(issued_at), int(expires_at)


def check_issuer(claims: Mapping[str, Any], expected: str) -> None:
    """`iss` is exactly the site's client key."""
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not _same(issuer, expected):
        raise TokenRefused(TokenProblem.ISSUER, "The token was not issued by this site.")


def check_audience(claims: Mapping[str, Any], accepted: Iterable[str]) -> None:
    """`aud`, a text or a list of them, names one of `accepted`; trailing slashes do not count."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise TokenRefused(
            TokenProblem.AUDIENCE, "The token's audience is no text or list of texts."
        )
    if {name.rstrip("/") for name in named}.isdisjoint(name.rstrip("/") for name in accepted):
        raise TokenRefused(TokenProblem.AUDIENCE, "The token is meant for another app.")


def check_bound(claims: Mapping[str, Any], method: str, path: str, query: str) -> None:
    """`qsh` is the hash of this very request, and not a context token's literal."""
    qsh = _qsh(claims)
    if qsh == CONTEXT_QSH:
        raise TokenRefused(
            TokenProblem.KIND, "A context token was sent where a token for this URL is needed."
        )
    if not _same(qsh, query_string_hash(method, path, query)):
        raise TokenRefused(TokenProblem.QSH, "The token is bound to another method, path or query.")


def check_context(claims: Mapping[str, Any]) -> None:
    """`qsh` is the literal of tokens from `AP.context.getToken()`."""
    if _qsh(claims) != CONTEXT_QSH:
        raise TokenRefused(
            TokenProblem.KIND, "A token for one URL was sent where a context token is needed."
        )


def account_id(claims: Mapping[str, Any]) -> str | None:
    """The person's Atlassian account id, None for anonymous pages."""
    subject = claims.get("sub")
    if subject is None:
        return None
    if not isinstance(subject, str) or not ACCOUNT_ID(subject):
        raise TokenRefused(TokenProblem.MALFORMED, "The token's subject is no account id.")
    return subject


def context_value(claims: Mapping[str, Any], entity: str, attribute: str) -> str | None:
    """`context.jira.<entity>.<attribute>` as text, None where the page has no such context."""
    value: Any = claims.get("context")
    for name in ("jira", entity, attribute):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _bad_context()
        value = value.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and is_plain_text(value)):
        return value
    raise _bad_context()


def is_plain_text(value: str) -> bool:
    """1 to 255 printable characters: nothing that a database or a log would choke on."""
    return 0 < len(value) <= 255 and value.isprintable()


def _bad_context() -> TokenRefused:
    return TokenRefused(TokenProblem.MALFORMED, "The token's context has an unexpected shape.")


def _qsh(claims: Mapping[str, Any]) -> str:
    qsh = claims.get("qsh")
    if not isinstance(qsh, str):
        raise TokenRefused(TokenProblem.QSH, "The token has no query string hash.")
    return qsh


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # bool is an int to Python, and 1e999 a float: neither is a time.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(TokenProblem.MALFORMED, f"The token's {name} is missing or no number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise TokenRefused(TokenProblem.MALFORMED, f"The token's {name} is no finite number.")
    if not 0 <= value < 2**53:
        raise TokenRefused(TokenProblem.MALFORMED, f"The token's {name} is no point in time.")
    return value


def _same(left: str, right: str) -> bool:
    # JSON may hold half a surrogate pair, which no other encoding mode takes.
    return hmac.compare_digest(left.encode(errors="surrogatepass"), right.encode())
