"""The parts that every stand-in has, for its routes and for tests in the same process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.responses import Response

from sandbox.request_log import RequestLog
from sandbox.tools.clock import Clock
from sandbox.tools.deliveries import Deliveries
from sandbox.tools.faults import Faults
from sandbox.tools.limit import Limit


@dataclass(frozen=True, slots=True)
class Manners:
    """How one tool says what all of them say; `refuse(status, wait in s)` for faults and limits."""

    is_api: Callable[[str], bool]
    refuse: Callable[[int, int | None], Response]
    limit_headers: Callable[[Limit, datetime], dict[str, str]]


@dataclass(slots=True, kw_only=True)
class Standin:
    """What can be done to a tool. `lag`: how long its lists do not know of a change."""

    http: httpx.AsyncClient
    manners: Manners
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    limit: Limit = field(default_factory=Limit)
    log: RequestLog = field(default_factory=RequestLog)
    lag: timedelta = timedelta()
    date_header: bool = True
    save: Callable[[], None] = lambda: None
    summary: Callable[[], dict[str, Any]] = dict
    deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.http)
