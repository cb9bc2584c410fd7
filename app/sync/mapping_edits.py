"""What a dialog changes of a mapping's rules, checked against what both sides have. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.sync.field_problems import OF_EVERY_ITEM
from app.sync.kinds import common_kind, has_choices, in_words
from app.sync.mapping_forms import (
    Becomes,
    FieldPair,
    Filling,
    PersonPair,
    Removal,
    Rest,
    Statuses,
)
from app.sync.pairings import Contradiction, Pairs, joined
from app.sync.proposal import possible_way
from app.sync.rules import (
    MOST_PEOPLE,
    MOST_RULES,
    FieldRule,
    FilledField,
    MappingRules,
    PersonRule,
    SideName,
    StatusRule,
)
from app.sync.translate import PLACE, CannotSay, is_fixed, typed
from app.sync.weighing import SIDES, field_named, opposite
from app.tools.items import FieldInfo, FieldKind, Schema, TypeInfo

T = TypeVar("T")
NOT_THERE = "Choose one of those that are there."


class Mistake(Exception):  # noqa: N818 - says what was entered wrongly
    """Something that was entered cannot be; ``field`` is where, "" for the whole."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(field, text)
        self.field = field
        self.text = text


@dataclass(frozen=True, slots=True)
class Edited:
    """The rules as they are to be, and what of them changed, without content, by part.

    ``types`` are the names of the types, Jira's first, where they are set as well.
    """

    rules: MappingRules
    what: Mapping[str, str]
    types: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TypePair:
    """The two types of a mapping, as their sides have them now."""

    jira: TypeInfo
    tool: TypeInfo
    schemas: Mapping[SideName, Schema]
    tool_label: str

    def on(self, side: SideName) -> TypeInfo:
        """The type on this side."""
        return self.jira if side == "jira" else self.tool

    def label_of(self, side: SideName) -> str:
        """What people call this side."""
        return "Jira" if side == "jira" else self.tool_label


def with_field(rules: MappingRules, form: FieldPair, types: TypePair) -> Edited:
    """A pair of fields, new or in place of another. Raises ``Mistake``."""
    jira = _field(types, "jira", form.jira, "jira")
    tool = _field(types, "tool", form.tool, "tool")
    kind, possible = common_kind(jira.kind, tool.kind), possible_way(jira, tool)
    if kind is None:
        raise Mistake("tool", f"“{jira.label}” is {jira.kind}, “{tool.label}” is {tool.kind}.")
    if possible not in {"both", form.way}:
        where = "Jira" if possible == "to_tool" else types.tool_label
        raise Mistake("way", f"This field cannot be written in {where}.")
    options: Pairs = ()
    if has_choices(kind, jira, tool):
        options = _pairs(form.to_tool, form.to_jira)
    rule = FieldRule(jira=jira.id, tool=tool.id, kind=kind, way=form.way, options=options)
    fields = _placed(rules.fields, rule, form.row, MOST_RULES)
    done = "added" if form.row is None else "changed"
    return _edited(rules, {"fields": fields}, {"fields": f"{done} {jira.id} with {tool.id}"})


def with_filling(rules: MappingRules, form: Filling, types: TypePair) -> Edited:
    """A field that is filled from a text, new or in place of another. Raises ``Mistake``."""
    side: SideName = "jira" if form.field.startswith("jira:") else "tool"
    field = _field(types, side, form.field.partition(":")[2], "field")
    if not field.writable:
        raise Mistake("field", f"This field cannot be written in {types.label_of(side)}.")
    rule = FilledField(side=side, field=field.id, kind=field.kind, text=form.text)
    _check_text(rule, field, types)
    filled = _placed(rules.filled, rule, form.row, MOST_RULES)
    done = "added" if form.row is None else "changed"
    return _edited(rules, {"filled": filled}, {"filled": f"{done} {field.id}"})


def with_statuses(rules: MappingRules, form: Statuses, types: TypePair) -> Edited:
    """All pairs of statuses and what moves into them demand. Raises ``Mistake``."""
    demands: dict[tuple[SideName, str], dict[str, str]] = {}
    kinds: dict[tuple[SideName, str], dict[str, FieldKind]] = {}
    for each in form.demands:
        known = types.on(each.side).demanded.get(each.status, ())
        field = field_named(known, each.field)
        if field is None:
            raise Mistake("", "What is demanded has changed meanwhile. Open this again.")
        if each.text.strip():
            _check_demand(field, each.text)
            demands.setdefault((each.side, each.status), {})[field.id] = each.text
            kinds.setdefault((each.side, each.status), {})[field.id] = field.kind
    statuses = tuple(
        StatusRule(
            jira=jira,
            tool=tool,
            jira_demands=demands.get(("jira", jira), {}),
            tool_demands=demands.get(("tool", tool), {}),
            jira_kinds=kinds.get(("jira", jira), {}),
            tool_kinds=kinds.get(("tool", tool), {}),
        )
        for jira, tool in _pairs(form.to_tool, form.to_jira)
    )
    if len(statuses) > MOST_RULES:
        raise Mistake("", f"At most {MOST_RULES} pairs can be kept.")
    parts = {"statuses": statuses, "status_way": form.status_way}
    return _edited(rules, parts, {"statuses": "changed"})


