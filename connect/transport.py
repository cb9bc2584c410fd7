"""One call to Jira's REST API as the app: signed, bounded in time and size, metered, retried.

A call that changes something is sent again only where the first sending did certainly nothing.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from random import SystemRandom
from typing import Any, Literal, NoReturn
from urllib.parse import quote

import httpx

from connect.errors import (
    Busy,
    Forbidden,
    Gone,
    JiraError,
    Rejected,
    Unanswered,
    Unauthorized,
    Unreachable,
)
from connect.multipart import FilePart
from connect.quota import Quota
from connect.sites import Site
from connect.tokens import app_token

TIMEOUT = httpx.Timeout(8.0, connect=3.0)
TOTAL_TIMEOUT_S = 15.0
FILE_TIMEOUT = httpx.Timeout(30.0, connect=3.0)
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_TRIES = 3
LONGEST_OBEYED_WAIT_S = 2.0
_BACKOFF_S = 0.1
_JITTER_S = 0.2

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of Jira. `endpoint` is the path template that limits and errors are named by.

    `change` is the method of a call that changes something; without it the call only reads.
    """

    endpoint: str
    path: str
    parameters: Parameters = ()
    body: dict[str, Any] | None = None
    points: int = 1
    change: Literal["POST", "PUT", "DELETE"] | None = None
    file: FilePart | None = None
    most_bytes: int = MAX_ANSWER_BYTES

    @property
    def method(self) -> str:
        return self.change or ("GET" if self.body is None else "POST")

    @property
    def limited_by(self) -> str:
        """Jira's burst limits go by site, endpoint and method."""
        return f"{self.method} {self.endpoint}"

    @property
    def query(self) -> str:
        return "&".join(f"{name}={quote(value, safe='~')}" for name, value in self.parameters)


class _Again(Exception):  # noqa: N818
    """A try that failed in a way that a further one may mend."""

    def __init__(self, error: JiraError, wait: float | None) -> None:
        super().__init__()
        self.error = error
        self.wait = wait


def new_http_client() -> httpx.AsyncClient:
    """A pooled client that keeps no cookie: one site's must never reach another's."""
    refuse_all = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=40)
    return httpx.AsyncClient(
        timeout=TIMEOUT, limits=limits, cookies=refuse_all, follow_redirects=False
    )


