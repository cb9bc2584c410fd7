"""How adapters speak HTTP to their tools: bounded, patient, and honest about what happened.

A read is repeated where that may mend it. A write is sent again only where the first sending did
certainly nothing; where it may have worked, ``Unsure`` is raised.
"""

import asyncio
import json
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
)
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any, Protocol

import httpx

from app.tools.addresses import AddressRefused
from app.tools.answers import Answer, body_of, bytes_of, content_of, is_page, raise_refusal
from app.tools.side import AccessLost, ItemGone, ItemRejected, SideBusy, SideError, Unsure
from app.tools.transport import is_about_the_certificate
from app.tools.waits import exhausted_for, retry_after
from connect.multipart import FilePart

MOST_BYTES = 32 * 1024 * 1024
MOST_TRIES = 3
TOTAL_S = 60.0
FILE_TOTAL_S = 1800.0
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
UNANSWERED_WAIT_S = 60.0
UNTOLD_PAUSE_S = 30.0
_BACKOFF_S = 0.2
_random = SystemRandom()

Parameters = Mapping[str, str | int | bool | tuple[str, ...]]
NOTHING_WAS_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Budget(Protocol):
    """One account's share of a host, the same for all workers."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Held while a request is under way. Raises SideBusy where the host is paused for long."""

    async def pause(self, seconds: float) -> None:
        """Have all workers leave the host alone for so long."""


class _Again(Exception):  # noqa: N818
    """A try that failed in a way that a further one may mend."""

    def __init__(self, error: SideError) -> None:
        super().__init__()
        self.error = error


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    writes: bool
    parameters: Parameters | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | AsyncIterable[bytes] | None = None


