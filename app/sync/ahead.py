"""Pages of changes: the next one is on its way while the last is worked on."""

import asyncio
from collections.abc import Mapping

from app.sync.rules import SideName
from app.tools.side import Changes, Side


class ReadingAhead:
    """What is read ahead and not asked for in the end is thrown away: nothing of it is recorded."""

    def __init__(self, sides: Mapping[SideName, Side], queries: Mapping[SideName, str]) -> None:
        self._sides = sides
        self._queries = queries
        self._next: tuple[SideName, str | None, asyncio.Task[Changes]] | None = None

    async def page(self, side: SideName, position: str | None) -> Changes:
        """The page at ``position``. Raises what the side raises."""
        if self._next is None or self._next[:2] != (side, position):
            await self.close()
            self._start(side, position)
        assert self._next is not None  # noqa: S101 - begun above at the latest
        changes = await self._next[2]
        self._next = None
        if not changes.is_last:
            self._start(side, changes.position)
        return changes

    async def close(self) -> None:
        """Let go of what nobody asks for any more."""
        if self._next is not None:
            task = self._next[2]
            self._next = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _start(self, side: SideName, position: str | None) -> None:
        reading = self._sides[side].changes(position, self._queries[side])
        self._next = (side, position, asyncio.create_task(reading))
