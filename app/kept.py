"""What is kept in memory of instances, dropped everywhere as soon as theirs changes."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import UUID

from cachetools import TTLCache

from app.changes import Changes

_MOST = 20_000
Key = TypeVar("Key")
Value = TypeVar("Value")


class KeptUntilChange(Generic[Key, Value]):
    """Values for ``lasts_s`` at most; ``instance_of`` says whose one is.

    Take ``generation`` before a value is read and hand it to ``keep``: a change that arrived while
    it was read may be newer than what was read, so it is then not kept.
    """

    def __init__(
        self,
        changes: Changes,
        instance_of: Callable[[Key, Value], UUID],
        *,
        lasts_s: float = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changes = changes
        self._instance_of = instance_of
        self._values: TTLCache[Key, Value] = TTLCache(_MOST, lasts_s, clock)
        self.generation = 0
        changes.on_change("facts", self.forget)

    def get(self, key: Key) -> Value | None:
        """What is kept, if memory may be trusted now."""
        return self._values.get(key) if self._changes.is_listening else None

    def keep(self, key: Key, value: Value, generation: int) -> None:
        """Keep it, unless something changed since ``generation``."""
        if generation == self.generation:
            self._values[key] = value

    def forget(self, instance_id: UUID | None) -> None:
        """Drop what is kept of an instance, or of all."""
        self.generation += 1
        for key in list(self._values):
            value = self._values.get(key)  # its time may come while we look through them
            if value is not None and instance_id in {None, self._instance_of(key, value)}:
                self._values.pop(key, None)
