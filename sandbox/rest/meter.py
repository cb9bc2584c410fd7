"""Logs each REST call, counts its points where the app made it, and sends the quota headers."""

import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.request_log import Exchange, without_token
from sandbox.rest.caller import app_token
from sandbox.running import Sandbox

IDENTITY_POINTS = 2
CORE_POINTS = 1


def charge(request: Request, objects: int, each: int = IDENTITY_POINTS) -> None:
    """One point and so many for each object in the answer (identity objects cost two)."""
    request.state.points = 1 + objects * each


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

    def _spend(self, scope: Scope, status: int) -> None:
        if status != 429:
            self.sandbox.quota.spend(scope["state"]["points"])
