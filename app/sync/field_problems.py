"""What will not work of a mapping's fields, filled fields and people. Pure."""

from collections import Counter
from collections.abc import Iterator

from app.sync.kinds import BY_NAME, common_kind, in_words
from app.sync.pairings import back, there
from app.sync.rules import FieldRule, FilledField, SideName
from app.sync.translate import PLACE, CannotSay, is_fixed, typed
from app.sync.weighing import SIDES, Problem, Weighed, listed, named, opposite
from app.tools.items import FieldInfo

OF_EVERY_ITEM = ("key", "url", "type", "status")
"""Places of a text that every item can fill, besides its fields."""
CHOOSE_OR_REMOVE = "Choose another field, or remove it from the mapping."


def field_problems(it: Weighed) -> Iterator[Problem]:
    """Of the pairs of fields."""
    for rule in it.rules.fields:
        missing = list(_missing(it, rule))
        yield from missing
        if not missing:
            yield from _misfits(it, rule)
    yield from _written_twice(it)
    yield from _without_value(it)


def filled_problems(it: Weighed) -> Iterator[Problem]:
    """Of the fields that are filled from a text."""
    for rule in it.rules.filled:
        field = it.field(rule.side, rule.field)
        if field is None:
            yield Problem(
                "filled",
                f"{it.label_of(rule.side)} has no field “{rule.field}” for this type.",
                CHOOSE_OR_REMOVE,
                blocks=it.goes("both", rule.side),
            )
            continue
        if not field.writable:
            yield Problem(
                "filled",
                f"“{field.label}” cannot be written in {it.label_of(rule.side)}.",
                "Remove it from the filled fields.",
                blocks=it.goes("both", rule.side),
            )
        yield from _misfilled(it, rule, field)


def people_problems(it: Weighed) -> Iterator[Problem]:
    """Of the table of people, as far as the sides tell who there is."""
    for side in SIDES:
        known = {person.id for person in it.schemas[side].people}
        gone = [rule for rule in it.rules.people if _person(rule, side) not in known]
        if known and gone:
            yield Problem(
                "people",
                f"{len(gone)} of the mapped people cannot be found in {it.label_of(side)}.",
                "Map them anew or remove them. Until then what names them is left as it is.",
                stops=False,
            )


def _person(rule: object, side: SideName) -> str:
    found: str = getattr(rule, side)
    return found


def _missing(it: Weighed, rule: FieldRule) -> Iterator[Problem]:
    for side in SIDES:
        if it.field(side, named(rule, side)) is None:
            yield Problem(
                "fields",
                f"{it.label_of(side)} has no field “{named(rule, side)}” for this type.",
                CHOOSE_OR_REMOVE,
            )


def _misfits(it: Weighed, rule: FieldRule) -> Iterator[Problem]:
    """Of a pair whose fields are both there."""
    jira, tool = it.field("jira", rule.jira), it.field("tool", rule.tool)
    if jira is None or tool is None:
        return
    if common_kind(jira.kind, tool.kind) is None:
        yield Problem(
            "fields",
            f"“{jira.label}” holds {in_words(jira.kind)}, "
            f"and “{tool.label}” in {it.tool_label} {in_words(tool.kind)}.",
            "Map fields of the same kind, or fill one of them from a text.",
        )
        return
    if common_kind(jira.kind, tool.kind) != rule.kind:
        yield Problem(
            "fields",
            f"“{jira.label}” or “{tool.label}” has become a field of another kind.",
            "Open the pair and save it again.",
        )
    fields: dict[SideName, FieldInfo] = {"jira": jira, "tool": tool}
    for side in SIDES:
        if it.goes(rule.way, side) and not fields[side].writable:
            yield Problem(
                "fields",
                f"“{fields[side].label}” cannot be written in {it.label_of(side)}.",
                "Let it go the other way only.",
            )
    if rule.kind in BY_NAME:
        yield from _choice_problems(it, rule, fields)


def _choice_problems(
    it: Weighed, rule: FieldRule, fields: dict[SideName, FieldInfo]
) -> Iterator[Problem]:
    said_on: dict[SideName, dict[str, str]] = {
        "tool": there(rule.options),
        "jira": back(rule.options),
    }
    for target in SIDES:
        source = opposite(target)
        if not it.goes(rule.way, target):
            continue
        said, here, its = said_on[target], fields[source], fields[target]
        gone = sorted(set(said.values()) - set(its.options)) if its.options else []
        if gone:
            yield Problem(
                "fields",
                f"“{its.label}” in {it.label_of(target)} has no choice {listed(gone)}.",
                "Open the pair and choose others.",
            )
        known = {name.casefold() for name in (said if rule.options else its.options)}
        unsaid = [name for name in here.options if name.casefold() not in known]
        if unsaid and (rule.options or its.options):
            yield Problem(
                "fields",
                f"“{here.label}” in {it.label_of(source)} has choices without a counterpart: "
                f"{listed(unsaid)}.",
                "Open the pair and choose what they become. Until then they are not copied.",
                stops=False,
            )


def _written_twice(it: Weighed) -> Iterator[Problem]:
    for side in SIDES:
        writes = Counter(
            [named(rule, side) for rule in it.rules.fields if it.goes(rule.way, side)]
            + [rule.field for rule in it.rules.filled if rule.side == side]
        )
        for name, times in writes.items():
            if times > 1:
                field = it.field(side, name)
                yield Problem(
                    "fields",
                    f"“{field.label if field else name}” in {it.label_of(side)} "
                    "is written by more than one rule.",
                    "Keep one of them, or let the others go the other way only.",
                )


def _without_value(it: Weighed) -> Iterator[Problem]:
    for side in SIDES:
        if not it.goes("both", side):
            continue
        for field in it.type_on(side).fields:
            if field.required and field.writable and field.id not in it.given(side):
                yield Problem(
                    "fields",
                    f"{it.label_of(side)} demands “{field.label}”, and nothing fills it.",
                    "Map it to a field, or fill it with a fixed value.",
                    blocks=True,
                )


def _misfilled(it: Weighed, rule: FilledField, field: FieldInfo) -> Iterator[Problem]:
    if is_fixed(rule):
        yield from _unfit_text(rule, field)
        return
    source = opposite(rule.side)
    for name in PLACE.findall(rule.text):
        if name not in OF_EVERY_ITEM and it.field(source, name) is None:
            yield Problem(
                "filled",
                f"The text for “{field.label}” names {{{name}}}, which {it.label_of(source)} "
                "does not have.",
                "Use the name of a field as it is listed beside the text.",
            )


def _unfit_text(rule: FilledField, field: FieldInfo) -> Iterator[Problem]:
    try:
        value = typed(field.kind, rule.text)
    except CannotSay:
        yield Problem(
            "filled",
            f"“{field.label}” takes {in_words(field.kind)}, and its fixed value is none.",
            "Change the value.",
        )
        return
    chosen = value if isinstance(value, tuple) else (value,)
    unknown = [str(name) for name in chosen if name is not None and name not in field.options]
    if field.kind in BY_NAME and field.options and unknown:
        yield Problem(
            "filled",
            f"“{field.label}” has no choice {listed(unknown)}.",
            "Change the value to one of its choices.",
        )
