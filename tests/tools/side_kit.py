"""What tests of sides share: a budget that lets everything through, and streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FreeBudget:
    """Never in the way; remembers for how long it was asked to pause."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        yield

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


async def no_sleep(_: float) -> None:
    """Waiting that takes no time."""


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """The content in pieces of this size."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def whole(stream: AsyncIterator[bytes]) -> bytes:
    """All of a stream."""
    return b"".join([piece async for piece in stream])
