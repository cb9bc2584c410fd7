"""HS256 tokens: pages, the context tokens of loaded pages, and our own calls to Jira.

Each route accepts one kind. A page token is bound to its URL by `qsh`; a context token carries
the literal `context-qsh` and opens what loaded pages ask for, never a descriptor's URL
(Atlassian's advisory of 2021).
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from atlassian_jwt import encode_token

from connect import claims as judge
from connect.claims import LEEWAY_S
from connect.jws import Jws
from connect.refusals import TokenProblem, TokenRefused
from connect.sites import Site

# How long pages that were loaded before a new shared secret may go on asking with the old one.
PREVIOUS_SECRET_GRACE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times are seconds since the epoch; ids are Jira's."""

    client_key: str
    account_id: str | None
    issued_at: int
    expires_at: int
    project_id: str | None
    project_key: str | None
    issue_id: str | None
    signed_with_previous_secret: bool


def token_in_header(authorization: str | None) -> str:
    """The token of an `Authorization: JWT ...` header. Raises TokenRefused(missing)."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.upper() != "JWT" or not token.strip():
        raise TokenRefused(TokenProblem.MISSING, "The request has no Authorization: JWT header.")
    return token.strip()


def unverified_issuer(token: Jws) -> str:
    """The client key that a token claims to come from: good for a look-up and nothing else.

    Raises TokenRefused(malformed).
    """
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str) or not judge.is_plain_text(issuer):
        raise TokenRefused(TokenProblem.MALFORMED, "The token names no issuer.")
    return issuer


def verify_page_token(
    token: Jws,
    site: Site,
    *,
    method: str,
    path: str,
    query: str,
    app_base_url: str,
    app_key: str | None = None,
    now: float | None = None,
) -> Claims:
    """Verify the token of a framed page: the site's latest secret, `qsh` of this very request.

    `path` is relative to the path of our base URL and still encoded, `query` the raw query
    string. Raises TokenRefused.
    """
    return verify_bound_token(
        token,
        site,
        method=method,
        path=path,
        query=query,
        audiences=_audiences(site, app_base_url, app_key),
        now=now,
    )


def verify_bound_token(
    token: Jws,
    site: Site,
    *,
    method: str,
    path: str,
    query: str,
    audiences: tuple[str, ...],
    now: float | None = None,
) -> Claims:
    """The rule behind pages, `enabled` and `disabled`: signed by the site, bound to a request."""
    now = time.time() if now is None else now
    check_site_header(token)
    if not _signed_with(token, site.secret):
        raise _bad_signature()
    claims = _claims(token.claims, site, audiences, now, previous=False)
    judge.check_bound(token.claims, method, path, query)
    return claims


def verify_context_token(
    token: Jws,
    site: Site,
    *,
    app_base_url: str,
    app_key: str | None = None,
    now: float | None = None,
) -> Claims:
    """Verify a token from `AP.context.getToken()`. Raises TokenRefused.

    The previous secret still opens pages that were already loaded, until
    `site.previous_secret_until`: such a token must have been issued before the change.
    """
    now = time.time() if now is None else now
    check_site_header(token)
    previous = not _signed_with(token, site.secret)
    if previous and not _signed_with_previous(token, site, now):
        raise _bad_signature()
    claims = _claims(
        token.claims, site, _audiences(site, app_base_url, app_key), now, previous=previous
    )
    judge.check_context(token.claims)
    if previous and not _issued_before_change(claims, site):
        raise _bad_signature()
    return claims


def app_token(
    app_key: str,
    site: Site,
    method: str,
    path: str,
    query: str,
    *,
    now: float | None = None,
    lifetime_s: int = 180,
) -> str:
    """Our own token for one call to the site; `path` is relative to the site's base URL."""
    issued_at = int(time.time() if now is None else now)
    token: str = encode_token(
        method,
        f"{path}?{query}" if query else path,
        site.client_key,
        site.secret,
        payload_kwargs={
            "iss": app_key,  # by default the package names the site, which Jira refuses
            "aud": [site.client_key],
            "iat": issued_at,
            "exp": issued_at + lifetime_s,
        },
    )
    return token


def check_site_header(token: Jws) -> None:
    """A token signed with a site's secret says so. Raises TokenRefused(algorithm)."""
    if token.header.get("alg") != "HS256":
        raise TokenRefused(TokenProblem.ALGORITHM, "The token must be signed with HS256 here.")


def _signed_with(token: Jws, secret: str) -> bool:
    expected = hmac.digest(secret.encode(), token.signing_input, "sha256")
    return hmac.compare_digest(expected, token.signature)


def _signed_with_previous(token: Jws, site: Site, now: float) -> bool:
    if site.previous_secret is None or site.previous_secret_until is None:
        return False
    if now >= site.previous_secret_until.timestamp():
        return False
    return _signed_with(token, site.previous_secret)


def _issued_before_change(claims: Claims, site: Site) -> bool:
    if site.previous_secret_until is None:
        return False
    changed_at = (site.previous_secret_until - PREVIOUS_SECRET_GRACE).timestamp()
    return claims.issued_at <= changed_at + LEEWAY_S


def _claims(
    claims: Mapping[str, Any],
    site: Site,
    audiences: tuple[str, ...],
    now: float,
    *,
    previous: bool,
) -> Claims:
    issued_at, expires_at = judge.check_times(claims, now)
    judge.check_issuer(claims, site.client_key)
    if "aud" in claims:
        judge.check_audience(claims, audiences)
    return Claims(
        client_key=site.client_key,
        account_id=judge.account_id(claims),
        issued_at=issued_at,
        expires_at=expires_at,
        project_id=judge.context_value(claims, "project", "id"),
        project_key=judge.context_value(claims, "project", "key"),
        issue_id=judge.context_value(claims, "issue", "id"),
        signed_with_previous_secret=previous,
    )


def _audiences(site: Site, app_base_url: str, app_key: str | None) -> tuple[str, ...]:
    # Hosts leave `aud` out of HS256 tokens, or name the app or, as in calls to Jira, the client
    # key; the signature already ties the token to this site and app, so each of these is ours.
    if app_key is None:
        return (app_base_url, site.client_key)
    return (app_base_url, site.client_key, app_key)


def _bad_signature() -> TokenRefused:
    return TokenRefused(
        TokenProblem.SIGNATURE, "The token was not signed with this site's shared secret."
    )
