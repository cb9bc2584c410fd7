"""Tries a connection's credentials and says in plain words how it went."""

import asyncio
from dataclasses import dataclass

import httpx

from app.tools.addresses import AddressRefused
from app.tools.catalogue import Credentials, ToolEntry
from app.tools.transport import is_about_the_certificate

TOTAL_S = 12.0
MOST_BYTES = 64 * 1024
_BY_STATUS = {
    401: "{tool} did not accept the credentials.",
    403: "{tool} knows the credentials, but they lack the rights that Getint needs.",
    404: "{tool} was not found at this address: it answers, but not as {tool} does.",
    407: "A proxy stands in the way and asks for a password.",
    429: "{tool} asks to wait: too many requests. Try again in a few minutes.",
}


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Whether it works, in a sentence that names no secret."""

    ok: bool
    message: str


async def probe(
    client: httpx.AsyncClient, entry: ToolEntry, address: str, credentials: Credentials
) -> ProbeResult:
    """Send the tool's probe with ``client`` (see ``new_tool_client``)."""
    try:
        async with asyncio.timeout(TOTAL_S):
            status, body = await _ask(client, entry, address, credentials)
    except AddressRefused as refused:
        return ProbeResult(False, str(refused))
    except UnicodeError:  # httpx reads xn-- names, and not all of them can be read
        return ProbeResult(False, "This is not the name of a host on the internet.")
    except (TimeoutError, httpx.TimeoutException):
        return ProbeResult(False, f"{entry.label} did not answer in time.")
    except httpx.TransportError as error:
        return ProbeResult(False, _unreachable(entry, error))
    return _judged(entry, status, body)


async def _ask(
    client: httpx.AsyncClient, entry: ToolEntry, address: str, credentials: Credentials
) -> tuple[int, bytes]:
    asked = entry.probe
    async with client.stream(
        asked.method,
        address + asked.path,
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # so that what is capped is what was sent
            **asked.headers(credentials),
        },
        content=asked.content or None,
    ) as answer:
        body = b""
        async for part in answer.aiter_raw():
            body += part
            if len(body) > MOST_BYTES:
                break
        return answer.status_code, body[:MOST_BYTES]


def _judged(entry: ToolEntry, status: int, body: bytes) -> ProbeResult:
    # GraphQL answers 200 also to what it refuses.
    if status == 200 and not (entry.probe.method == "POST" and b'"errors"' in body):
        return ProbeResult(True, f"{entry.label} accepted the credentials.")
    if status in {200, 203} or 300 <= status < 400:
        # 203 and a redirect are how a sign-in page is offered to whoever is not signed in.
        return ProbeResult(False, f"{entry.label} did not accept the credentials.")
    if status >= 500:
        return ProbeResult(False, f"{entry.label} has trouble of its own (HTTP {status}).")
    told = _BY_STATUS.get(status, "{tool} answered in a way that Getint does not know")
    return ProbeResult(False, told.format(tool=entry.label) + _code(status))


def _code(status: int) -> str:
    return "" if status in _BY_STATUS else f" (HTTP {status})."


def _unreachable(entry: ToolEntry, error: httpx.TransportError) -> str:
    if is_about_the_certificate(error):
        return (
            f"The certificate at this address is not valid for {entry.label}: expired, for "
            "another name, or of an authority that is not trusted here."
        )
    if isinstance(error, httpx.ConnectError):
        return f"{entry.label} cannot be reached at this address."
    return f"The connection to {entry.label} broke off."
