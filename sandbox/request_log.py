"""What the site and the app said to each other, for "View app requests" and for tests."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode


@dataclass(slots=True)
class Exchange:
    """One request; `direction` is "to app" or "from app", `status` 0 where none came."""

    direction: str
    method: str
    path: str
    status: int
    ms: float
    points: int = 0
    note: str = ""
    at: float = field(default_factory=time.time)


def without_token(path: str, query: str) -> str:
    """The address as it may be shown: the jwt taken out."""
    kept = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if k != "jwt"]
    return f"{path}?{urlencode(kept)}" if kept else path


class RequestLog:
    """The last exchanges, oldest first."""

    def __init__(self, keep: int = 1000) -> None:
        self.entries: deque[Exchange] = deque(maxlen=keep)

    def add(self, exchange: Exchange) -> None:
        self.entries.append(exchange)

    def reset(self) -> None:
        self.entries.clear()

    def matching(self, direction: str | None = None, path: str = "") -> list[Exchange]:
        """Those of one direction, whose path contains `path`."""
        return [
            entry
            for entry in self.entries
            if direction in (None, entry.direction) and path in entry.path
        ]

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries]
