"""What a tool's answer says, made safe: bounded, typed, and never quoted at length."""

import json
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx

from app.tools.side import AccessLost, ItemGone, ItemRejected, SideError

LONGEST_REASON = 200
_TOLD_IN = ("errorMessages", "errors", "error_description", "message", "error", "detail")


@dataclass(frozen=True, slots=True)
class Answer:
    """``json`` is None where there was no body."""

    status: int
    json: Any
    headers: httpx.Headers


class Forbidden(AccessLost):
    """403: of the whole place or of this one thing, which the adapter may find out."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Rejected(ItemRejected):
    """Refused with this status; ``reason`` is the tool's own, made safe, or empty."""

    def __init__(self, message: str, status: int, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


async def bytes_of(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body, unpacked. Raises SideError where it cannot be."""
    packing = response.headers.get("content-encoding", "identity").lower()
    if packing not in {"identity", "gzip"}:
        raise SideError("The answer is packed in a way that was not asked for.")
    unpacking = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    begun = False
    async for piece in response.aiter_raw(64 * 1024):
        begun = True
        for unpacked in (piece,) if unpacking is None else _unpacked(unpacking, piece):
            yield unpacked
    if begun and unpacking is not None and not unpacking.eof:
        raise SideError("The answer cannot be unpacked: its end is missing.")


def _unpacked(unpacking: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    """In small pieces: a few bytes may unpack to more than fits into memory."""
    while piece and not unpacking.eof:
        try:
            yield unpacking.decompress(piece, 256 * 1024)
        except zlib.error:
            raise SideError("The answer cannot be unpacked.") from None
        piece = unpacking.unconsumed_tail


async def body_of(response: httpx.Response, most_bytes: int) -> bytes | None:
    """The whole body; None where it is too long or cannot be unpacked."""
    raw = bytearray()
    try:
        async with aclosing(bytes_of(response)) as pieces:
            async for piece in pieces:
                raw += piece
                if len(raw) > most_bytes:
                    return None
    except SideError:
        return None
    return bytes(raw)


def content_of(tool: str, response: httpx.Response, raw: bytes | None) -> Any:
    """The JSON of an answer that said yes. Raises SideError for anything else."""
    if raw is None:
        raise SideError(f"The answer of {tool} is too long or cannot be unpacked.")
    if not raw:
        return None
    if is_page(response):
        raise SideError(
            f"{tool} answered with a web page where data was expected: a proxy, a sign-in or "
            "maintenance stands in the way."
        )
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise SideError(f"The answer of {tool} cannot be read.") from None


def raise_refusal(tool: str, response: httpx.Response, raw: bytes | None) -> None:
    """Raise what a status below 500 that says no means."""
    status = response.status_code
    if 200 <= status < 300 and status != 203:
        return
    if status == 401:
        raise AccessLost(f"{tool} did not accept the credentials.")
    if status == 203 or status < 400:
        # How a sign-in page is offered to whoever is not signed in; also what has moved.
        raise AccessLost(
            f"{tool} did not answer but pointed elsewhere (HTTP {status}): the credentials are "
            "not accepted any more, or the place has moved."
        )
    reason = reason_in(raw)
    if status in {403, 407}:
        told = f"{tool} knows the credentials, but they lack the rights for this"
        raise Forbidden(_with(told, reason), reason)
    if status in {404, 410} and not is_page(response):
        raise ItemGone(f"{tool} does not have this (any more).")
    if is_page(response):
        raise SideError(f"{tool} refused this with a web page (HTTP {status}).")
    raise Rejected(_with(f"{tool} refused this (HTTP {status})", reason), status, reason)


def reason_in(raw: bytes | None) -> str:
    """The tool's own short words for a refusal, printable and of one line; empty without any."""
    try:
        sentences = dict.fromkeys(_sentences(json.loads(raw or b"")))
    except (ValueError, RecursionError):
        return ""
    words = " ".join("; ".join(sentences).split())
    safe = "".join(sign for sign in words if sign.isprintable())
    return safe if len(safe) <= LONGEST_REASON else f"{safe[: LONGEST_REASON - 1]}…"


def _sentences(told: Any) -> Iterator[str]:
    if not isinstance(told, dict):
        yield from _texts(told)
        return
    for name in _TOLD_IN:
        yield from _texts(told.get(name))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() if value.strip():
            yield value.strip()
        case list():
            for each in value[:10]:
                yield from _texts(each)
        case dict():
            for name, each in list(value.items())[:10]:
                yield from (f"{name}: {text}" for text in _texts(each))


def _with(told: str, reason: str) -> str:
    return f"{told}: {reason}" if reason else f"{told}."


def is_page(response: httpx.Response) -> bool:
    """Whether a person was meant to read it."""
    return "html" in response.headers.get("content-type", "").lower()
