"""Faults on demand: the ways in which a tool, or the road to it, is seen to fail."""

import itertools
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import fnmatch
from typing import Any


class FaultKind(StrEnum):
    """Statuses are answered by the tool itself, in its own words."""

    LATENCY = "latency"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    RATE_LIMIT = "429"
    ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    DROP = "drop"
    LOST_ANSWER = "lost-answer"
    HTML = "html"


_numbers = itertools.count(1)


@dataclass(slots=True)
class Fault:
    """Strikes requests whose path matches `path`; `remaining` None means until cleared.

    `skip` requests that match are let through first. `latency_ms` passes before any fault.
    `lost-answer`: the tool does what it was asked, and its answer never arrives.
    """

    kind: FaultKind
    path: str = "*"
    method: str | None = None
    remaining: int | None = None
    latency_ms: int = 0
    retry_after: int | None = None
    skip: int = 0
    id: int = field(default_factory=lambda: next(_numbers))

    def meets(self, method: str, path: str) -> bool:
        return self.remaining != 0 and self.method in (None, method) and fnmatch(path, self.path)


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.active.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Take one away, or all."""
        self.active = [f for f in self.active if fault_id is not None and f.id != fault_id]

    def strike(self, method: str, path: str) -> Fault | None:
        """The first fault that meets this request, counted down."""
        for fault in [each for each in self.active if each.meets(method, path)]:
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.remaining is not None:
                fault.remaining -= 1
            self.active = [each for each in self.active if each.remaining != 0]
            return fault
        return None

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.active]
