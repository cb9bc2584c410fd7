"""Decides what has to be written where so that two linked items agree. Pure and the same again:

after it was carried out, asking once more wants nothing. An echo of our own write is a value whose
print is known; a write that was not recorded is a change that both sides made alike.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from app.sync.prints import PARENT, STATUS, Fingerprint, Prints, print_of, same
from app.sync.rooms import Rooms
from app.sync.rules import FieldRule, MappingRules, SideName, Way, goes
from app.sync.translate import (
    CannotSay,
    WhoIsWho,
    filled_with,
    is_fixed,
    said,
    status_said,
    typed,
)
from app.tools.items import FieldKind, Item, Value
from app.tools.side import NO_PARENT

ConflictRule = Literal["latest", "jira", "tool"]
AsKept = Callable[[SideName, FieldKind, Value], Value]
"""What a side gives back of a value that was written to it."""
ParentOn = Callable[[SideName, str], str | None]
"""The id, on this side, of the counterpart of a parent on the other one."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the run's log. ``data`` may hold content; the log is sealed."""

    level: Literal["info", "warning"]
    event: str
    message: str
    data: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Writes:
    """What one side is to be told."""

    values: dict[str, Value] = field(default_factory=dict)
    status: str | None = None
    demands: dict[str, Value] = field(default_factory=dict)
    parent: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.values) or self.status is not None or self.parent is not None