class ToolHttp:
    """Asks one tool at ``address`` (as stored) with the ``headers`` that prove who we are.

    ``client`` is of ``new_tool_client``. ``tool`` is the name that messages call it by. Paths are
    appended to the address; whoever makes one quotes the parts. ``sleep`` is for tests.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        address: str,
        headers: Mapping[str, str],
        budget: Budget,
        *,
        tool: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.tool = tool
        self.address = address.rstrip("/")
        self._client = client
        self._headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **headers}
        self._budget = budget
        self._sleep = sleep

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        writes: bool | None = None,
    ) -> Answer:
        """One call and its answer. Raises the kinds of ``SideError``.

        ``writes`` says that doing it twice is not the same as once; left out, all but GET does.
        401 and 403 become AccessLost (403: Forbidden), 404 and 410 ItemGone, other refusals
        Rejected, which is an ItemRejected.
        """
        sent = {} if headers is None else dict(headers)
        if json is not None:
            content = _encoded(json)
            sent = {"Content-Type": "application/json", **sent}
        if writes is None:
            writes = method != "GET"
        return await self._tries(_Request(method, path, writes, params, sent, content))

    async def ask_if_there(
        self, method: str, path: str, *, params: Parameters | None = None
    ) -> Answer | None:
        """The same as ``ask`` for what may be repeated; None for 404 and 410."""
        try:
            return await self.ask(method, path, params=params, writes=False)
        except ItemGone:
            return None

    async def send_file(
        self,
        method: str,
        path: str,
        *,
        name: str,
        media_type: str,
        size: int,
        content: AsyncIterator[bytes],
        form_part: str | None = None,
        params: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Stream a file of ``size`` bytes, as a form's part of that name or as the body itself.

        Sent once. Raises what ``ask`` raises, ItemRejected for another size than was told, and
        whatever ``content`` raises.
        """
        # Whoever holds a turn must not wait for another one: the source's is over by now.
        whole = _of_size(size, await _begun(content))
        sent = {"Content-Type": media_type, "Content-Length": str(size), **(headers or {})}
        body: AsyncIterable[bytes] = whole
        if form_part is not None:
            body = form = FilePart(name, media_type, size, whole, form_part)
            sent |= form.headers
        try:
            return await self._once(_Request(method, path, True, params, sent, body), FILE_TOTAL_S)
        except _Again as again:
            raise again.error from again.__cause__
        finally:
            await whole.aclose()
            if isinstance(content, AsyncGenerator):
                await content.aclose()

    async def download(
        self, path: str, *, params: Parameters | None = None
    ) -> AsyncGenerator[bytes, None]:
        """A file's bytes in pieces, whatever they are. Raises what ``ask`` raises."""
        request = _Request("GET", path, False, params, {"Accept": "*/*"})
        ends_at = time.monotonic() + FILE_TOTAL_S
        async with self._opened(request) as response, aclosing(bytes_of(response)) as pieces:
            try:
                async for piece in pieces:
                    yield piece
                    if time.monotonic() > ends_at:
                        raise SideError(f"{self.tool} gives this file too slowly.")
            except httpx.TransportError as error:
                told = f"The connection to {self.tool} broke off."
                raise SideBusy(told, UNANSWERED_WAIT_S) from error

    async def size_of(self, path: str) -> int | None:
        """How many bytes a file has, without reading it; None where the tool does not say."""
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        async with self._opened(_Request("GET", path, False, None, headers)) as response:
            told = response.headers.get("content-length", "")
            is_packed = response.headers.get("content-encoding", "identity") != "identity"
            return int(told) if told.isdecimal() and not is_packed else None

    @asynccontextmanager
    async def _opened(self, request: _Request) -> AsyncIterator[httpx.Response]:
        """The answer to a read once its head has come; the turn is given back by then."""
        for tried in range(1, MOST_TRIES + 1):
            try:
                async with self._budget.turn():
                    response = await self._head(request)
                break
            except _Again as again:
                await self._before_another(tried, again)
        try:
            yield response
        finally:
            await response.aclose()

    async def _head(self, request: _Request) -> httpx.Response:
        try:
            response = await self._client.send(self._built(request), stream=True)
        except _UNHEARD as error:
            raise self._unheard(request, error) from error
        if response.status_code == 200 and not _stands_in_the_way(response):
            return response
        try:
            raw = await body_of(response, MOST_BYTES)
        except _UNHEARD as error:
            raise self._unheard(request, error) from error
        finally:
            await response.aclose()
        await self._judge(request, response, raw)
        raise SideError(f"{self.tool} answered with something else than the file.")

    async def _tries(self, request: _Request) -> Answer:
        for tried in range(1, MOST_TRIES + 1):
            try:
                return await self._once(request, TOTAL_S)
            except _Again as again:
                await self._before_another(tried, again)
        raise AssertionError("unreachable: the last try answers or raises")

    async def _before_another(self, tried: int, again: _Again) -> None:
        if tried == MOST_TRIES:
            raise again.error from again.__cause__
        await self._sleep(_BACKOFF_S * 4**tried * _random.uniform(0.5, 1.5))

    async def _once(self, request: _Request, total_s: float) -> Answer:
        async with self._budget.turn():
            try:
                async with asyncio.timeout(total_s):
                    response = await self._client.send(self._built(request), stream=True)
                    async with aclosing(response):
                        raw = await body_of(response, MOST_BYTES)
            except _UNHEARD as error:
                raise self._unheard(request, error) from error
        await self._judge(request, response, raw)
        return Answer(response.status_code, self._content(request, response, raw), response.headers)

    def _built(self, request: _Request) -> httpx.Request:
        return self._client.build_request(
            request.method,
            self.address + request.path,
            params=request.parameters,
            headers={**self._headers, **request.headers},
            content=request.content,
            timeout=TIMEOUT,
        )

    async def _judge(self, request: _Request, response: httpx.Response, raw: bytes | None) -> None:
        """Raise what the answer's head says, unless it says yes."""
        status, asked = response.status_code, retry_after(response.headers)
        wait = asked if asked is not None else exhausted_for(response.headers)
        if status == 429 or (status == 503 and asked is not None):
            wait = UNTOLD_PAUSE_S if wait is None else wait
            await self._budget.pause(wait)
            raise _Again(SideBusy(f"{self.tool} asks to wait: too many requests.", wait))
        if wait:
            await self._budget.pause(wait)
        if status == 408 or status >= 500:
            raise self._trouble(request, status)
        raise_refusal(self.tool, response, raw)

    def _trouble(self, request: _Request, status: int) -> Exception:
        told = f"{self.tool} has trouble of its own (HTTP {status})."
        if request.writes:
            return Unsure(told)
        # 500 is about what was asked, the others about the whole tool.
        return _Again(SideError(told) if status == 500 else SideBusy(told, UNANSWERED_WAIT_S))

    def _content(self, request: _Request, response: httpx.Response, raw: bytes | None) -> Any:
        try:
            return content_of(self.tool, response, raw)
        except SideError as error:
            raise (Unsure(str(error)) if request.writes else error) from None

    def _unheard(self, request: _Request, error: Exception) -> Exception:
        """What it means that no whole answer came."""
        if isinstance(error, AddressRefused):
            return AccessLost(str(error))
        if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
            return AccessLost(f"{self.tool} cannot be called at this address.")
        if isinstance(error, NOTHING_WAS_SENT):
            return _Again(SideBusy(self._unreachable(error), UNANSWERED_WAIT_S))
        told = f"{self.tool} did not answer in time."
        if not isinstance(error, (TimeoutError, httpx.TimeoutException)):
            told = f"The connection to {self.tool} broke off."
        return Unsure(told) if request.writes else _Again(SideBusy(told, UNANSWERED_WAIT_S))

    def _unreachable(self, error: Exception) -> str:
        if is_about_the_certificate(error):
            return f"The certificate of {self.tool} at this address is not valid."
        return f"{self.tool} cannot be reached at this address."


_UNHEARD = (httpx.TransportError, httpx.InvalidURL, AddressRefused, TimeoutError, UnicodeError)


def _stands_in_the_way(response: httpx.Response) -> bool:
    """Whether this is a page instead of a file; a file that is a page is given as a file."""
    return is_page(response) and "content-disposition" not in response.headers


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


async def _begun(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, with the first of them already here."""
    first = await anext(content, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in content:
            yield piece

    return whole()


async def _of_size(size: int, content: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    sent = 0
    async for piece in content:
        sent += len(piece)
        if sent > size:
            break
        yield piece
    if sent != size:
        raise ItemRejected("The file is not as long as was said of it; it was not copied.")
