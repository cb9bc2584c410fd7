"""A type mapping beside what its sides have now: what the search for problems looks at. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.sync.rules import FieldRule, MappingRules, SideName, StatusRule, Way, goes
from app.tools.items import FieldInfo, Schema, TypeInfo

Part = Literal["types", "fields", "filled", "statuses", "people"]
SIDES: tuple[SideName, SideName] = ("jira", "tool")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which part, in a sentence each: what, and how to mend it.

    ``stops`` where items will fail; otherwise something of them will be left as it is. ``blocks``
    where all items of a type will fail: nothing is run then.
    """

    part: Part
    text: str
    mend: str
    stops: bool = True
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class SideSchemas:
    """What both sides have; empty with ``trouble`` where they could not be read, and why.

    ``needs_somebody`` where that will not pass by itself: a place that is gone, or no right to it.
    """

    by_side: Mapping[SideName, Schema] = field(default_factory=dict)
    trouble: str = ""
    needs_somebody: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """A mapping, the direction of its integration, and its two types."""

    rules: MappingRules
    direction: Way
    jira: TypeInfo
    tool: TypeInfo
    schemas: Mapping[SideName, Schema]
    tool_label: str

    def type_on(self, side: SideName) -> TypeInfo:
        """The type on this side."""
        return self.jira if side == "jira" else self.tool

    def label_of(self, side: SideName) -> str:
        """What people call this side."""
        return "Jira" if side == "jira" else self.tool_label

    def goes(self, way: str, to: SideName) -> bool:
        """Whether something that is set to go ``way`` is ever written to this side."""
        return goes(self.direction, to) and goes(way, to)

    def field(self, side: SideName, field_id: str) -> FieldInfo | None:
        """A field of the type; None where it is not there."""
        return field_named(self.type_on(side).fields, field_id)

    def given(self, side: SideName) -> set[str]:
        """The fields of this side that something is written to."""
        ruled = {named(rule, side) for rule in self.rules.fields if self.goes(rule.way, side)}
        return ruled | {rule.field for rule in self.rules.filled if rule.side == side}


def field_named(fields: Sequence[FieldInfo], field_id: str) -> FieldInfo | None:
    """The field with this id."""
    return next((each for each in fields if each.id == field_id), None)


def named(rule: FieldRule | StatusRule, side: SideName) -> str:
    """What the rule says of this side."""
    return rule.jira if side == "jira" else rule.tool


def opposite(side: SideName) -> SideName:
    """The other side."""
    return "tool" if side == "jira" else "jira"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence: the first few, and how many there are besides."""
    shown = [f"“{name}”" for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
