"""Faults on demand: what a site at its worst answers instead of the truth."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import fnmatch
from typing import Any

import httpx
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.quota import next_hour, reset_text


class FaultKind(StrEnum):
    """The ways in which Jira Cloud is seen to fail."""

    LATENCY = "latency"
    QUOTA_GLOBAL = "quota-global"
    QUOTA_TENANT = "quota-tenant"
    BURST = "burst"
    GATEWAY = "gateway"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    ERROR = "500"
    UNAVAILABLE = "503"
    DROP = "drop"


_REASONS = {
    FaultKind.QUOTA_GLOBAL: "jira-quota-global-based",
    FaultKind.QUOTA_TENANT: "jira-quota-tenant-based",
    FaultKind.BURST: "jira-burst-based",
}
_numbers = itertools.count(1)


@dataclass(slots=True)
class Fault:
    """Strikes requests whose path matches `path`; `remaining` None means until cleared."""

    kind: FaultKind
    path: str = "/rest/*"
    method: str | None = None
    remaining: int | None = None
    latency_ms: int = 0
    retry_after: int | None = None
    id: int = field(default_factory=lambda: next(_numbers))

    def strikes(self, method: str, path: str) -> bool:
        if self.remaining == 0 or self.method not in (None, method):
            return False
        return fnmatch(path, self.path)

    @property
    def status(self) -> int:
        return int(self.kind) if self.kind.isdigit() else 429

    def answer(self) -> JSONResponse:
        """The refusal itself; latency and dropped connections have none."""
        message = {401: "Client must be authenticated to access this resource."}.get(
            self.status, f"The sandbox was asked for a {self.kind} fault."
        )
        return JSONResponse(
            {"errorMessages": [message], "errors": {}}, self.status, headers=self._headers()
        )

    def _headers(self) -> dict[str, str]:
        if self.kind is FaultKind.GATEWAY:
            return {"X-Failure-Category": "FAILURE_CLIENT_RATE_LIMITED"}
        reason = _REASONS.get(self.kind)
        if reason is None:
            if self.kind is FaultKind.UNAVAILABLE and self.retry_after is not None:
                return {"Retry-After": str(self.retry_after)}
            return {}
        now = time.time()
        burst = self.kind is FaultKind.BURST
        reset = now + 1 if burst else next_hour(now)
        wait = self.retry_after if self.retry_after is not None else max(1, int(reset - now))
        return {
            "Retry-After": str(wait),
            "RateLimit-Reason": reason,
            "X-RateLimit-Limit": "100" if burst else "65000",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": reset_text(reset),
        }


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.active.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Take one away, or all."""
        self.active = [f for f in self.active if fault_id is not None and f.id != fault_id]

    def strike(self, method: str, path: str) -> Fault | None:
        """The first fault that meets this request, counted down."""
        for fault in self.active:
            if fault.strikes(method, path):
                if fault.remaining is not None:
                    fault.remaining -= 1
                self.active = [each for each in self.active if each.remaining != 0]
                return fault
        return None

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.active]


Sleep = Callable[[float], Awaitable[None]]


class FaultMiddleware:
    """Stands before the site's REST API and key server; people's pages are spared."""

    def __init__(self, app: ASGIApp, *, faults: Faults, sleep: Sleep = asyncio.sleep) -> None:
        self.app = app
        self.faults = faults
        self.sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/rest/", "/install-keys/")):
            await self.app(scope, receive, send)
            return
        fault = self.faults.strike(scope["method"], scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
            return
        await self.sleep(fault.latency_ms / 1000)
        if fault.kind is FaultKind.LATENCY:
            await self.app(scope, receive, send)
        elif fault.kind is FaultKind.DROP:
            await _drop(send)
        else:
            await fault.answer()(scope, receive, send)


async def _drop(send: Send) -> None:
    """Over a socket the server cuts a half-sent answer off; in one process httpx sees the error."""
    start: Message = {
        "type": "http.response.start",
        "status": 200,
        "headers": Headers({"content-length": "1"}).raw,
    }
    await send(start)
    raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
