"""What all steps of a slice share: the integration as the slice found it, and both sides."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Model
from app.sync.prints import Fingerprint
from app.sync.reconcile import AsKept, ConflictRule, Note, Setting
from app.sync.rooms import Rooms
from app.sync.rules import MappingRules, SideName, Way
from app.sync.translate import WhoIsWho, by_email
from app.tools.items import Item, Person
from app.tools.side import Side

OTHER: Mapping[SideName, SideName] = {"jira": "tool", "tool": "jira"}


class Log(Protocol):
    """Where a run's lines go; they are sealed, so ``data`` may hold what moved."""

    def write(
        self,
        level: str,
        event: str,
        message: str,
        *,
        jira: str = "",
        tool: str = "",
        data: Mapping[str, str] | None = None,
    ) -> None: ...


class Counting(Protocol):
    """Counts what becomes of items, and keeps that with the run."""

    def count(self, side: SideName, item: Item, became: str) -> None: ...

    def sealed(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class MappedTypes:
    """A type mapping that is switched on."""

    id: UUID
    jira_type: str
    tool_type: str
    rules: MappingRules

    def type_on(self, side: SideName) -> str:
        """The type's name on this side."""
        return self.jira_type if side == "jira" else self.tool_type


@dataclass(frozen=True, slots=True)
class Integrated:
    """The integration as the engine needs it."""

    id: UUID
    instance_id: UUID
    direction: Way
    conflict_rule: ConflictRule
    copies_deletions: bool
    queries: Mapping[SideName, str]
    mappings: Sequence[MappedTypes]

    def mapping_of(self, side: SideName, item: Item) -> MappedTypes | None:
        """The first that has the item's type; items without one are left alone."""
        return next((each for each in self.mappings if each.type_on(side) == item.type), None)


@dataclass(slots=True)
class Context:
    """Handed to every step. ``rows`` are new rows that are committed with the page.

    ``fresh`` holds the links that this slice made: for these nothing can have been made yet.
    ``counting`` is told what becomes of items; None where nobody asks.
    """

    integrated: Integrated
    sides: Mapping[SideName, Side]
    log: Log
    fingerprint: Fingerprint
    as_kept: AsKept
    rooms: Rooms
    session: Callable[[], AbstractAsyncContextManager[AsyncSession]]
    now: Callable[[], datetime]
    parents: dict[tuple[SideName, str], str | None] = field(default_factory=dict)
    fresh: set[UUID] = field(default_factory=set)
    rows: list[Model] = field(default_factory=list)
    counting: Counting | None = None
    people: WhoIsWho | None = None
    keeps_parents: bool = True

    async def know_people(self, rules: MappingRules, *items: Item) -> None:
        """Ask both sides who is who, unless these items name nobody in what is mapped."""
        if self.people is not None or not any(_names_somebody(rules, item) for item in items):
            return
        jira, tool = await asyncio.gather(self.sides["jira"].people(), self.sides["tool"].people())
        self.people = WhoIsWho(by_email(jira), by_email(tool))

    def setting(self, mapping: MappedTypes) -> Setting:
        """What the rules of a mapping are applied with."""
        return Setting(
            rules=mapping.rules,
            direction=self.integrated.direction,
            conflict_rule=self.integrated.conflict_rule,
            fingerprint=self.fingerprint,
            people=self.people or WhoIsWho(),
            as_kept=self.as_kept,
            rooms=self.rooms,
            keeps_parents=self.keeps_parents,
            parent_on=lambda to, parent: self.parents.get((to, parent)),
        )

    def note(self, note: Note, jira: str, tool: str) -> None:
        """Log what the rules had to say about two items."""
        self.log.write(note.level, note.event, note.message, jira=jira, tool=tool, data=note.data)

    def tell(self, level: str, event: str, message: str, side: SideName, item: Item) -> None:
        """Log something about one item."""
        if side == "jira":
            self.log.write(level, event, message, jira=item.key)
        else:
            self.log.write(level, event, message, tool=item.key)


def _names_somebody(rules: MappingRules, item: Item) -> bool:
    named = (item.values.get(name) for rule in rules.fields for name in (rule.jira, rule.tool))
    return any(isinstance(value, Person) for value in named)