def _check_demand(field: FieldInfo, text: str) -> None:
    try:
        typed(field.kind, text)
    except CannotSay:
        raise Mistake("", f"“{field.label}” takes {in_words(field.kind)}.") from None


def with_person(rules: MappingRules, form: PersonPair, types: TypePair) -> Edited:
    """One more pair of people. Raises ``Mistake``."""
    for side in SIDES:
        chosen = form.jira if side == "jira" else form.tool
        if chosen not in {person.id for person in types.schemas[side].people}:
            raise Mistake(side, NOT_THERE)
    if any(rule.jira == form.jira for rule in rules.people):
        raise Mistake("jira", "This person is mapped already. Remove that pair first.")
    pair = PersonRule(jira=form.jira, tool=form.tool)
    people = _placed(rules.people, pair, None, MOST_PEOPLE)
    return _edited(rules, {"people": people}, {"people": "added one"})


def with_rest(
    rules: MappingRules, form: Rest, types: tuple[str, str], schemas: Mapping[SideName, Schema]
) -> Edited:
    """Types, comments, attachments and hierarchy. Raises ``Mistake``."""
    wanted = (form.jira_type, form.tool_type)
    for side, was, name in zip(SIDES, types, wanted, strict=True):
        if name != was and schemas[side].type_named(name) is None:
            raise Mistake(f"{side}_type", NOT_THERE)
    parts = {name: getattr(form, name) for name in ("comments", "attachments", "hierarchy")}
    changed = {
        name: f"{getattr(rules, name)} to {value}"
        for name, value in parts.items()
        if getattr(rules, name) != value
    }
    if wanted != types:
        changed["types"] = f"{' with '.join(types)} to {' with '.join(wanted)}"
    return replace(_edited(rules, parts, changed), types=wanted)


def without(rules: MappingRules, form: Removal) -> Edited:
    """The rules without one of them. Raises ``Mistake``."""
    held: tuple[Any, ...] = getattr(rules, form.part)
    if form.row >= len(held):
        raise Mistake("", "It is not there any more.")
    gone = held[form.row]
    named = {"fields": "jira", "filled": "field"}.get(form.part)
    what = f"removed {getattr(gone, named)}" if named else "removed one"
    left = (*held[: form.row], *held[form.row + 1 :])
    return _edited(rules, {form.part: left}, {form.part: what})


def _field(types: TypePair, side: SideName, field_id: str, where: str) -> FieldInfo:
    found = field_named(types.on(side).fields, field_id)
    if found is None:
        raise Mistake(where, NOT_THERE)
    return found


def _pairs(to_tool: Iterable[Becomes], to_jira: Iterable[Becomes]) -> Pairs:
    try:
        return joined(
            {each.name: each.to for each in to_tool if each.to},
            {each.name: each.to for each in to_jira if each.to},
        )
    except Contradiction as odd:
        goes = f"goes to “{odd.goes_to}”" if odd.goes_to else "goes nowhere"
        raise Mistake(
            "",
            f"“{odd.tool}” cannot come back as “{odd.jira}”, which {goes}: "
            "choose one of those that become it.",
        ) from None


def _check_text(rule: FilledField, field: FieldInfo, types: TypePair) -> None:
    if is_fixed(rule):
        try:
            typed(rule.kind, rule.text)
        except CannotSay:
            raise Mistake("text", f"This field takes {field.kind}.") from None
        return
    source = opposite(rule.side)
    for name in PLACE.findall(rule.text):
        if name not in OF_EVERY_ITEM and field_named(types.on(source).fields, name) is None:
            raise Mistake("text", f"{types.label_of(source)} has no field {{{name}}}.")


def _placed(held: Sequence[T], rule: T, row: int | None, most: int) -> tuple[T, ...]:
    if row is None:
        if len(held) >= most:
            raise Mistake("", f"At most {most} can be kept. Remove one first.")
        return (*held, rule)
    if row >= len(held):
        raise Mistake("", "It is not there any more.")
    return (*held[:row], rule, *held[row + 1 :])


def _edited(rules: MappingRules, parts: Mapping[str, Any], what: Mapping[str, str]) -> Edited:
    return Edited(MappingRules(**{**dict(rules), **parts}), what)
