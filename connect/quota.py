"""The app's points with Jira: 65,000 an hour for all its customers together.

Atlassian counts 1 a call plus 1 for each core object and 2 for each identity object (users,
groups, permissions), from the top of each UTC hour. Its headers tell the rest only when it runs
short, so every call is metered here too.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connect.errors import Busy

APP_POINTS_PER_HOUR = 65_000
LOW_SHARE = 0.2
# What one site may have spent and still be served from the last fifth: the rest is the others'.
FAIR_SHARE = 0.1
HOUR_S = 3600
_DEFAULT_BURST_PAUSE_S = 1.0
_MAX_BURST_PAUSE_S = 120.0
# X-RateLimit-* serves burst limits (tens to hundreds) and hourly quotas (tens of thousands) alike.
_SMALLEST_HOURLY_QUOTA = 10_000
_POLICY = re.compile(r'"([^"]{1,100})"((?:\s*;\s*[a-z]+\s*=\s*\d{1,12})*)')
_PARAMETER = re.compile(r"([a-z]+)\s*=\s*(\d{1,12})")
_NEVER = (0.0, "")
_GLOBAL_REASON = "jira-quota-global-based"
_TENANT_REASON = "jira-quota-tenant-based"


@dataclass(frozen=True, slots=True)
class _Told:
    """What a header said is left of the app's budget, and until when that holds."""

    share_left: float
    until: float


