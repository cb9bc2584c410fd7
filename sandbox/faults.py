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
    AFTER_WRITE = "after-write"
    WEBHOOK_DROP = "webhook-drop"
    WEBHOOK_DUPLICATE = "webhook-duplicate"
    WEBHOOK_DELAY = "webhook-delay"
    WEBHOOK_REORDER = "webhook-reorder"

    @property
    def of_webhooks(self) -> bool:
        """Strikes what the site sends, not what it is asked."""
        return self.value.startswith("webhook-")


_REASONS = {
    FaultKind.QUOTA_GLOBAL: "jira-quota-global-based",
    FaultKind.QUOTA_TENANT: "jira-quota-tenant-based",
    FaultKind.BURST: "jira-burst-based",
}
EVERY_CALL = "/rest/*"
_numbers = itertools.count(1)


@dataclass(slots=True)
class Fault:
    """Strikes requests whose path matches `path`; `remaining` None means until cleared.

    A fault of webhooks strikes events by their name (`jira:issue_*`), all where none is given.
    """

    kind: FaultKind
    path: str = EVERY_CALL
    method: str | None = None
    remaining: int | None = None
    latency_ms: int = 0
    retry_after: int | None = None
    id: int = field(default_factory=lambda: next(_numbers))

    def strikes(self, method: str, path: str) -> bool:
        if self.kind.of_webhooks or self.remaining == 0 or self.method not in (None, method):
            return False
        return fnmatch(path, self.path)

    def strikes_event(self, event: str) -> bool:
        if not self.kind.of_webhooks or self.remaining == 0:
            return False
        return self.path == EVERY_CALL or fnmatch(event, self.path)

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
        return self._first(lambda fault: fault.strikes(method, path))

    def strike_webhook(self, event: str) -> Fault | None:
        """The first fault that meets a webhook of this event, counted down."""
        return self._first(lambda fault: fault.strikes_event(event))

    def _first(self, meets: Callable[[Fault], bool]) -> Fault | None:
        for fault in self.active:
            if meets(fault):
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
        if fault.kind is FaultKind.AFTER_WRITE:
            await self.app(scope, receive, _swallow)
        await self.sleep(fault.latency_ms / 1000)
        if fault.kind is FaultKind.LATENCY:
            await self.app(scope, receive, send)
        elif fault.kind is FaultKind.DROP:
            lost = "Server disconnected without sending a response."
            await _cut_off(send, httpx.RemoteProtocolError(lost))
        elif fault.kind is FaultKind.AFTER_WRITE:
            await _cut_off(send, httpx.ReadTimeout("The answer did not come in time."))
        else:
            await fault.answer()(scope, receive, send)


async def _swallow(_: Message) -> None:
    """The work is done, and nobody is told."""


async def _cut_off(send: Send, error: httpx.TransportError) -> None:
    """Over a socket the server cuts a half-sent answer off; in one process httpx sees the error."""
    start: Message = {
        "type": "http.response.start",
        "status": 200,
        "headers": Headers({"content-length": "1"}).raw,
    }
    await send(start)
    raise error
