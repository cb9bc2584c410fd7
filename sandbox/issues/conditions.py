"""A single restriction of JQL, as a question that an issue answers with yes or no."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.issues.adf import plain_text
from sandbox.issues.catalogue import (
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    Field,
    Kind,
)
from sandbox.issues.jql import EMPTY, Clause, Function, JqlError, Operand
from sandbox.issues.models import Issue
from sandbox.permissions import Holder
from sandbox.site import SiteState

Predicate = Callable[[Issue], bool]
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EQUAL = frozenset({"=", "!=", "in", "not in", "is", "is not"})
_NEGATIVE = frozenset({"!=", "not in", "is not", "!~"})
_TEXTS = frozenset({"~", "!~", "is", "is not"})
_PERIOD = re.compile(r"([+-]?)((?:\d+[wdhm]\s*)+)")
_FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
_ISSUE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]+-\d+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Asked:
    """One restriction, by whom."""

    site: SiteState
    caller: Holder
    clause: Clause

    @property
    def zone(self) -> tzinfo:
        """Times in JQL are the caller's own; an app's user lives in UTC."""
        person = self.caller.person
        return ZoneInfo(person.time_zone) if person is not None else UTC

    def unknown(self, value: Operand) -> JqlError:
        shown = value.name + "()" if isinstance(value, Function) else value
        return JqlError(f"The value '{shown}' does not exist for the field '{self.clause.field}'.")


def condition(
    kind: str, asked: Asked, value_of: Callable[[Issue], Any], field: Field | None = None
) -> Predicate:
    """JqlError where the operator or a value is not for such a field."""
    chosen = asked.clause.operator
    allowed, resolve = _RULES[kind]
    if chosen not in allowed:
        raise JqlError(
            f"The operator '{chosen}' is not supported by the '{asked.clause.field}' field."
        )
    wanted = [
        None if each == EMPTY else resolve(asked, each, field) for each in asked.clause.operands
    ]
    if chosen in _ORDERED:
        return _ordered(_ORDERED[chosen], value_of, wanted[0])
    if chosen in ("~", "!~"):
        return _containing(value_of, str(wanted[0]), negative=chosen in _NEGATIVE)
    return _equal(value_of, wanted, negative=chosen in _NEGATIVE)


def _ordered(
    compare: Callable[[Any, Any], bool], value_of: Callable[[Issue], Any], wanted: Any
) -> Predicate:
    def holds(issue: Issue) -> bool:
        value = value_of(issue)
        return value is not None and wanted is not None and compare(value, wanted)

    return holds


def _equal(value_of: Callable[[Issue], Any], wanted: Sequence[Any], *, negative: bool) -> Predicate:
    """`!=` and `not in` leave out what is empty, as Jira does."""
    flat = {each for group in wanted for each in (group if isinstance(group, list) else [group])}

    def holds(issue: Issue) -> bool:
        value = value_of(issue)
        values = value if isinstance(value, list | tuple) else [value]
        empty = value is None or value in ([], "")
        if negative:
            return not empty and not any(each in flat for each in values)
        return (None in flat) if empty else any(each in flat for each in values)

    return holds


def _containing(value_of: Callable[[Issue], Any], wanted: str, *, negative: bool) -> Predicate:
    words = [word.lower() for word in _WORD.findall(wanted)]
    prefix = wanted.endswith("*")

    def has(text: str, word: str) -> bool:
        there = [each.lower() for each in _WORD.findall(text)]
        return any(each.startswith(word) if prefix else each == word for each in there)

    def holds(issue: Issue) -> bool:
        value = value_of(issue)
        parts = value if isinstance(value, list) else [value]
        texts = [plain_text(p) if isinstance(p, Mapping) else str(p) for p in parts if p]
        if negative:
            return bool(texts) and not any(all(has(t, w) for w in words) for t in texts)
        return any(all(has(text, word) for word in words) for text in texts)

    return holds


def _as_text(asked: Asked, value: Operand, _field: Field | None) -> str:
    if isinstance(value, Function):
        raise asked.unknown(value)
    return value


def _named(choices: Sequence[Any]) -> Callable[[Asked, Operand, Field | None], str]:
    def resolve(asked: Asked, value: Operand, _field: Field | None) -> str:
        for choice in choices:
            if isinstance(value, str) and value.lower() in (choice.id, choice.name.lower()):
                return str(choice.id)
        raise asked.unknown(value)

    return resolve


def _category(asked: Asked, value: Operand, _field: Field | None) -> list[str]:
    found = [
        status.id
        for status in STATUSES
        if isinstance(value, str)
        and value.lower() in (status.category.name.lower(), status.category.key)
    ]
    if not found:
        raise asked.unknown(value)
    return found


def _project(asked: Asked, value: Operand, _field: Field | None) -> int:
    for project in asked.site.projects:
        known = (project.key.lower(), project.name.lower(), str(project.id))
        if isinstance(value, str) and value.lower() in known:
            return project.id
    raise asked.unknown(value)


def _issue(asked: Asked, value: Operand, _field: Field | None) -> int:
    if not isinstance(value, str) or not (value.isdigit() or _ISSUE_KEY.fullmatch(value)):
        raise JqlError(f"The issue key '{value}' for field '{asked.clause.field}' is invalid.")
    issue = asked.site.issues.find(value)
    if issue is None:
        raise JqlError(
            f"An issue with key '{value}' does not exist for field '{asked.clause.field}'."
        )
    return issue.id


def _account(asked: Asked, value: Operand, _field: Field | None) -> str:
    if isinstance(value, Function):
        if value.name != "currentuser":
            raise asked.unknown(value)
        return asked.caller.account_id or ""
    person = asked.site.find_person(value)
    if person is None and value != asked.caller.account_id:
        raise asked.unknown(value)
    return value


def _number(asked: Asked, value: Operand, _field: Field | None) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise asked.unknown(value) from None


def _option(asked: Asked, value: Operand, field: Field | None) -> str:
    for option in field.options if field else ():
        if isinstance(value, str) and value.lower() == option.lower():
            return option
    raise JqlError(f"The option '{value}' for field '{asked.clause.field}' does not exist.")


def _moment(asked: Asked, value: Operand, _field: Field | None) -> int:
    """Milliseconds since 1970, and so they may be written; dates are in the caller's zone."""
    now = datetime.fromtimestamp(asked.site.issues.now() / 1000, UTC)
    if isinstance(value, Function):
        if value.name != "now":
            raise asked.unknown(value)
        return _ms(now)
    if value.isascii() and value.isdigit():
        return int(value)
    period = _PERIOD.fullmatch(value)
    if period is not None:
        amounts = re.findall(r"(\d+)([wdhm])", period[2])
        span = sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in amounts), timedelta())
        return _ms(now - span if period[1] == "-" else now + span)
    for form in _FORMATS:
        try:
            return _ms(datetime.strptime(value, form).replace(tzinfo=asked.zone))
        except ValueError:
            continue
    raise JqlError(
        f"Date value '{value}' for field '{asked.clause.field}' is invalid. Valid formats include: "
        "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format "
        "e.g. '-5d', '4w 2d'."
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _day(asked: Asked, value: Operand, field: Field | None) -> str:
    at = _moment(asked, value, field) / 1000
    return datetime.fromtimestamp(at, asked.zone).date().isoformat()


def _property(asked: Asked, value: Operand, _field: Field | None) -> Any:
    if isinstance(value, Function):
        raise asked.unknown(value)
    return value


_ALL = _EQUAL | _ORDERED.keys()
_Resolve = Callable[[Asked, Operand, Field | None], Any]
_RULES: dict[str, tuple[frozenset[str], _Resolve]] = {
    "key": (_ALL - {"is", "is not"}, _issue),
    "category": (_EQUAL, _category),
    "text": (frozenset({"~", "!~"}), _as_text),
    "property": (_EQUAL, _property),
    Kind.TEXT: (_TEXTS, _as_text),
    Kind.RICH_TEXT: (_TEXTS, _as_text),
    Kind.URL: (_EQUAL, _as_text),
    Kind.NUMBER: (_ALL, _number),
    Kind.DATE: (_ALL, _day),
    Kind.TIME: (_ALL, _moment),
    Kind.OPTION: (_EQUAL, _option),
    Kind.OPTIONS: (_EQUAL, _option),
    Kind.LABELS: (_EQUAL, _as_text),
    Kind.USER: (_EQUAL, _account),
    Kind.PRIORITY: (_EQUAL, _named(PRIORITIES)),
    Kind.RESOLUTION: (_EQUAL, _named(RESOLUTIONS)),
    Kind.STATUS: (_EQUAL, _named(STATUSES)),
    Kind.ISSUE_TYPE: (_EQUAL, _named(ISSUE_TYPES)),
    Kind.PROJECT: (_EQUAL - {"is", "is not"}, _project),
    Kind.PARENT: (_EQUAL, _issue),
}
