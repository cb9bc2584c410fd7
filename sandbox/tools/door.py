"""What stands before a tool's API: the request log, faults, the rate limit, the server's date."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.request_log import Exchange, without_token
from sandbox.tools.faults import Fault, FaultKind
from sandbox.tools.standin import Standin

MAINTENANCE = "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
Sleep = Callable[[float], Awaitable[None]]


class Door:
    """People's pages and the remote control pass freely."""

    def __init__(self, app: ASGIApp, *, standin: Standin, sleep: Sleep = asyncio.sleep) -> None:
        self.app = app
        self.standin = standin
        self.sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.standin.manners.is_api(scope["path"]):
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def send_dated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self.standin.date_header:
                    headers = MutableHeaders(raw=message["headers"])
                    headers["date"] = self.standin.clock.http_date()
            await send(message)

        try:
            await self._answer(scope, receive, send_dated)
        finally:
            path = without_token(scope["path"], scope["query_string"].decode("latin-1"))
            taken = round((time.perf_counter() - started) * 1000, 1)
            self.standin.log.add(Exchange("from app", scope["method"], path, status, taken))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self.standin.faults.strike(scope["method"], scope["path"])
        if fault is None:
            await self._within_limit(scope, receive, send)
            return
        if fault.latency_ms:
            await self.sleep(fault.latency_ms / 1000)
        await self._fail(fault, scope, receive, send)

    async def _within_limit(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit, now = self.standin.limit, self.standin.clock.now()
        allowed = limit.take(now)
        told = self.standin.manners.limit_headers(limit, now) if limit.calls is not None else {}

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in told.items():
                    headers.setdefault(name, value)
            await send(message)

        if allowed:
            await self.app(scope, receive, send_told)
        else:
            answer = self.standin.manners.refuse(429, limit.wait_s(now))
            await answer(scope, receive, send_told)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind is FaultKind.LATENCY:
            await self._within_limit(scope, receive, send)
        elif fault.kind is FaultKind.HTML:
            await HTMLResponse(MAINTENANCE)(scope, receive, send)
        elif fault.kind is FaultKind.DROP:
            await _cut_off(send, httpx.RemoteProtocolError("Server disconnected."))
        elif fault.kind is FaultKind.LOST_ANSWER:
            await self.app(scope, receive, _into_nothing)
            await _cut_off(send, httpx.ReadTimeout("The read operation timed out."))
        else:
            answer = self.standin.manners.refuse(int(fault.kind), fault.retry_after)
            await answer(scope, receive, send)


async def _into_nothing(_: Message) -> None:
    pass


async def _cut_off(send: Send, error: httpx.HTTPError) -> None:
    """Over a socket the server ends a half-sent answer; in one process httpx sees the error."""
    start: Message = {
        "type": "http.response.start",
        "status": 200,
        "headers": Headers({"content-length": "1"}).raw,
    }
    await send(start)
    raise error
