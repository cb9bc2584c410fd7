"""What a side learnt of its place and what seldom changes, so that it is not asked for each run.

Nothing in here lets anybody in: credentials and rights are judged by the tool at every call.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

KEPT_S = 300.0
T = TypeVar("T")


class Knowledge:
    """Facts of one place by name. Whoever asks while one is being learnt waits for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._facts: dict[str, tuple[float, Any]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(
        self, name: str, learn: Callable[[], Awaitable[T]], *, kept_s: float = KEPT_S
    ) -> T:
        """The fact, at most ``kept_s`` seconds old. Raises what ``learn`` raises."""
        async with self._turns[name]:
            known_until, fact = self._facts.get(name, (0.0, None))
            if self.clock() >= known_until:
                fact = await learn()
                self._facts[name] = (self.clock() + kept_s, fact)
            found: T = fact
            return found