class JiraTransport:
    """Sends calls to sites. `sleep` is for tests; waiting is never longer than 2 s a time."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        app_key: str,
        quota: Quota,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app_key = app_key
        self.quota = quota
        self._http = http
        self._sleep = sleep
        self._clock = clock
        self._random = SystemRandom()

    async def read(self, site: Site, call: Call) -> Any:
        """The answer's JSON. Raises Forbidden, Gone, Rejected, Busy, Unreachable or JiraError."""
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                return await self._tries(site, call)
        except TimeoutError:
            raise Unreachable(f"Jira took too long to answer {call.endpoint}.") from None

    async def write(self, site: Site, call: Call) -> Any:
        """Change something; the answer's JSON, None where there is none.

        Raises what `read` raises, where nothing happened, and Unanswered, where it may have.
        """
        try:
            async with asyncio.timeout(None if call.file else TOTAL_TIMEOUT_S):
                return await self._tries(site, call)
        except TimeoutError:
            raise Unanswered(f"Jira took too long to answer {call.endpoint}.") from None

    async def download(self, site: Site, call: Call) -> AsyncIterator[bytes]:
        """The answer's body in pieces, whatever it is. Raises what `read` raises."""
        await self._wait_out_pause(site, call)
        self.quota.spend(site.client_key, call.points)
        try:
            async with self._stream(site, call, FILE_TIMEOUT) as response:
                self.quota.learn(response.headers)
                try:
                    await self._check_status(site, call, response)
                except _Again as again:
                    raise again.error from None
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx.HTTPError as error:
            kind = type(error).__name__
            raise Unreachable(f"Jira did not answer {call.endpoint} ({kind}).") from error

    async def _tries(self, site: Site, call: Call) -> Any:
        for tried in range(1, MAX_TRIES + 1):
            await self._wait_out_pause(site, call)
            try:
                return await self._once(site, call)
            except _Again as again:
                if tried == MAX_TRIES or call.file is not None:
                    raise again.error from None
                await self._pause(_BACKOFF_S * 2**tried if again.wait is None else again.wait)
        raise AssertionError("unreachable: the last try answers or raises")

    async def _wait_out_pause(self, site: Site, call: Call) -> None:
        """Many callers may run into one burst limit: they wait it out instead of failing."""
        try:
            self.quota.check(site.client_key, call.limited_by)
        except Busy as busy:
            if not _worth_waiting(busy):
                raise
            await self._pause(busy.retry_after)
            self.quota.check(site.client_key, call.limited_by)

    async def _pause(self, seconds: float) -> None:
        await self._sleep(seconds + self._random.uniform(0, _JITTER_S))

    async def _once(self, site: Site, call: Call) -> Any:
        self.quota.spend(site.client_key, call.points)
        try:
            async with self._stream(site, call) as response:
                self.quota.learn(response.headers)
                await self._check_status(site, call, response)
                return await _json_body(call, response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Again(_silent(Unreachable, call, error), None) from error
        except httpx.TransportError as error:
            if call.change is not None:
                raise _silent(Unanswered, call, error) from error
            raise _Again(_silent(Unreachable, call, error), None) from error
        except httpx.HTTPError as error:
            raise _unreadable(call) from error

    def _stream(
        self, site: Site, call: Call, timeout: httpx.Timeout = TIMEOUT
    ) -> AbstractAsyncContextManager[httpx.Response]:
        token = app_token(self.app_key, site, call.method, call.path, call.query, now=self._clock())
        headers = {"Authorization": f"JWT {token}", "Accept": "application/json"}
        content: bytes | FilePart | None = None
        if call.file is not None:
            content, timeout = call.file, FILE_TIMEOUT
            headers |= {**call.file.headers, "X-Atlassian-Token": "no-check"}
        elif call.body is not None:
            content = json.dumps(call.body).encode()
            headers |= {"Content-Type": "application/json", "X-Atlassian-Token": "nocheck"}
        query = f"?{call.query}" if call.parameters else ""
        return self._http.stream(
            call.method,
            f"{site.base_url.rstrip('/')}{call.path}{query}",
            headers=headers,
            content=content,
            timeout=timeout,
            follow_redirects=False,
        )

    async def _check_status(self, site: Site, call: Call, response: httpx.Response) -> None:
        status = response.status_code
        told = f"Jira answered {status} to {call.endpoint}."
        if status == 200 or (call.change is not None and status in {201, 204}):
            return
        if status == 429:
            self._busy(site, call, response)
        if status in {401, 403}:
            raise (Unauthorized if status == 401 else Forbidden)(told)
        if status in {404, 410}:
            raise Gone(told)
        if status >= 500:
            self._broken(call, response)
        if 400 <= status < 500:
            raise await _rejected(told, call, response)
        raise Unreachable(told)

    def _busy(self, site: Site, call: Call, response: httpx.Response) -> NoReturn:
        busy = self.quota.refused(site.client_key, call.limited_by, response.headers)
        if _worth_waiting(busy):
            raise _Again(busy, busy.retry_after)
        raise busy

    def _broken(self, call: Call, response: httpx.Response) -> NoReturn:
        told = f"Jira answered {response.status_code} to {call.endpoint}."
        if call.change is not None:
            raise Unanswered(told)
        error = Unreachable(told)
        asked = response.headers.get("retry-after", "")
        wait = float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
        if wait is not None and wait > LONGEST_OBEYED_WAIT_S:
            raise error
        raise _Again(error, wait)


def _worth_waiting(busy: Busy) -> bool:
    return "quota" not in busy.reason and busy.retry_after <= LONGEST_OBEYED_WAIT_S


def _silent(kind: type[JiraError], call: Call, error: Exception) -> JiraError:
    return kind(f"Jira did not answer {call.endpoint} ({type(error).__name__}).")


def _unreadable(call: Call) -> JiraError:
    kind = Unreachable if call.change is None else Unanswered
    return kind(f"Jira's answer to {call.endpoint} can not be read.")


async def _rejected(told: str, call: Call, response: httpx.Response) -> JiraError:
    """What Jira says of the fields is kept apart from the message: it may quote them."""
    try:
        answer = json.loads(await _limited(call, response))
        fields = {str(name): str(said) for name, said in answer.get("errors", {}).items()}
        messages = [str(said) for said in answer.get("errorMessages", [])]
    except (JiraError, ValueError, RecursionError, AttributeError, TypeError):
        fields, messages = {}, []
    return Rejected(told, fields, messages)


async def _json_body(call: Call, response: httpx.Response) -> Any:
    raw = await _limited(call, response)
    if not raw and call.change is not None:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise _unreadable(call) from None


async def _limited(call: Call, response: httpx.Response) -> bytes:
    raw = bytearray()
    async for chunk in response.aiter_bytes():
        raw += chunk
        if len(raw) > call.most_bytes:
            raise _unreadable(call)
    return bytes(raw)
