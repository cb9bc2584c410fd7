"""Until when something is granted, as people choose it; times are reckoned by the database."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Null, func, null


class End(StrEnum):
    """What can be chosen."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    REVOKED = "revoked"


PROPOSED = End.WEEK
CHOICES = (
    (End.HOUR.value, "1 hour"),
    (End.DAY.value, "1 day"),
    (End.WEEK.value, "7 days"),
    (End.MONTH.value, "30 days"),
    (End.REVOKED.value, "Until revoked"),
)
_AFTER = {
    End.HOUR: timedelta(hours=1),
    End.DAY: timedelta(days=1),
    End.WEEK: timedelta(days=7),
    End.MONTH: timedelta(days=30),
}


def moment_of(end: End) -> ColumnElement[datetime] | Null:
    """The value of ``ends_at`` for what was chosen now."""
    if end is End.REVOKED:
        return null()
    return func.statement_timestamp() + _AFTER[end]


def told(ends_at: datetime | None) -> str:
    """As the trail keeps it."""
    return ends_at.astimezone(UTC).isoformat(timespec="minutes") if ends_at else "revoked"
