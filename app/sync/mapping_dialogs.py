"""The dialogs in which the parts of a mapping are edited, drawn with both sides' real values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from app.sync.field_problems import OF_EVERY_ITEM
from app.sync.kinds import has_choices
from app.sync.mapping_views import Desk, Rows, choices_of, labelled, ways
from app.sync.proposal import propose_field
from app.sync.rules import FieldRule, SideName
from app.sync.weighing import SIDES, field_named, opposite
from app.tools.items import FieldInfo, FieldKind, Person
from app.web.templates import render

MOST_PEOPLE_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Entered:
    """What a dialog shows: values by field, what is wrong with them, and rows of its lists."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)


def field_dialog(desk: Desk, entered: Entered) -> Markup:
    """A pair of fields, with what their choices become."""
    types = desk.need_types()
    return render(
        "sync/field.html",
        base=desk.base,
        version=desk.mapping.version,
        tool=desk.tool_label,
        values=entered.values,
        errors=entered.errors,
        jira_fields=labelled(types.jira.fields),
        tool_fields=labelled(types.tool.fields),
        ways=ways(desk.tool_label),
        part=field_part(desk, entered),
    )


def field_part(desk: Desk, entered: Entered) -> dict[str, Any]:
    """What depends on the two fields: whether they fit, and their choices both ways."""
    types = desk.need_types()
    jira = field_named(types.jira.fields, entered.values.get("jira", ""))
    tool = field_named(types.tool.fields, entered.values.get("tool", ""))
    part: dict[str, Any] = {"tool": desk.tool_label, "misfit": "", "to_tool": [], "to_jira": []}
    if jira is None or tool is None:
        return part
    proposed = propose_field(jira, tool)
    if proposed is None:
        part["misfit"] = (
            f"“{jira.label}” is {jira.kind}, “{tool.label}” is {tool.kind}: they do not fit."
            if jira.kind != tool.kind
            else "Neither side lets this field be written."
        )
    elif has_choices(proposed.kind, jira, tool):
        held = _held(desk, proposed) or proposed
        part["to_tool"], part["to_jira"] = choices_of(
            held.options, jira.options, tool.options, entered.rows
        )
    return part


def _held(desk: Desk, wanted: FieldRule) -> FieldRule | None:
    """The rule for the same two fields, if the mapping has one already."""
    pair = (wanted.jira, wanted.tool)
    return next((rule for rule in desk.rules.fields if (rule.jira, rule.tool) == pair), None)


def filled_dialog(desk: Desk, entered: Entered) -> Markup:
    """A field that is filled from a text."""
    types = desk.need_types()
    return render(
        "sync/filled.html",
        base=desk.base,
        version=desk.mapping.version,
        values=entered.values,
        errors=entered.errors,
        fields=[
            (f"{side}:{name}", f"{types.label_of(side)}: {label}")
            for side in SIDES
            for name, label in labelled([it for it in types.on(side).fields if it.writable])
        ],
        part=filled_part(desk, entered),
    )


def filled_part(desk: Desk, entered: Entered) -> dict[str, Any]:
    """What depends on the field: its choices, and the places that a text may have."""
    types = desk.need_types()
    name, _, field_id = entered.values.get("field", "").partition(":")
    side: SideName = "jira" if name == "jira" else "tool"
    found: FieldInfo | None = field_named(types.on(side).fields, field_id)
    source = opposite(side)
    places = [*OF_EVERY_ITEM, *(each.id for each in types.on(source).fields)] if found else []
    return {
        "values": entered.values,
        "errors": entered.errors,
        "choices": found.options if found else [],
        "kind": str(found.kind) if found else "",
        "places": [f"{{{place}}}" for place in places],
        "source": types.label_of(source),
    }


def statuses_dialog(desk: Desk, entered: Entered) -> Markup:
    """All statuses of both sides, and what moves into them demand."""
    types = desk.need_types()
    pairs = [(rule.jira, rule.tool) for rule in desk.rules.statuses]
    to_tool, to_jira = choices_of(pairs, types.jira.statuses, types.tool.statuses, entered.rows)
    return render(
        "sync/statuses.html",
        base=desk.base,
        version=desk.mapping.version,
        tool=desk.tool_label,
        values=entered.values,
        errors=entered.errors,
        ways=ways(desk.tool_label),
        to_tool=to_tool,
        to_jira=to_jira,
        demands=_demands(desk, entered.rows),
    )


_TAKES = {
    FieldKind.NUMBER: "A number, such as 3.5.",
    FieldKind.DATE: "A date, such as 2026-01-31.",
    FieldKind.TIME: "A date and time, such as 2026-01-31T09:30.",
    FieldKind.PERSON: "A person, by the id that this side has for them.",
    FieldKind.BOOLEAN: "Yes or no.",
    FieldKind.LABELS: "One or several, with commas between them.",
}


def _demands(desk: Desk, rows: Rows) -> list[dict[str, Any]]:
    """The fields that moves ask for, with what they are given."""
    types = desk.need_types()
    given: dict[tuple[str, str, str], str] = {}
    for rule in desk.rules.statuses:
        for name, text in rule.jira_demands.items():
            given.setdefault(("jira", rule.jira, name), text)
        for name, text in rule.tool_demands.items():
            given.setdefault(("tool", rule.tool, name), text)
    for row in rows.get("demands", ()):
        key = (row.get("side", ""), row.get("status", ""), row.get("field", ""))
        given[key] = row.get("text", "")
    return [
        {
            "side": side,
            "status": status,
            "field": asked,
            "options": [(option, option) for option in asked.options],
            "label": f"{asked.label} on the way to {status} in {types.label_of(side)}",
            "text": given.get((side, status, asked.id), ""),
            "takes": _TAKES.get(asked.kind, ""),
        }
        for side in SIDES
        for status, fields in types.on(side).demanded.items()
        for asked in fields
    ]


def person_dialog(desk: Desk, entered: Entered) -> Markup:
    """Who of one side is whom of the other."""
    schemas = desk.need_schemas()
    return render(
        "sync/person.html",
        base=desk.base,
        version=desk.mapping.version,
        tool=desk.tool_label,
        values=entered.values,
        errors=entered.errors,
        jira_people=_people(schemas["jira"].people),
        tool_people=_people(schemas["tool"].people),
    )


def _people(people: Sequence[Person]) -> list[tuple[str, str]]:
    known = sorted(people, key=lambda person: (person.name.casefold(), person.id))
    return [
        (person.id, f"{person.name or person.id}{f' ({person.email})' if person.email else ''}")
        for person in known[:MOST_PEOPLE_LISTED]
    ]


def rest_dialog(desk: Desk, entered: Entered) -> Markup:
    """The types, comments, attachments and hierarchy."""
    schemas, values = desk.need_schemas(), entered.values
    # A type that is gone stays what it is until another one is chosen.
    kept = {"jira": desk.mapping.jira_type, "tool": desk.mapping.tool_type}
    names = {
        side: dict.fromkeys([*(each.name for each in schemas[side].types), kept[side]])
        for side in SIDES
    }
    return render(
        "sync/rest.html",
        base=desk.base,
        version=desk.mapping.version,
        tool=desk.tool_label,
        values=values,
        errors=entered.errors,
        jira_types=[(name, name) for name in names["jira"]],
        tool_types=[(name, name) for name in names["tool"]],
        ways=[("off", "Do not copy"), *ways(desk.tool_label)],
    )
