"""Agents of support in front of the console, and the operator who makes them."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pyotp

from app.encryption import ConsoleKeys
from app.support.console import agents
from app.support.console.sessions import COOKIE

CONSOLE_URL = "https://support.example.com"
SESSION_KEY = b"what the console seals with, 32."
EMAIL = "sam@vendor.example"
OWN_PAGE = {"Origin": CONSOLE_URL, "Sec-Fetch-Site": "same-origin"}


@dataclass
class AgentBrowser:
    """A browser at the console; what it sends is what browsers send."""

    http: httpx.AsyncClient

    async def open(self, path: str, **options: Any) -> httpx.Response:
        """Go to an address."""
        return await self.http.get(path, headers={"Accept": "text/html"}, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """What htmx asks for."""
        headers = {"Accept": "text/html", "HX-Request": "true", **options.pop("headers", {})}
        return await self.http.get(path, headers=headers, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a form of a page of the console."""
        headers = {"Accept": "text/html", **OWN_PAGE, **options.pop("headers", {})}
        return await self.http.post(path, headers=headers, **options)

    @property
    def token(self) -> str:
        """What is in the cookie of the session; empty without one."""
        return self.http.cookies.get(COOKIE) or ""


@dataclass
class SignInOf:
    """What an agent signs in with."""

    email: str
    password: str
    totp: pyotp.TOTP
    _used: set[str] = field(default_factory=set)

    def form(self, **changed: str) -> dict[str, str]:
        return {
            "email": self.email,
            "password": self.password,
            "code": self.totp.now(),
            **changed,
        }


@dataclass(frozen=True)
class Operator:
    """Gives the commands of ``python -m app.support.console.agents``."""

    connection: psycopg.Connection[Any]
    keys: ConsoleKeys

    def create(self, email: str = EMAIL, name: str = "Sam Support") -> SignInOf:
        told = agents.create(self.connection, self.keys, email, name, by_provider=False)
        return credentials(told)

    def create_by_provider(self, email: str = EMAIL, name: str = "Sam Support") -> None:
        agents.create(self.connection, self.keys, email, name, by_provider=True)

    def disable(self, email: str = EMAIL) -> None:
        agents.disable(self.connection, email)

    def id_of(self, email: str = EMAIL) -> UUID:
        row = self.connection.execute(
            "SELECT id FROM support_agents WHERE email = %s", (email,)
        ).fetchone()
        assert row
        found: UUID = row[0]
        return found


def credentials(told: str) -> SignInOf:
    """What the operator's command has printed."""
    email = re.search(r"^E-mail address: +(\S+)$", told, re.M)
    password = re.search(r"^Password: +(\S+)$", told, re.M)
    uri = re.search(r"otpauth://\S+", told)
    assert email
    assert password
    assert uri
    totp = pyotp.parse_uri(uri[0])
    assert isinstance(totp, pyotp.TOTP)
    return SignInOf(email[1], password[1], totp)
