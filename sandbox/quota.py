"""Atlassian's points: what each call of the app costs, and the headers that tell."""

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

HOURLY_POINTS = 65_000
HOUR = 3600
# Past this share of the quota the structured header begins to count down.
NEAR_LIMIT = 0.8


def next_hour(now: float) -> float:
    """Quotas start anew at the top of each UTC hour."""
    return (now // HOUR + 1) * HOUR


def reset_text(at: float) -> str:
    """ISO 8601 without seconds, as Jira sends it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")


class Window:
    """How often each thing may happen: `limits` are (times, seconds); off until switched on."""

    def __init__(self, limits: tuple[tuple[int, float], ...]) -> None:
        self.limits = limits
        self.on = False
        self._happened: dict[object, deque[float]] = {}

    def wait_for(self, thing: object) -> float:
        """Seconds until it may happen; 0 where it may now, which counts it."""
        if not self.on:
            return 0
        now = time.monotonic()
        times = self._happened.setdefault(thing, deque(maxlen=max(n for n, _ in self.limits)))
        for most, seconds in self.limits:
            if len(times) >= most and now - times[-most] < seconds:
                return seconds - (now - times[-most])
        times.append(now)
        return 0


@dataclass(slots=True)
class Quota:
    """Points used in this hour by the app, over all its sites (the sandbox has one).

    `issue_writes`: 20 in 2 s and 100 in 30 s for each issue. `reads` and `changes`: a second's
    calls of each endpoint by GET and POST, by PUT and DELETE.
    """

    limit: int = HOURLY_POINTS
    used: int = 0
    hour: int = field(default_factory=lambda: int(time.time() // HOUR))
    issue_writes: Window = field(default_factory=lambda: Window(((20, 2.0), (100, 30.0))))
    reads: Window = field(default_factory=lambda: Window(((100, 1.0),)))
    changes: Window = field(default_factory=lambda: Window(((50, 1.0),)))

    def spend(self, points: int) -> None:
        self._turn()
        self.used += points

    @property
    def limited(self) -> bool:
        """Whether the limits of calls a second and of writes an issue hold."""
        return self.reads.on

    @limited.setter
    def limited(self, on: bool) -> None:
        for window in (self.issue_writes, self.reads, self.changes):
            window.on = on

    @property
    def exhausted(self) -> bool:
        self._turn()
        return self.used >= self.limit

    def _turn(self) -> None:
        hour = int(time.time() // HOUR)
        if hour != self.hour:
            self.hour, self.used = hour, 0

    def headers(self) -> dict[str, str]:
        """Sent with each answer to the app; `r` appears only when four fifths are used."""
        now = time.time()
        left = max(0, self.limit - self.used)
        near = self.used > NEAR_LIMIT * self.limit
        wait = int(next_hour(now) - now)
        remaining = f";r={left}" if near else ""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": reset_text(next_hour(now)),
            "RateLimit-Policy": f'"global-app-quota";q={self.limit};w={HOUR}',
            "RateLimit": f'"global-app-quota"{remaining};t={wait}',
        }
        if near:
            headers["X-RateLimit-NearLimit"] = "true"
        if not left:
            headers["Retry-After"] = str(max(1, wait))
            headers["RateLimit-Reason"] = "jira-quota-global-based"
        return headers
