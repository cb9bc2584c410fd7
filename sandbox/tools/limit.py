"""So many calls in so many seconds, in fixed windows."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(slots=True)
class Limit:
    """`calls` None: counted, never refused."""

    calls: int | None = None
    window_s: int = 60
    used: int = 0
    window: int = 0

    def take(self, now: datetime) -> bool:
        """Count a call; False where it is one too many."""
        window = int(now.timestamp()) // self.window_s
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        return self.calls is None or self.used <= self.calls

    @property
    def remaining(self) -> int:
        return max(0, (self.calls or 0) - self.used)

    @property
    def reset(self) -> datetime:
        """When the next window opens."""
        return datetime.fromtimestamp((self.window + 1) * self.window_s, UTC)

    def wait_s(self, now: datetime) -> int:
        return max(1, int((self.reset - now).total_seconds()) + 1)