class Quota:
    """Meters calls and points in the current UTC hour, and remembers who asked us to wait.

    A site is named by its client key, an endpoint by its method and path template. Times are
    seconds since the epoch.
    """

    def __init__(
        self, budget: int = APP_POINTS_PER_HOUR, clock: Callable[[], float] = time.time
    ) -> None:
        self.budget = budget
        self._clock = clock
        self._hour = self._current_hour()
        self._points: Counter[str] = Counter()
        self._calls: Counter[str] = Counter()
        self._told: _Told | None = None
        self._app_pause = _NEVER
        self._site_pauses: dict[str, tuple[float, str]] = {}
        self._endpoint_pauses: dict[tuple[str, str], tuple[float, str]] = {}

    def spend(self, site_key: str, points: int) -> None:
        """Count one call and what it cost."""
        self._roll_over()
        self._calls[site_key] += 1
        self._points[site_key] += points

    def add_points(self, site_key: str, points: int) -> None:
        """Count what an answer held, once that is known."""
        self._roll_over()
        self._points[site_key] += points

    def points(self, site_key: str | None = None) -> int:
        """Points spent this hour, by one site or by all."""
        self._roll_over()
        return self._points.total() if site_key is None else self._points[site_key]

    def calls(self, site_key: str | None = None) -> int:
        """Calls made this hour, to one site or to all."""
        self._roll_over()
        return self._calls.total() if site_key is None else self._calls[site_key]

    def is_low(self) -> bool:
        """Less than a fifth of the hour's budget is left, by our meter or by Jira's word."""
        if self.budget - self.points() < self.budget * LOW_SHARE:
            return True
        told = self._told
        return told is not None and self._clock() < told.until and told.share_left < LOW_SHARE

    def paused_until(self, site_key: str, endpoint: str) -> float:
        """When this endpoint of this site may be called again; 0 when it may be now."""
        until, _ = self._pause(site_key, endpoint)
        return until if until > self._clock() else 0.0

    def check(self, site_key: str, endpoint: str) -> None:
        """Raises Busy while a pause lasts, or when the rest of the hour is for other sites."""
        until, reason = self._pause(site_key, endpoint)
        if (left := until - self._clock()) > 0:
            raise Busy(left, reason)
        if self.is_low() and self.points(site_key) > self.budget * FAIR_SHARE:
            raise Busy(self._next_hour() - self._clock(), "this site's share of the quota is spent")

    def check_background(self) -> None:
        """Raises Busy when what is left of the hour is for people who wait for a page."""
        if self.is_low():
            raise Busy(self._next_hour() - self._clock(), "the rest of the quota is for people")

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take in what any answer says of the app's budget."""
        for prefix in ("", "beta-"):
            self._learn_structured(
                headers.get(f"{prefix}ratelimit", ""), headers.get(f"{prefix}ratelimit-policy", "")
            )
        if headers.get("ratelimit-reason") == _TENANT_REASON:
            return  # one customer's own quota is not everybody's
        limit = _whole(headers.get("x-ratelimit-limit"))
        remaining = _whole(headers.get("x-ratelimit-remaining"))
        if limit is not None and remaining is not None and limit >= _SMALLEST_HOURLY_QUOTA:
            self._told = _Told(remaining / limit, self._reset(headers))

    def refused(self, site_key: str, endpoint: str, headers: Mapping[str, str]) -> Busy:
        """Remember a 429 and answer the error to raise.

        A spent quota pauses the app or the site until it is filled again; any other 429 (burst,
        per issue, the gateway's, which has no Retry-After) slows that endpoint of that site.
        """
        now = self._clock()
        reason = headers.get("ratelimit-reason", "")
        asked = _seconds(headers.get("retry-after"))
        if reason in {_GLOBAL_REASON, _TENANT_REASON}:
            left = self._reset(headers) - now if asked is None else asked
            pause = (now + min(max(left, 1.0), HOUR_S), reason)
            if reason == _GLOBAL_REASON:
                self._app_pause = max(self._app_pause, pause)
            else:
                self._site_pauses[site_key] = max(self._site_pauses.get(site_key, _NEVER), pause)
        else:
            left = _DEFAULT_BURST_PAUSE_S if asked is None else asked
            pause = (now + min(left, _MAX_BURST_PAUSE_S), reason or "burst")
            self._forget_past_pauses(now)
            self._endpoint_pauses[site_key, endpoint] = pause
        return Busy(pause[0] - now, pause[1])

    def _learn_structured(self, state: str, policies: str) -> None:
        limits = {name: values.get("q") for name, values in _policies(policies)}
        for name, values in _policies(state):
            if "global" not in name or "r" not in values:
                continue
            limit = limits.get(name) or self.budget
            left = min(values.get("t", self._next_hour() - self._clock()), HOUR_S)
            self._told = _Told(values["r"] / limit, self._clock() + left)

    def _pause(self, site_key: str, endpoint: str) -> tuple[float, str]:
        return max(
            self._app_pause,
            self._site_pauses.get(site_key, _NEVER),
            self._endpoint_pauses.get((site_key, endpoint), _NEVER),
        )

    def _forget_past_pauses(self, now: float) -> None:
        self._endpoint_pauses = {
            key: pause for key, pause in self._endpoint_pauses.items() if pause[0] > now
        }

    def _reset(self, headers: Mapping[str, str]) -> float:
        now = self._clock()
        told = _moment(headers.get("x-ratelimit-reset"))
        return told if told is not None and now < told <= now + HOUR_S else self._next_hour()

    def _roll_over(self) -> None:
        if (hour := self._current_hour()) != self._hour:
            self._hour = hour
            self._points.clear()
            self._calls.clear()
            self._site_pauses.clear()

    def _current_hour(self) -> int:
        return int(self._clock() // HOUR_S)

    def _next_hour(self) -> float:
        return float((self._current_hour() + 1) * HOUR_S)


def _policies(header: str) -> list[tuple[str, dict[str, int]]]:
    return [
        (name.lower(), {key: int(value) for key, value in _PARAMETER.findall(parameters)})
        for name, parameters in _POLICY.findall(header)
    ]


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 13 else None


def _seconds(value: str | None) -> float | None:
    seconds = _whole(value)
    return None if seconds is None else float(seconds)


def _moment(value: str | None) -> float | None:
    """ISO 8601, seconds and zone optional: `2026-11-23T10:00Z`."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
