"""Says one side's values in the other side's words. Pure: who is who is given."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app.sync.rules import FieldRule, FilledField, MappingRules, SideName, StatusRule
from app.tools.items import FieldKind, Item, Person, Value

PLACE = re.compile(r"\{([A-Za-z0-9_.#-]{1,255})\}")
_BY_NAME = {FieldKind.OPTION, FieldKind.OPTIONS}


class CannotSay(Exception):  # noqa: N818 - says what happened
    """The other side has no word for it; the text says what is missing, without content."""


@dataclass(frozen=True, slots=True)
class WhoIsWho:
    """People of both sides: by e-mail, unless the owner's table says otherwise."""

    jira_by_email: Mapping[str, str] = field(default_factory=dict)
    tool_by_email: Mapping[str, str] = field(default_factory=dict)

    def on(self, to: SideName, person: Person, rules: MappingRules) -> Person:
        """The same person on the other side; ``CannotSay`` where nobody is known to be."""
        for rule in rules.people:
            here, there = (rule.tool, rule.jira) if to == "jira" else (rule.jira, rule.tool)
            if here == person.id:
                return Person(there)
        by_email = self.jira_by_email if to == "jira" else self.tool_by_email
        found = by_email.get((person.email or "").casefold())
        if not found:
            raise CannotSay("nobody on the other side has this e-mail address or is mapped")
        return Person(found)


def by_email(people: Iterable[Person]) -> dict[str, str]:
    """Ids by address, without regard to case; those who show none are left out."""
    return {person.email.casefold(): person.id for person in people if person.email}


def said(
    rule: FieldRule, value: Value, to: SideName, rules: MappingRules, people: WhoIsWho
) -> Value:
    """A field's value for the other side. Raises CannotSay."""
    if value in {None, "", ()}:
        return None
    if isinstance(value, Person):
        return people.on(to, value, rules)
    if rule.kind in _BY_NAME and rule.options:
        if isinstance(value, tuple):
            return tuple(dict.fromkeys(_option(rule, name, to) for name in value))
        return _option(rule, str(value), to)
    return value


def _option(rule: FieldRule, name: str, to: SideName) -> str:
    for jira, tool in rule.options:
        if (tool if to == "jira" else jira).casefold() == name.casefold():
            return jira if to == "jira" else tool
    raise CannotSay("this choice is not mapped")


def status_said(status: str, to: SideName, rules: MappingRules) -> StatusRule:
    """The rule that says this status on the other side, the first from the top."""
    for rule in rules.statuses:
        here = rule.tool if to == "jira" else rule.jira
        if here.casefold() == status.casefold():
            return rule
    raise CannotSay("this status is not mapped")


def filled_with(rule: FilledField, source: Item) -> Value:
    """What a filled field holds for this item of the other side. Raises CannotSay."""
    text = PLACE.sub(lambda found: _as_text(_value_named(found[1], source)), rule.text)
    return typed(rule.kind, text)


def is_fixed(rule: FilledField) -> bool:
    """Whether it holds the same for every item."""
    return not PLACE.search(rule.text)


def typed(kind: FieldKind, text: str) -> Value:
    """A text that a person wrote, as a value of this kind. Raises CannotSay."""
    text = text.strip()
    if not text:
        return None
    try:
        return _TYPED[kind](text) if kind in _TYPED else text
    except ValueError:
        raise CannotSay(f"what is set for it is not {kind}") from None


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_TYPED: Mapping[FieldKind, Callable[[str], Value]] = {
    FieldKind.NUMBER: float,
    FieldKind.BOOLEAN: lambda text: text.casefold() in {"yes", "true", "1"},
    FieldKind.DATE: date.fromisoformat,
    FieldKind.TIME: datetime.fromisoformat,
    FieldKind.PERSON: Person,
    FieldKind.OPTIONS: _several,
    FieldKind.LABELS: _several,
}


def _value_named(name: str, item: Item) -> Value:
    own = {"key": item.key, "url": item.url, "type": item.type, "status": item.status}
    return own[name] if name in own else item.values.get(name)


def _as_text(value: Value) -> str:
    match value:
        case None:
            return ""
        case Person():
            return value.name or value.id
        case tuple():
            return ", ".join(value)
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)