@dataclass(slots=True)
class Plan:
    """Writes for both sides, the prints that hold once they are done, and what to log.

    ``unsaid`` has the prints, by side and key, of what was looked at and could not be said: nobody
    agreed to it, and there is no use in looking again before it changes. ``waits_for`` is the side
    and id of a parent that is not linked yet.
    """

    jira: Writes = field(default_factory=Writes)
    tool: Writes = field(default_factory=Writes)
    jira_prints: dict[str, str] = field(default_factory=dict)
    tool_prints: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    unsaid: dict[SideName, dict[str, str]] = field(default_factory=lambda: {"jira": {}, "tool": {}})
    waits_for: str | None = None

    def on(self, side: SideName) -> Writes:
        """The writes for one side."""
        return self.jira if side == "jira" else self.tool


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all items of a type mapping during a run."""

    rules: MappingRules
    direction: Way
    conflict_rule: ConflictRule
    fingerprint: Fingerprint
    people: WhoIsWho
    as_kept: AsKept
    parent_on: ParentOn
    rooms: Rooms
    keeps_parents: bool = True


@dataclass(frozen=True, slots=True)
class _Pair:
    """One thing that both sides hold."""

    jira_key: str
    tool_key: str
    kind: FieldKind
    way: Way
    jira: Value
    tool: Value
    said: Callable[[SideName, Value], Value]

    def at(self, side: SideName) -> Value:
        return self.jira if side == "jira" else self.tool


def reconcile(setting: Setting, jira: Item, tool: Item, was: tuple[Prints, Prints]) -> Plan:
    """The plan for two items of which at least one changed since ``was`` (Jira's, the tool's)."""
    plan = Plan(jira_prints=dict(was[0]), tool_prints=dict(was[1]))
    later: SideName = "jira" if jira.updated_at >= tool.updated_at else "tool"
    for pair in _pairs(setting, jira, tool):
        _settle(setting, pair, later, plan)
    for side, source in (("tool", jira), ("jira", tool)):
        _fill(setting, plan, side, source)  # type: ignore[arg-type]
    return plan


def prints_of(setting: Setting, side: SideName, item: Item) -> dict[str, str]:
    """The prints of all that is mapped, as this side holds it now."""
    return {
        (pair.jira_key if side == "jira" else pair.tool_key): print_of(
            setting.fingerprint, pair.kind, pair.at(side)
        )
        for pair in _pairs(setting, item, item)
    }


def draft_values(
    setting: Setting, to: SideName, source: Item
) -> tuple[dict[str, Value], list[Note]]:
    """The values to make a counterpart of ``source`` with, and what could not be said."""
    values: dict[str, Value] = {}
    notes: list[Note] = []
    for rule in (each for each in setting.rules.fields if goes(each.way, to)):
        here, there = (rule.tool, rule.jira) if to == "jira" else (rule.jira, rule.tool)
        try:
            value = said(rule, source.values.get(here), to, setting.rules, setting.people)
        except CannotSay as reason:
            notes.append(_not_said(here, reason))
            continue
        if value is not None:
            values[there] = setting.rooms.fitted(to, rule.kind, value, source)
        if not setting.rooms.fits(to, rule.kind, value):
            notes.append(_shortened(here, to))
    for filled in (each for each in setting.rules.filled if each.side == to):
        try:
            values[filled.field] = filled_with(filled, source)
        except CannotSay as reason:
            notes.append(_not_said(filled.field, reason))
    return values, notes


def _pairs(setting: Setting, jira: Item, tool: Item) -> Iterator[_Pair]:
    rules = setting.rules
    sources: dict[SideName, Item] = {"tool": jira, "jira": tool}

    def whole_or_excerpt(rule: FieldRule, to: SideName, value: Value) -> Value:
        found = said(rule, value, to, rules, setting.people)
        return setting.rooms.fitted(to, rule.kind, found, sources[to])

    for rule in rules.fields:
        yield _Pair(
            rule.jira,
            rule.tool,
            rule.kind,
            rule.way,
            jira.values.get(rule.jira),
            tool.values.get(rule.tool),
            partial(whole_or_excerpt, rule),
        )
    if rules.statuses:
        yield _Pair(
            STATUS,
            STATUS,
            FieldKind.OPTION,
            rules.status_way,
            jira.status,
            tool.status,
            lambda to, value: getattr(status_said(str(value), to, rules), to),
        )
    if rules.hierarchy and setting.keeps_parents:
        yield _Pair(
            PARENT,
            PARENT,
            FieldKind.TEXT,
            "both",
            jira.parent,
            tool.parent,
            lambda to, value: _parent_said(setting, to, value),
        )


def _parent_said(setting: Setting, to: SideName, value: Value) -> Value:
    if value is None:
        return None
    found = setting.parent_on(to, str(value))
    if found is None:
        raise _NotYet
    return found


def waiting_for(side: SideName, parent: str) -> str:
    """How a link says that it waits for an item of this side to be linked."""
    return f"{side}:{parent}"


class _NotYet(CannotSay):
    """It can be said once its parent is linked."""


def _settle(setting: Setting, pair: _Pair, later: SideName, plan: Plan) -> None:
    source = _source(setting, pair, later, plan)
    if source is None:
        return
    target: SideName = "tool" if source == "jira" else "jira"
    try:
        wanted = pair.said(target, pair.at(source))
    except CannotSay as reason:
        if isinstance(reason, _NotYet):
            plan.waits_for = waiting_for(source, str(pair.at(source)))
        else:
            plan.notes.append(_not_said(pair.jira_key, reason, _shown(pair)))
        plan.unsaid["jira"][pair.jira_key] = _print(setting, pair, "jira")
        plan.unsaid["tool"][pair.tool_key] = _print(setting, pair, "tool")
        return
    if not setting.rooms.fits(target, pair.kind, pair.at(source)):
        plan.notes.append(_shortened(pair.jira_key, target))
    _agree(setting, pair, plan, wanted, target)


def _shortened(key: str, side: SideName) -> Note:
    where = "Jira" if side == "jira" else "the tool"
    message = f"{key}: longer than {where} takes; only its beginning is there, with a link."
    return Note("warning", "shortened", message)


def _is_excerpt(setting: Setting, pair: _Pair, side: SideName) -> bool:
    """Whether this side has only the beginning of what the other one has, and may send here."""
    other: SideName = "tool" if side == "jira" else "jira"
    return _may_leave(setting, pair, other) and not setting.rooms.fits(
        side, pair.kind, pair.at(other)
    )


def _source(setting: Setting, pair: _Pair, later: SideName, plan: Plan) -> SideName | None:
    """Whose value goes to the other side; None where nothing has to."""
    jira_print, tool_print = _print(setting, pair, "jira"), _print(setting, pair, "tool")
    changed: list[SideName] = []
    if plan.jira_prints.get(pair.jira_key) != jira_print:
        changed.append("jira")
    if plan.tool_prints.get(pair.tool_key) != tool_print:
        changed.append("tool")
    may: list[SideName] = [side for side in changed if _may_leave(setting, pair, side)]
    for side in [each for each in may if _is_excerpt(setting, pair, each)]:
        may.remove(side)
        message = (
            f"{pair.jira_key}: the text was changed where only its beginning is; it stays there."
        )
        plan.notes.append(Note("warning", "not overwritten", message, _shown(pair)))
    if len(may) == 2 and not _alike(setting, pair):
        winner: SideName = later if setting.conflict_rule == "latest" else setting.conflict_rule
        plan.notes.append(
            Note(
                "warning",
                "conflict",
                f"{pair.jira_key}: changed on both sides; {winner} wins.",
                _shown(pair),
            )
        )
        return winner
    if may and len(may) < 2:
        return may[0]
    plan.jira_prints[pair.jira_key] = jira_print
    plan.tool_prints[pair.tool_key] = tool_print
    return None


def _print(setting: Setting, pair: _Pair, side: SideName) -> str:
    return print_of(setting.fingerprint, pair.kind, pair.at(side))


def _may_leave(setting: Setting, pair: _Pair, side: SideName) -> bool:
    target: SideName = "tool" if side == "jira" else "jira"
    return goes(setting.direction, target) and goes(pair.way, target)


def _alike(setting: Setting, pair: _Pair) -> bool:
    """Whether one side's value is how the other's would be said there."""
    for target, value, there in (("tool", pair.jira, pair.tool), ("jira", pair.tool, pair.jira)):
        try:
            wanted = setting.as_kept(target, pair.kind, pair.said(target, value))  # type: ignore[arg-type]
        except CannotSay:
            continue
        if same(pair.kind, wanted, there):
            return True
    return False


def _agree(setting: Setting, pair: _Pair, plan: Plan, wanted: Value, target: SideName) -> None:
    expected = setting.as_kept(target, pair.kind, wanted)
    if not same(pair.kind, expected, pair.at(target)):
        writes = plan.on(target)
        if pair.jira_key == STATUS:
            writes.status = str(wanted)
            writes.demands = _demands(setting.rules, target, str(wanted), plan.notes)
        elif pair.jira_key == PARENT:
            writes.parent = NO_PARENT if wanted is None else str(wanted)
        else:
            writes.values[pair.jira_key if target == "jira" else pair.tool_key] = wanted
    held = {"jira": pair.jira, "tool": pair.tool, target: expected}
    plan.jira_prints[pair.jira_key] = print_of(setting.fingerprint, pair.kind, held["jira"])
    plan.tool_prints[pair.tool_key] = print_of(setting.fingerprint, pair.kind, held["tool"])


def _demands(rules: MappingRules, to: SideName, status: str, notes: list[Note]) -> dict[str, Value]:
    """What the mapping gives for the fields that a move into this status asks for."""
    given: dict[str, Value] = {}
    rule = next((each for each in rules.statuses if getattr(each, to) == status), None)
    for name, (kind, text) in rule.demands(to).items() if rule else ():
        try:
            given[name] = typed(kind, text)
        except CannotSay as reason:
            notes.append(_not_said(name, reason))
    return given


def _fill(setting: Setting, plan: Plan, side: SideName, source: Item) -> None:
    """Fields that are composed of the other side's values, when those changed."""
    if not goes(setting.direction, side):
        return
    prints = plan.jira_prints if side == "jira" else plan.tool_prints
    for rule in setting.rules.filled:
        if rule.side != side or is_fixed(rule):
            continue
        try:
            value = filled_with(rule, source)
        except CannotSay as reason:
            plan.notes.append(_not_said(rule.field, reason))
            continue
        key = f"={rule.field}"
        found = print_of(setting.fingerprint, rule.kind, value)
        if prints.get(key) != found:
            plan.on(side).values[rule.field] = value
            prints[key] = found


def _not_said(about: str, reason: CannotSay, data: dict[str, str] | None = None) -> Note:
    """``about`` is the id of a field, or the key of a print."""
    return Note("warning", "not said", f"{about.removeprefix('#')}: {reason}.", data or {})


def _shown(pair: _Pair) -> dict[str, str]:
    return {"jira": str(pair.jira), "tool": str(pair.tool)}
