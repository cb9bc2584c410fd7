"""How often something may happen within a while, counted by this process for itself."""

import time
from collections.abc import Callable, Hashable

from cachetools import TTLCache

_KEPT = 50_000


class Budget:
    """At most ``most`` of a kind in each window of ``window_s`` seconds."""

    def __init__(
        self, most: int, window_s: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._counts: TTLCache[tuple[Hashable, int], int] = TTLCache(_KEPT, window_s, clock)

    def spend(self, who: Hashable) -> int:
        """Count one; 0, or the seconds to wait where all is spent."""
        wait = self.wait(who)
        if not wait:
            key = self._key(who)
            self._counts[key] = self._counts.get(key, 0) + 1
        return wait

    def wait(self, who: Hashable) -> int:
        """The seconds to wait until there is something left, 0 if there is."""
        if self._counts.get(self._key(who), 0) < self._most:
            return 0
        return max(1, round(self._window_s - self._clock() % self._window_s))

    def _key(self, who: Hashable) -> tuple[Hashable, int]:
        return who, int(self._clock() // self._window_s)
