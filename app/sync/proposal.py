"""Proposes how two sides map: types, fields, choices, statuses and people. Pure.

A proposal is where the owner begins, so it says nothing that is a mere guess about people, and
leaves out what has no likely counterpart: `app.sync.problems` then tells what is missing.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.sync.kinds import common_kind, has_choices
from app.sync.pairings import Pairs, joined
from app.sync.rules import (
    MOST_OPTIONS,
    MOST_PEOPLE,
    MOST_RULES,
    FieldRule,
    FilledField,
    MappingRules,
    PersonRule,
    SideName,
    StatusRule,
    Way,
    goes,
)
from app.sync.same_words import (
    ENDINGS,
    FIELDS,
    PRIORITIES,
    STATUSES,
    TYPES,
    group_of,
    is_given_up,
    plain,
    stage_of,
)
from app.sync.translate import is_fixed
from app.tools.items import FieldInfo, FieldKind, Person, Schema, TypeInfo

Distance = Callable[[str, str], int | None]
"""How far two names are from each other in meaning; None for too far."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A field of Jira that could be a field of the tool."""

    distance: int
    jira: FieldInfo
    tool: FieldInfo


def propose_types(jira: Schema, tool: Schema) -> list[tuple[str, str]]:
    """For each type of Jira's the type of the tool that is likely the same; without the others."""
    found = []
    for each in jira.types:
        counterpart = _type_like(each.name, [other.name for other in tool.types])
        if counterpart is not None:
            found.append((each.name, counterpart))
    return found


def propose_rules(
    jira: Schema, tool: Schema, jira_type: TypeInfo, tool_type: TypeInfo
) -> MappingRules:
    """Rules for two types as their sides have them now."""
    fields = tuple(_fields(jira_type, tool_type))[:MOST_RULES]
    written = {
        "jira": {rule.jira for rule in fields if goes(rule.way, "jira")},
        "tool": {rule.tool for rule in fields if goes(rule.way, "tool")},
    }
    filled = (
        *_filled("jira", jira_type, written["jira"]),
        *_filled("tool", tool_type, written["tool"]),
    )
    return MappingRules(
        fields=fields,
        filled=filled[:MOST_RULES],
        statuses=propose_statuses(jira_type, tool_type),
        people=tuple(_people(jira.people, tool.people))[:MOST_PEOPLE],
    )


def propose_field(jira: FieldInfo, tool: FieldInfo) -> FieldRule | None:
    """The rule for two fields; None where their kinds do not fit or neither may be written."""
    kind, way = common_kind(jira.kind, tool.kind), possible_way(jira, tool)
    if kind is None or way is None:
        return None
    options = propose_options(jira.options, tool.options) if has_choices(kind, jira, tool) else ()
    return FieldRule(jira=jira.id, tool=tool.id, kind=kind, way=way, options=options)


def possible_way(jira: FieldInfo, tool: FieldInfo) -> Way | None:
    """The ways that both sides allow; None for no way."""
    if jira.writable and tool.writable:
        return "both"
    if tool.writable:
        return "to_tool"
    return "to_jira" if jira.writable else None


def propose_options(jira: Sequence[str], tool: Sequence[str]) -> Pairs:
    """Choices that are called the same, or stand for the same priority."""
    ranked = all(group_of(PRIORITIES, name) is not None for name in (*jira, *tool))
    return _pairs(jira, tool, _priority_distance if ranked else _name_distance)[:MOST_OPTIONS]


def propose_statuses(jira: TypeInfo, tool: TypeInfo) -> tuple[StatusRule, ...]:
    """Statuses that mean the same, with values for what moves into them demand, if obvious."""
    return tuple(
        StatusRule(
            jira=here,
            tool=there,
            jira_demands=(jira_given := dict(_demands(jira, here))),
            tool_demands=(tool_given := dict(_demands(tool, there))),
            jira_kinds=_kinds(jira, here, jira_given),
            tool_kinds=_kinds(tool, there, tool_given),
        )
        for here, there in _pairs(jira.statuses, tool.statuses, _status_distance)[:MOST_RULES]
    )


