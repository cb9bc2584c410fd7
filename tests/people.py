"""The people of the sandbox and what their browsers send."""

from dataclasses import dataclass
from typing import Any

import httpx

from sandbox import seed
from sandbox.running import Sandbox

APP_URL = "http://localhost:8000"
JIRA_URL = "http://localhost:2990"

ACCOUNTS = {
    "admin": seed.ALICE,
    "gitlab": seed.GIA,
    "azure": seed.AXEL,
    "project": seed.PIA,
    "nobody": seed.NORA,
}
MODULES = {
    "general": "getint",
    "admin": "getint-admin",
    "project": "getint-project",
    "configure": "getint-configure",
    "get-started": "getint-get-started",
}


@dataclass(frozen=True)
class Visitor:
    """A person in Jira: opens the app's pages, and asks with context tokens as the pages do."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    account_id: str
    from_project: str | None = None

    @property
    def account(self) -> str:
        """The name the app knows them by."""
        return f"jira:{self.account_id}"

    def token(self) -> str:
        """A fresh context token."""
        return self.sandbox.host.context_token(self.account_id, self.from_project)

    async def open(self, page: str) -> httpx.Response:
        """Open a module's page as Jira frames it: ``general``, ``admin``, ``project``..."""
        url = self.sandbox.host.frame_url(self.account_id, MODULES[page], self.from_project)
        return await self.http.get(url, headers={"Accept": "text/html"})

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send what htmx would send."""
        headers = {
            "Authorization": f"JWT {self.token()}",
            "HX-Request": "true",
            "Accept": "text/html",
            **options.pop("headers", {}),
        }
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("POST", path, **options)
