"""What a preview finds, or what becomes of a migration's items: counted, with a few examples.

Bounded whatever the number of items. It names items, so it is stored sealed (`sealed`) and shown
to those who may read the log.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from pydantic import BaseModel, ConfigDict

from app.encryption import CannotOpen, InstanceKey
from app.sync.context import Log
from app.sync.rules import SideName
from app.tools.items import Item

MOST_ROWS, MOST_KINDS, MOST_EXAMPLES = 500, 100, 5
OTHER_ROWS, OTHER_KINDS = "Others", "Other things"
LEFT_ALONE, NEW, LINKED = "left_alone", "new", "linked"
"""Words of previews; a run's are ``created``, ``updated``, ``skipped`` and ``failed`` besides."""
_TOLD_KEPT = 1_000  # an item says the same again while it is made, not much later
# What a line of the log is counted as; other events by what the line says.
_KINDS = {
    "file not copied": "A file was not copied",
    "comment not copied": "A comment was not copied",
    "conflict": "",  # both sides had a value, and one of them won: that did fit
    "unsure": "",
    "deleted": "",
    "unlinked": "",
}


class _Stored(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Row(_Stored):
    """Items of one type and status of one side, by what becomes of them."""

    side: SideName
    type: str
    status: str
    counts: dict[str, int]


class Misfit(_Stored):
    """Something that does not fit: of how many items, and the keys of a few.

    ``text`` begins with the id of a field and a colon where it is about one.
    """

    text: str
    count: int
    examples: tuple[str, ...]


class Findings(_Stored):
    """All of it. ``labels`` (names of fields by their ids), ``calls`` and ``seconds`` of a run are
    a preview's; ``like_run_at`` is when the run began whose pace was taken, if one's was.
    """

    rows: tuple[Row, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    labels: dict[str, str] = {}
    calls: int = 0
    seconds: float = 0.0
    like_run_at: datetime | None = None
    like_run_moved: int = 0

    def sealed(self, key: InstanceKey, run_id: UUID) -> bytes:
        """For ``Run.findings`` of this run and no other."""
        return key.seal(self.model_dump_json().encode(errors="replace"), *_place(run_id))


def findings_of(sealed: bytes | None, key: InstanceKey, run_id: UUID) -> Findings | None:
    """What was sealed for this run; None where there is nothing that opens."""
    if sealed is None:
        return None
    try:
        return Findings.model_validate_json(key.open(sealed, *_place(run_id)))
    except CannotOpen:
        return None


def _place(run_id: UUID) -> tuple[object, ...]:
    return ("runs", run_id, "findings")


@dataclass(slots=True)
class Tally:
    """Counts while items are worked on."""

    rows: dict[tuple[SideName, str, str], Counter[str]] = field(default_factory=dict)
    misfits: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def going_on(cls, found: Findings | None) -> "Tally":
        """From what was counted before."""
        if found is None:
            return cls()
        return cls(
            {(row.side, row.type, row.status): Counter(row.counts) for row in found.rows},
            {each.text: (each.count, each.examples) for each in found.misfits},
        )

    def count(self, side: SideName, item: Item, became: str) -> None:
        """One item more."""
        at = (side, item.type, item.status)
        if at not in self.rows and len(self.rows) >= MOST_ROWS:
            at = (side, OTHER_ROWS, "")
        self.rows.setdefault(at, Counter())[became] += 1

    def misfit(self, text: str, key: str, times: int = 1) -> None:
        """Something of the item with this key does not fit."""
        if text not in self.misfits and len(self.misfits) >= MOST_KINDS:
            text = OTHER_KINDS
        count, examples = self.misfits.get(text, (0, ()))
        if key and key not in examples and len(examples) < MOST_EXAMPLES:
            examples = (*examples, key)
        self.misfits[text] = (count + times, examples)

    def total(self, became: str) -> int:
        """How many items became this."""
        return sum(counts[became] for counts in self.rows.values())

    def findings(self) -> Findings:
        """As it is stored: the most frequent first of what does not fit."""
        ordered = sorted(self.misfits.items(), key=lambda each: (-each[1][0], each[0]))
        return Findings(
            rows=tuple(
                Row(side=side, type=kind, status=status, counts=dict(counts))
                for (side, kind, status), counts in sorted(self.rows.items())
            ),
            misfits=tuple(
                Misfit(text=text, count=count, examples=examples)
                for text, (count, examples) in ordered
            ),
        )


@dataclass(frozen=True, slots=True)
class SealedTally:
    """The counts of a run, for `Context.counting`."""

    tally: Tally
    key: InstanceKey
    run_id: UUID

    def count(self, side: SideName, item: Item, became: str) -> None:
        """One item more."""
        self.tally.count(side, item, became)

    def sealed(self, **more: Any) -> bytes:
        """For ``Run.findings``; ``more`` is what a preview has besides."""
        found = self.tally.findings().model_copy(update=more)
        return found.sealed(self.key, self.run_id)


@dataclass(frozen=True, slots=True)
class CountedLog:
    """A run's log that counts what its warnings say does not fit, once for an item."""

    log: Log
    tally: Tally
    told: LRUCache[tuple[str, str], None] = field(default_factory=lambda: LRUCache(_TOLD_KEPT))

    def write(
        self,
        level: str,
        event: str,
        message: str,
        *,
        jira: str = "",
        tool: str = "",
        data: Mapping[str, str] | None = None,
    ) -> None:
        """Pass a line on."""
        kind, key = _KINDS.get(event, message), jira or tool
        if level == "warning" and kind and (kind, key) not in self.told:
            self.told[kind, key] = None
            self.tally.misfit(kind, key)
        self.log.write(level, event, message, jira=jira, tool=tool, data=data)
