"""How far the changes of a side have been read, whatever its clock and its search do.

A round lists all that changed since a moment, in the order of ids. An item that changes meanwhile
keeps its place, so nothing shifts past us; it comes again in the next round, which begins shortly
before this one did, by the clock of the tool.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

# How long a tool's search may not know of a change; it covers times that are told in minutes too.
LAG = timedelta(minutes=2)
# More than one, for the case that the last of them is deleted before it is asked with.
_REMEMBERED = 3


@dataclass(frozen=True, slots=True)
class Round:
    """Where reading stands; times in milliseconds since 1970 by the tool's clock.

    ``query`` tells the filter that this was made for: with another one all is read again.
    ``since`` is None in the very first round, ``began`` between rounds. ``after`` has the ids (or
    keys) that were read last, the last one first.
    """

    query: str
    since: int | None = None
    began: int | None = None
    after: tuple[str, ...] = ()

    @classmethod
    def of(cls, position: str | None, query: str) -> "Round":
        """From what was given back before; None is the beginning."""
        fresh = cls(query=hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()[:12])
        if position is None:
            return fresh
        told = json.loads(position)
        known = cls(**{**told, "after": tuple(told.get("after", ()))})
        return known if known.query == fresh.query else fresh

    def __str__(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value not in {None, ()}}
        return json.dumps(told, separators=(",", ":"))

    def begun(self, now: datetime) -> "Round":
        """The same, known to have begun at this moment of the tool's clock."""
        return self if self.began is not None else replace(self, began=milliseconds(now))

    def past(self, ids: Sequence[str], *, is_last: bool) -> "Round":
        """After a page with these items."""
        if not is_last:
            return replace(self, after=tuple(reversed(ids[-_REMEMBERED:])))
        start = None if self.began is None else self.began - LAG // timedelta(milliseconds=1)
        return Round(query=self.query, since=start)

    def one_back(self) -> "Round":
        """Behind the item before, because the last one is not known any more."""
        return replace(self, after=self.after[1:])

    @property
    def since_moment(self) -> datetime | None:
        """When changes count from; None for always."""
        return None if self.since is None else datetime.fromtimestamp(self.since / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)
