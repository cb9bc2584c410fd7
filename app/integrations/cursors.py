"""Where a page of a list begins: opaque to the browser, checked when it comes back."""

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.errors import InvalidInput

_FORM = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = (datetime(2200, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND


class Position(NamedTuple):
    """A row's place in the order of lists: newest first, then by id."""

    created_at: datetime
    id: UUID


def cursor_of(position: Position) -> str:
    """32 signs that are safe in an address."""
    micros = (position.created_at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(_FORM.pack(micros, position.id.bytes)).decode()


def position_of(cursor: str) -> Position:
    """The position again, or ``InvalidInput``. It says where to go on, not what may be seen."""
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        micros, id_bytes = _FORM.unpack(raw)
    except (ValueError, binascii.Error, struct.error):
        raise _not_ours() from None
    if not 0 <= micros < _LATEST:
        raise _not_ours()
    return Position(_EPOCH + micros * _MICROSECOND, UUID(bytes=id_bytes))


def _not_ours() -> InvalidInput:
    return InvalidInput("This page of the list does not exist.", mend="Begin at the first page.")
