"""Atlassian's points: what each call of the app costs, and the headers that tell."""

import time
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


@dataclass(slots=True)
class Quota:
    """Points used in this hour by the app, over all its sites (the sandbox has one)."""

    limit: int = HOURLY_POINTS
    used: int = 0
    hour: int = field(default_factory=lambda: int(time.time() // HOUR))

    def spend(self, points: int) -> None:
        self._turn()
        self.used += points

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
