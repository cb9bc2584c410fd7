"""Logs each REST call, counts its points where the app made it, and sends the quota headers."""

import math
import re
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.quota import reset_text
from sandbox.request_log import Exchange, without_token
from sandbox.rest.caller import app_token
from sandbox.rest.errors import JiraError, error_answer
from sandbox.running import Sandbox

IDENTITY_POINTS = 2
CORE_POINTS = 1
# What differs between two calls of the same endpoint: ids, and keys of issues.
_NAMES_IN_PATHS = re.compile(r"(?<=/)([A-Z][A-Z0-9]+-)?\d{2,}(?=/|$)|(?<=/)[A-Z][A-Z0-9]+-\d+")


def charge(request: Request, objects: int, each: int = IDENTITY_POINTS) -> None:
    """One point and so many for each object in the answer (identity objects cost two)."""
    request.state.points = 1 + objects * each


def limit_issue_writes(_: Request, sandbox: Sandbox, issue_id: int) -> None:
    """429 past Jira's limit of writes to one issue, where the limit is switched on."""
    wait = sandbox.quota.issue_writes.wait_for(issue_id)
    if wait:
        raise JiraError(
            429, "Rate limit exceeded.", headers=_limit_headers(wait, "jira-per-issue-on-write")
        )


def _limit_headers(wait: float, reason: str) -> dict[str, str]:
    return {
        "Retry-After": str(math.ceil(wait)),
        "RateLimit-Reason": reason,
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": reset_text(time.time() + wait),
    }


class Meter:
    """Stands outside the faults, so that they are logged too."""

    def __init__(self, app: ASGIApp, *, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/rest/", "/install-keys/")):
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["points"] = 1
        by_app = app_token(Request(scope)) is not None
        started, status = time.perf_counter(), 0

        async def send_metered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if by_app:
                    self._spend(scope, status)
                    headers = MutableHeaders(raw=message["headers"])
                    for name, value in self.sandbox.quota.headers().items():
                        headers.setdefault(name, value)
            await send(message)

        try:
            wait = self._wait_for(scope["method"], scope["path"])
            if wait:
                refusal = error_answer(
                    429, "Rate limit exceeded.", headers=_limit_headers(wait, "jira-burst-based")
                )
                await refusal(scope, receive, send_metered)
            else:
                await self.app(scope, receive, send_metered)
        finally:
            self.sandbox.log.add(
                Exchange(
                    direction="from app" if by_app else "from others",
                    method=scope["method"],
                    path=without_token(scope["path"], scope["query_string"].decode("latin-1")),
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    points=scope["state"]["points"] if by_app and status != 429 else 0,
                )
            )

    def _wait_for(self, method: str, path: str) -> float:
        quota = self.sandbox.quota
        window = quota.reads if method in ("GET", "POST") else quota.changes
        return window.wait_for((method, _NAMES_IN_PATHS.sub("*", path)))

    def _spend(self, scope: Scope, status: int) -> None:
        if status != 429:
            self.sandbox.quota.spend(scope["state"]["points"])