def _type_like(name: str, others: Sequence[str]) -> str | None:
    by_plain = {plain(other): other for other in reversed(others)}
    for wanted in (plain(name), *TYPES.get(plain(name), ())):
        if wanted in by_plain:
            return by_plain[wanted]
    return others[0] if len(others) == 1 else None


def _fields(jira: TypeInfo, tool: TypeInfo) -> Iterator[FieldRule]:
    """Each field at most once, the nearest first; in the order in which Jira has them."""
    candidates = [
        _Candidate(distance, here, there)
        for here in jira.fields
        for there in tool.fields
        if (distance := _field_distance(here, there)) is not None
    ]
    chosen: dict[str, FieldRule] = {}
    taken: set[str] = set()
    for each in sorted(candidates, key=lambda it: it.distance):
        if each.jira.id in chosen or each.tool.id in taken:
            continue
        rule = propose_field(each.jira, each.tool)
        if rule is not None:
            chosen[each.jira.id] = rule
            taken.add(each.tool.id)
    return (chosen[field.id] for field in jira.fields if field.id in chosen)


def _field_distance(jira: FieldInfo, tool: FieldInfo) -> int | None:
    if jira.id == tool.id:
        return 0
    if plain(jira.label) == plain(tool.label):
        return 1
    names = (group_of(FIELDS, jira.label), group_of(FIELDS, tool.label))
    return 2 if names[0] is not None and names[0] == names[1] else None


def _filled(side: SideName, its: TypeInfo, written: Container[str]) -> Iterator[FilledField]:
    """Required fields that leave no choice."""
    for field in its.fields:
        leaves_no_choice = field.kind is FieldKind.OPTION and len(field.options) == 1
        if field.required and field.writable and leaves_no_choice and field.id not in written:
            rule = FilledField(side=side, field=field.id, kind=field.kind, text=field.options[0])
            if is_fixed(rule):
                yield rule


def _demands(its: TypeInfo, status: str) -> Iterator[tuple[str, str]]:
    wanted = ENDINGS[is_given_up(status)]
    for field in its.demanded.get(status, ()):
        named = {plain(option): option for option in field.options}
        found = next((named[word] for word in wanted if word in named), None)
        if found is not None:
            yield field.id, found


def _kinds(its: TypeInfo, status: str, given: Iterable[str]) -> dict[str, FieldKind]:
    return {field.id: field.kind for field in its.demanded.get(status, ()) if field.id in given}


def _people(jira: Sequence[Person], tool: Sequence[Person]) -> Iterator[PersonRule]:
    """Those whose e-mail both sides tell, if it belongs to one person there."""
    here, there = _by_email(jira), _by_email(tool)
    for email, person in here.items():
        other = there.get(email)
        if person is not None and other is not None:
            yield PersonRule(jira=person, tool=other)


def _by_email(people: Iterable[Person]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for person in people:
        if person.email:
            email = person.email.casefold()
            found[email] = None if email in found else person.id
    return found


def _pairs(jira: Sequence[str], tool: Sequence[str], distance: Distance) -> Pairs:
    to_tool = _nearest(jira, tool, distance)
    to_jira = _nearest(tool, jira, distance)
    taken = set(to_tool.values())
    return joined(
        to_tool,
        {
            there: here
            for there, here in to_jira.items()
            if there not in taken or to_tool.get(here) == there
        },
    )


def _nearest(names: Sequence[str], others: Sequence[str], distance: Distance) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        near = [
            (how_far, number, other)
            for number, other in enumerate(others)
            if (how_far := distance(name, other)) is not None
        ]
        if near:
            found[name] = min(near)[2]
    return found


def _name_distance(name: str, other: str) -> int | None:
    return 0 if plain(name) == plain(other) else None


def _priority_distance(name: str, other: str) -> int:
    ranks = group_of(PRIORITIES, name), group_of(PRIORITIES, other)
    if plain(name) == plain(other):
        return 0
    return 1 + abs((ranks[0] or 0) - (ranks[1] or 0))


def _status_distance(name: str, other: str) -> int | None:
    if plain(name) == plain(other):
        return 0
    group = group_of(STATUSES, name)
    if group is not None and group == group_of(STATUSES, other):
        return 1
    stages = stage_of(name), stage_of(other)
    if stages[0] == stages[1]:
        return 2
    # What is over is never taken for what is under way.
    return 3 if 2 not in stages else None
