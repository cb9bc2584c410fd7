"""How far a GitLab's issues have been read, whatever its clock and its lists do.

A round lists what changed since a moment in the order in which it was made. That order does not
change while we read, so nothing shifts past us; what changes meanwhile comes in the next round,
which begins shortly before this one, by GitLab's own clock.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.tools.rounds import LAG, milliseconds

PER_PAGE = 100
MOST_REMEMBERED = 500
# Covers also a clock of its database that is as far behind as clocks are.
LONGEST_LAG = timedelta(minutes=30)
Raw = Mapping[str, Any]
Looks = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class IssueRound:
    """Times in milliseconds since 1970.

    ``since``: changes count from then on; None is always. ``began``: when the round's first page
    came, ``newest``: the latest change seen in any round. ``made``: the issues that come next were
    made then or later. ``page``: among more issues made in one moment than a page holds, and
    ``total``: how many the list had on the page before. ``given`` and ``edge``: by id when an issue
    changed and how it looked, for those that changed last and for those that were made at ``made``.
    """

    query: str
    since: int | None = None
    began: int | None = None
    newest: int | None = None
    made: int | None = None
    page: int = 1
    total: int | None = None
    given: Looks = field(default_factory=dict)
    edge: Looks = field(default_factory=dict)

    @classmethod
    def of(cls, position: str | None, query: str) -> "IssueRound":
        """From what was given back before; None, or another query, is the beginning."""
        fresh = cls(query=_sign(query))
        if position is None:
            return fresh
        told = json.loads(position)
        for name in ("given", "edge"):
            told[name] = {each: (at, sign) for each, (at, sign) in told.get(name, {}).items()}
        known = cls(**told)
        return known if known.query == fresh.query else fresh

    @classmethod
    def made_since(cls, moment: datetime) -> "IssueRound":
        """All issues made since then."""
        return cls(query="", made=milliseconds(moment))

    def __str__(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value not in (None, {})}
        return json.dumps(told, separators=(",", ":"))

    @property
    def parameters(self) -> dict[str, str | int]:
        """What to ask the list of issues for."""
        asked: dict[str, str | int] = {
            "order_by": "created_at",
            "sort": "asc",
            "per_page": PER_PAGE,
            "page": self.page,
        }
        if self.since is not None:
            asked["updated_after"] = _stamp(self.since)
        if self.made is not None:
            asked["created_after"] = _stamp(self.made)
        return asked

    def new_in(self, page: Sequence[Raw]) -> list[Raw]:
        """Those that were not given out already just as they are."""
        return [
            issue
            for issue in page
            if _looks(issue) not in {self.given.get(_id(issue)), self.edge.get(_id(issue))}
        ]

    def past(
        self, page: Sequence[Raw], now: datetime, total: int | None
    ) -> tuple["IssueRound", bool]:
        """After this page, which came at ``now`` by GitLab's clock; and whether it was the last."""
        here = self._having(page, milliseconds(now))
        if self.page > 1 and total is not None and total < (self.total or 0):
            # Something was taken away before this page, so something else may have slipped past it.
            return replace(here, page=1, total=None), False
        if len(page) < PER_PAGE:
            return here._ended(), True
        last = _made(page[-1])
        if last == self.made:
            return replace(here, page=self.page + 1, total=total), False
        edge = {_id(issue): _looks(issue) for issue in page if _made(issue) == last}
        return replace(here, made=last, edge=edge, page=1, total=None), False

    def _having(self, page: Sequence[Raw], now: int) -> "IssueRound":
        given = {**self.given, **{_id(issue): _looks(issue) for issue in page}}
        latest = sorted(given.items(), key=lambda entry: entry[1][0])[-MOST_REMEMBERED:]
        seen = [at for _, (at, _) in latest[-1:]]
        newest = max([*seen, *([] if self.newest is None else [self.newest])], default=None)
        return replace(
            self,
            began=now if self.began is None else self.began,
            newest=newest,
            given=dict(latest),
        )

    def _ended(self) -> "IssueRound":
        """Between rounds. Nobody knows how long a list lags, so it begins where changes ended.

        GitLab reads from no copy that is a minute behind, so it begins no more than ``LONGEST_LAG``
        before this round did: else all that once changed together would be read for ever.
        """
        since = None
        if self.newest is not None and self.began is not None:
            since = max(min(self.newest, self.began) - _ms(LAG), self.began - _ms(LONGEST_LAG))
        given = {name: seen for name, seen in self.given.items() if seen[0] >= (since or 0)}
        return IssueRound(query=self.query, since=since, newest=self.newest, given=given)


def moment(text: str) -> datetime:
    """GitLab's times: ``2026-11-23T10:00:00.000Z``."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _id(issue: Raw) -> str:
    return str(issue["id"])


def _made(issue: Raw) -> int:
    return milliseconds(moment(issue["created_at"]))


def _looks(issue: Raw) -> tuple[int, str]:
    whole = json.dumps(issue, sort_keys=True, default=str)
    return milliseconds(moment(issue["updated_at"])), _sign(whole)


def _sign(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
