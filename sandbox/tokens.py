"""The site's reading of Atlassian Connect's JWTs: what it signs, and what it lets in."""

import hashlib
import hmac
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

CONTEXT_QSH = "context-qsh"
PAGE_LIFE = 180
CONTEXT_LIFE = 900


class TokenRefusedError(Exception):
    """The app's token does not hold; the text says why and shows nothing of the token."""


def query_string_hash(method: str, path: str, query: str) -> str:
    """`qsh` of one request; `path` is relative to the base URL, `query` still encoded.

    Source: Atlassian, "Understanding JWT for Connect apps", creating a query string hash.
    """
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "jwt":
            values[name].append(value)
    encoded = sorted(
        (quote(name, safe="-._~"), ",".join(quote(v, safe="-._~") for v in sorted(found)))
        for name, found in values.items()
    )
    canonical_path = "/" + path.removeprefix("/").removesuffix("/").replace("&", "%26")
    canonical_query = "&".join(f"{name}={value}" for name, value in encoded)
    canonical = f"{method.upper()}&{canonical_path}&{canonical_query}"
    return hashlib.sha256(canonical.encode()).hexdigest()


def sign_page(
    client_key: str,
    secret: str,
    *,
    qsh: str,
    account_id: str | None = None,
    context: Mapping[str, Any] | None = None,
    life: int = PAGE_LIFE,
) -> str:
    """HS256, by the site, for a page, a webhook or (with CONTEXT_QSH) `AP.context.getToken`."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": client_key,
        "iat": now,
        "exp": now + life,
        "qsh": qsh,
        "context": dict(context or {}),
        "jti": str(uuid.uuid4()),
    }
    if account_id is not None:
        claims["sub"] = account_id
    return jwt.encode(claims, secret, algorithm="HS256")


def sign_install(
    client_key: str, private_pem: str, kid: str, *, audience: str, qsh: str, account_id: str | None
) -> str:
    """RS256, by Atlassian, for `installed` and `uninstalled`."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": client_key,
        "aud": [audience],
        "iat": now,
        "exp": now + PAGE_LIFE,
        "qsh": qsh,
        "context": {},
        "jti": str(uuid.uuid4()),  # two events within a second are two tokens
    }
    if account_id is not None:
        claims["sub"] = account_id
    return jwt.encode(claims, _key(private_pem), algorithm="RS256", headers={"kid": kid})


def public_pem(private_pem: str) -> str:
    """The SPKI PEM that the key server hands out."""
    return (
        _key(private_pem)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@lru_cache(8)
def _key(private_pem: str) -> RSAPrivateKey:
    """Checking that a key is one takes long; a site has the same for all its life."""
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - the site made it
    return key


def verify_app_token(token: str, *, app_key: str, secret: str, qsh: str) -> None:
    """Let a call of the app in, or raise TokenRefusedError."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            issuer=app_key,
            # Jira takes `aud` or leaves it.
            options={"require": ["exp", "iat", "iss", "qsh"], "verify_aud": False},
        )
    except jwt.PyJWTError as refused:
        raise TokenRefusedError(type(refused).__name__) from None
    if not hmac.compare_digest(str(claims["qsh"]), qsh):
        raise TokenRefusedError("the query hash is that of another request")
