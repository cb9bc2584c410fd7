"""Openings of a log: noted once, and then good for an hour of reading on.

A token is sealed for its place, such as a run and a person, so it can be neither made up nor
passed on.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Protocol

from app.encryption import CannotOpen

LASTS = timedelta(hours=1)


class Sealer(Protocol):
    """A key that seals for a place."""

    def seal(self, plain: bytes, *place: object) -> bytes: ...

    def open(self, sealed: bytes, *place: object) -> bytes: ...


def opening(key: Sealer, place: tuple[object, ...], now: datetime) -> str:
    """The token of an opening that was noted now."""
    sealed = key.seal(json.dumps(now.timestamp()).encode(), *place)
    return base64.urlsafe_b64encode(sealed).decode()


def lasts(key: Sealer, place: tuple[object, ...], token: str, now: datetime) -> bool:
    """Whether the token is of an opening of this place that still counts."""
    try:
        sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        since: float = json.loads(key.open(sealed, *place))
    except (CannotOpen, ValueError, binascii.Error):
        return False
    return now.timestamp() - since < LASTS.total_seconds()
