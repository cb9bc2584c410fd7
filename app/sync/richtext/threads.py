"""Where a text is worked on: a short one at once, a long one in a thread."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LONG = 10_000
"""Characters; some 50 ms."""


async def without_delay(length: int, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What ``work`` gives for texts of ``length`` characters, while others are served.

    A long text is worked on in a thread. A short one is not: to hand it over and back takes longer
    than the work, and whoever waits for the thread takes turns with it.
    """
    if length < LONG:
        return work(*given, **named)
    return await asyncio.to_thread(work, *given, **named)
