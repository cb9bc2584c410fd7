"""People with an account in front of the app, and what their browsers send."""

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pyotp
from fastapi import FastAPI

from app.signing_in import passwords
from app.signing_in.sessions import COOKIE
from tests.people import APP_URL

PASSWORD = "five old tram conductors"
WRONG = "E-mail address or password is wrong, or the account is not enabled."
OWN_PAGE = {"Origin": APP_URL, "Sec-Fetch-Site": "same-origin"}
FOREIGN_PAGES: tuple[dict[str, str], ...] = (
    {},
    {"Origin": "https://evil.example.com"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": APP_URL, "Sec-Fetch-Site": "cross-site"},
    {"Origin": f"{APP_URL}.evil.example.com"},
)


@dataclass
class Browser:
    """A browser outside of Jira. Keeps cookies as it would for https, which loopback counts as."""

    http: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, app: FastAPI, place: str = "192.0.2.1") -> "Browser":
        """One that sits at ``place``."""
        transport = httpx.ASGITransport(app, client=(place, 50_000))
        return cls(httpx.AsyncClient(transport=transport, base_url=APP_URL))

    @property
    def session(self) -> str:
        """What is in the cookie of the session; empty without one."""
        return self.cookies.get(COOKIE, "")

    async def open(self, path: str, **options: Any) -> httpx.Response:
        """Go to an address."""
        return await self.ask("GET", path, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """What htmx asks for."""
        return await self.ask("GET", path, headers={"HX-Request": "true"}, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a form of a page of ours."""
        headers = {**OWN_PAGE, **options.pop("headers", {})}
        return await self.ask("POST", path, headers=headers, **options)

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send exactly this, and the cookies."""
        headers = {"Accept": "text/html", **options.pop("headers", {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={it}" for name, it in self.cookies.items())
        answer = await self.http.request(method, path, headers=headers, **options)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return answer


@dataclass
class Accounts:
    """Makes accounts as they are in the database, and looks into it past row-level security."""

    app: FastAPI
    superuser: psycopg.Connection[Any]
    instance_id: UUID

    @property
    def base(self) -> str:
        """Where people of this instance sign in."""
        return f"/sign-in/{self.instance_id}"

    def user(
        self,
        name: str = "Pat Partner",
        *,
        level: str | None = "user",
        workspace_id: UUID | None = None,
        is_administrator: bool = False,
        enabled: bool = True,
        password: str | None = PASSWORD,
    ) -> UUID:
        """Somebody with access to a workspace (the first one), unless ``level`` is None."""
        account_id = uuid4()
        self.superuser.execute(
            "INSERT INTO accounts (id, instance_id, name, email, email_key, enabled,"
            " is_administrator, password_hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                account_id,
                self.instance_id,
                name,
                email_of(name),
                email_of(name),
                enabled,
                is_administrator,
                passwords.hash_of(password) if password else None,
            ),
        )
        if level is not None:
            self.give(account_id, workspace_id or self.first_workspace, level)
        return account_id

    def give(self, account_id: UUID, workspace_id: UUID, level: str = "user") -> None:
        """Access to a workspace."""
        self.superuser.execute(
            "INSERT INTO workspace_access (account_id, workspace_id, instance_id, level)"
            " VALUES (%s, %s, %s, %s)",
            (account_id, workspace_id, self.instance_id, level),
        )

    @property
    def first_workspace(self) -> UUID:
        row = self.superuser.execute(
            "SELECT jira_workspace_id FROM instances WHERE id = %s", (self.instance_id,)
        ).fetchone()
        assert row
        found: UUID = row[0]
        return found

    def workspace(self, name: str) -> UUID:
        """A new one."""
        its = uuid4()
        self.superuser.execute(
            "INSERT INTO workspaces (id, instance_id, name) VALUES (%s, %s, %s)",
            (its, self.instance_id, name),
        )
        return its

    def totp_of(self, account_id: UUID, instance_key: Any) -> pyotp.TOTP:
        """Give them a second factor, sealed by a key of the instance."""
        secret = pyotp.random_base32()
        sealed = instance_key.seal(secret.encode(), "accounts", account_id, "totp_secret")
        self.superuser.execute(
            "UPDATE accounts SET totp_secret = %s WHERE id = %s", (sealed, account_id)
        )
        return pyotp.TOTP(secret)

    async def signed_in(
        self, name: str = "Pat Partner", place: str = "192.0.2.1", app: FastAPI | None = None
    ) -> Browser:
        """A browser in which they have signed in with their password."""
        browser = Browser.at(app or self.app, place)
        answer = await browser.post(self.base, data=form_of(name))
        assert (answer.status_code, browser.session != "") == (303, True), answer.text
        return browser


def email_of(name: str) -> str:
    return f"{name.partition(' ')[0].lower()}@partner.example.com"


def form_of(name: str = "Pat Partner", password: str = PASSWORD) -> dict[str, str]:
    """What they enter to sign in."""
    return {"email": email_of(name), "password": password}
