"""The time as a tool's server has it, which need not be ours."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


@dataclass(slots=True)
class Clock:
    """Ahead of ours by `skew`; standing still where `fixed` is set."""

    skew: timedelta = timedelta()
    fixed: datetime | None = None

    def now(self) -> datetime:
        """To the millisecond, as both tools keep time."""
        now = (self.fixed or datetime.now(UTC)) + self.skew
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def http_date(self) -> str:
        return format_datetime(self.now(), usegmt=True)
