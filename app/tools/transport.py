"""An httpx transport that connects only to addresses that were checked, and to those very ones.

A name is resolved once, every address behind it is checked, and the connection goes to one of
them: a name that answers differently the second time gains nothing. The certificate is still
checked against the name.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import certifi
import httpcore
import httpx

from app.tools.addresses import AddressRule

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
TIMEOUT = httpx.Timeout(8.0, connect=4.0)
# A name server of theirs that hangs holds these threads, not those that Jira's names need.
_LOOK_UPS = ThreadPoolExecutor(8, thread_name_prefix="tool-names")
_HTTPX_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.ProtocolError, httpx.ProtocolError),
)


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the machine's resolver knows them. Raises OSError."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOK_UPS, look_up)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def trust() -> ssl.SSLContext:
    """The public authorities, and those that the operator's machine trusts (SSL_CERT_FILE).

    Read once: it takes tens of milliseconds, in which nobody else is served.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves, checks, then connects to what was checked."""

    def __init__(self, rule: AddressRule, resolver: Resolver) -> None:
        self._rule = rule
        self._resolve = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except OSError:
            raise httpcore.ConnectError("the name is not known") from None
        self._rule.check_resolved(host, port, addresses)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class CheckedTransport(httpx.AsyncBaseTransport):
    """Only as the rule allows, which is https, and never through a proxy of the environment."""

    def __init__(
        self,
        rule: AddressRule,
        *,
        resolver: Resolver = resolve,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._rule = rule
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context or trust(),
            network_backend=_CheckedNetwork(rule, resolver),
            max_connections=100,
            max_keepalive_connections=40,
            keepalive_expiry=5.0,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._rule.allows_scheme(request.url.scheme, request.url.host):
            raise httpx.UnsupportedProtocol("Only https is spoken to tools.", request=request)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        outgoing = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = await self._pool.handle_async_request(outgoing)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Answer(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Answer(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _as_httpx() -> Any:
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        kind = next(theirs for ours, theirs in _HTTPX_ERRORS if isinstance(error, ours))
        raise kind(str(error)) from error


def new_tool_client(
    rule: AddressRule,
    resolver: Resolver = resolve,
    *,
    context: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """A client for tools: checked addresses, no redirects, no cookies, no environment, time-outs.

    It may be shared: nothing of one customer's calls stays in it for the next.
    """
    return httpx.AsyncClient(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        transport=CheckedTransport(rule, resolver=resolver, context=context),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


def is_about_the_certificate(error: BaseException | None) -> bool:
    """Whether a connection failed because the certificate is not to be trusted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
