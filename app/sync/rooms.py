"""Texts that are longer than a side takes: an excerpt goes there, and nothing comes back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.access import Tool
from app.sync.richtext import (
    AZURE_LIMIT,
    GITLAB_LIMIT,
    JIRA_LIMIT,
    clip,
    text_length,
    to_html,
    to_markdown,
)
from app.sync.rules import SideName
from app.tools.items import FieldKind, Item, Value

_MEASURED = 32
_FOR_A_MARK = 200


@dataclass(frozen=True, slots=True)
class Room:
    """How long a rich text may be on a side, and how long one is there."""

    most: int
    measure: Callable[[str], int]

    def holds(self, text: str) -> bool:
        """Whether it fits; only what may be too long is measured, for that takes its time."""
        return 2 * len(text) <= self.most or self.measure(text) <= self.most


class Rooms:
    """What fits on which side; a side without a room takes everything."""

    def __init__(self, rooms: Mapping[SideName, Room]) -> None:
        self._rooms = rooms

    def fits(self, side: SideName, kind: FieldKind, value: Value) -> bool:
        """Whether this side takes the whole value."""
        room = self._rooms.get(side)
        return room is None or kind is not FieldKind.RICH or room.holds(str(value or ""))

    def fitted(self, side: SideName, kind: FieldKind, value: Value, source: Item) -> Value:
        """The value, or as much of it as fits and a line that says where the whole is."""
        if self.fits(side, kind, value):
            return value
        room = self._rooms[side]
        return clip(str(value), room.most, room.measure, source.key, source.url).html


def rooms_of(tool: Tool) -> Rooms:
    """For an integration of Jira with ``tool``."""
    return Rooms({"jira": _ROOMS[Tool.JIRA], "tool": _ROOMS[tool]})


@lru_cache(_MEASURED)
def _markdown_length(html: str) -> int:
    return len(to_markdown(html)[0])


@lru_cache(_MEASURED)
def _html_length(html: str) -> int:
    return len(to_html(html)[0])


_ROOMS: Mapping[Tool, Room] = {
    Tool.JIRA: Room(JIRA_LIMIT, lru_cache(_MEASURED)(text_length)),
    Tool.GITLAB: Room(GITLAB_LIMIT - _FOR_A_MARK, _markdown_length),
    Tool.AZURE: Room(AZURE_LIMIT - _FOR_A_MARK, _html_length),
}
