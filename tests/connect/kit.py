"""What the tests of connect/ share: one site, one app, one clock, and a host that signs."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from connect import LifecycleEvent, Site, TokenReplayed, UsedToken, query_string_hash

APP_KEY = "com.getint.jira"
APP_URL = "https://app.example.com"
SECRET = "s" * 40
OLD_SECRET = "o" * 40
CLIENT_KEY = "5b1c4c1e-client"
ACCOUNT = "5b10a2844c20165700ede21a"
NOW = 1_800_000_000
RSA_KEY: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
KID = "b1946ac9-2d7f-4b1a-8f3e-0d1c2b3a4f5e"


def site(**changes: Any) -> Site:
    url = "https://one.atlassian.net"
    fields = {"client_key": CLIENT_KEY, "base_url": url, "display_url": url, "secret": SECRET}
    return Site(**(fields | changes))


def claims(**changes: Any) -> dict[str, Any]:
    """A good context token's claims; a value of None takes the claim out."""
    good = {
        "iss": CLIENT_KEY,
        "iat": NOW,
        "exp": NOW + 180,
        "qsh": "context-qsh",
        "sub": ACCOUNT,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def page_claims(method: str, path: str, query: str, **changes: Any) -> dict[str, Any]:
    return claims(**({"qsh": query_string_hash(method, path, query)} | changes))


def signed(payload: dict[str, Any], secret: str = SECRET, **header: Any) -> str:
    return jwt.encode(payload, secret, "HS256", headers=header or None)


def install_token(event: str, client_key: str = CLIENT_KEY, **changes: Any) -> str:
    """What Atlassian sends with `installed` and `uninstalled`, at the real time."""
    kid = changes.pop("kid", KID)
    key = changes.pop("key", RSA_KEY)
    payload = page_claims(
        "POST",
        f"/connect/lifecycle/{event}",
        "",
        **({"iss": client_key, "aud": [APP_URL]} | _times() | changes),
    )
    return jwt.encode(payload, key, "RS256", headers={"kid": kid})


def site_token(event: str, secret: str = SECRET, **changes: Any) -> str:
    """What a site sends with `enabled` and `disabled`, at the real time."""
    path = f"/connect/lifecycle/{event}"
    return signed(page_claims("POST", path, "", **(_times() | changes)), secret)


def _times() -> dict[str, int]:
    now = int(time.time())
    return {"iat": now, "exp": now + 180}


class MemoryStore:
    """Sites in a dictionary; `enabled` and `disabled` are only written down."""

    def __init__(self) -> None:
        self.sites: dict[str, Site] = {}
        self.used: dict[bytes, int] = {}
        self.applied: list[LifecycleEvent] = []

    async def find(self, client_key: str) -> Site | None:
        return self.sites.get(client_key)

    async def apply(self, event: LifecycleEvent, token: UsedToken) -> None:
        if token.fingerprint in self.used:
            raise TokenReplayed
        self.used[token.fingerprint] = token.expires_at
        self.applied.append(event)
        if event.shared_secret is not None and event.base_url is not None:
            self.sites[event.client_key] = Site(
                client_key=event.client_key,
                base_url=event.base_url,
                display_url=event.display_url or event.base_url,
                secret=event.shared_secret.get_secret_value(),
            )
