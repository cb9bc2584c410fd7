"""How long a tool asks to be left alone, read from the headers of its answer."""

import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A tool may ask for whatever it likes; after this long it is asked again all the same.
LONGEST_PAUSE_S = 3600.0
_EPOCHS_BEGIN = 1e9
_LIMITS = (
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of ``Retry-After``; None where the tool does not say."""
    return _seconds_until(headers.get("retry-after", ""), headers)


def exhausted_for(headers: Mapping[str, str]) -> float | None:
    """Seconds until the budget opens again, where this answer used it up."""
    for remaining, reset in _LIMITS:
        if _number(headers.get(remaining, "")) == 0.0:
            return _seconds_until(headers.get(reset, ""), headers)
    return None


def _seconds_until(text: str, headers: Mapping[str, str]) -> float | None:
    """From seconds, seconds since 1970, an HTTP or ISO date; by the tool's own clock."""
    number = _number(text)
    if number is not None and number < _EPOCHS_BEGIN:
        return min(max(number, 0.0), LONGEST_PAUSE_S)
    moment = _moment(text) if number is None else number
    if moment is None:
        return None
    now = _moment(headers.get("date", "")) or time.time()
    return min(max(moment - now, 0.0), LONGEST_PAUSE_S)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(text: str) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None
