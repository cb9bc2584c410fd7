"""About how many calls a run takes, and how long. Pure.

Calls follow from what the items hold. Time is that of the integration's own runs where it had some;
else that of a call as it was measured (docs/performance.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import Tool
from app.sync.files import is_copied
from app.sync.fitting import Target
from app.sync.rules import goes
from app.sync.slice import AT_ONCE
from app.sync.translate import CannotSay, status_said
from app.tools.items import Item

FEWEST_MOVED = 20
"""A run that moved less tells nothing of many."""
_OURS_S = 0.026
"""What a call costs here beside waiting for its answer, while as many are under way as may be."""
_UNTIMED_S = 0.2
_CREATE, _FILE, _COMMENTS = 1, 2, 1
_MOVES = {Tool.JIRA: 2}
"""Jira is asked first which ways there are."""
_ECHO = 3
"""Where both ways are read, a comment of ours is a change: both items' comments are read again."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that ended well, and how many items it made or changed."""

    at: datetime
    took: timedelta
    moved: int

    @property
    def seconds_each(self) -> float:
        """For an item, with all that was around it."""
        return self.took.total_seconds() / self.moved


@dataclass(frozen=True, slots=True)
class Estimate:
    """``like`` is the run whose pace was taken; without it, that of the answers to the preview."""

    calls: int
    seconds: float
    like: PastRun | None


def calls_to_make(target: Target, item: Item) -> int:
    """Calls for the counterpart of a new item, with all that comes along."""
    rules, side = target.mapping.rules, target.side
    calls = _CREATE + (_MOVES.get(target.tool, 1) if _is_moved(target, item) else 0)
    if goes(rules.comments, side) and item.comment_count != 0:
        echo = _ECHO if target.setting.direction == "both" else 0
        calls += _COMMENTS + echo + (item.comment_count or 0)
    if goes(rules.attachments, side):
        calls += _FILE * sum(is_copied(file) for file in item.attachments)
    return calls


def estimate(
    *, new: int, calls: int, lists: int, listing_s: float, past: Sequence[PastRun]
) -> Estimate:
    """For so many new items with so many calls; the ``lists`` were read in ``listing_s``.

    Of past runs the fastest counts: others may have been paused, or waited for somebody.
    """
    like = min(past, key=lambda run: run.seconds_each, default=None) if new else None
    each_s = listing_s / lists if lists else _UNTIMED_S
    seconds = (calls + lists) * (_OURS_S + each_s / AT_ONCE)
    if like is not None:
        seconds = new * like.seconds_each
    return Estimate(calls + lists, seconds, like)


def _is_moved(target: Target, item: Item) -> bool:
    """Whether it does not stay in the status in which it is made, its type's first one."""
    rules = target.mapping.rules
    first = next(iter(target.type.statuses), None) if target.type else None
    if first is None or not rules.statuses or not goes(rules.status_way, target.side):
        return False
    try:
        rule = status_said(item.status, target.side, rules)
    except CannotSay:
        return False
    return (rule.jira if target.side == "jira" else rule.tool) != first
