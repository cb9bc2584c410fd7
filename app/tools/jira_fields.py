"""Jira's fields and ours: what a field is called here, its kind, and its value both ways."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from app.sync.richtext import from_adf, to_adf
from app.tools import items
from app.tools.items import FieldKind, Person, Value
from app.tools.side import ItemRejected

LONGEST_TITLE = 255
_OURS = {
    "summary": items.TITLE,
    "description": items.DESCRIPTION,
    "priority": items.PRIORITY,
    "labels": items.LABELS,
    "duedate": items.DUE,
    "assignee": items.ASSIGNEE,
    "reporter": items.REPORTER,
}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}
Notes = list[str]
"""What could not be expressed, gathered while values are read or written."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How Jira writes the values of one kind of field."""

    kind: FieldKind
    read: Callable[[Any, Notes], Value]
    write: Callable[[Value, Notes], Any]


@dataclass(frozen=True, slots=True)
class JiraField:
    """A field that can be mapped. ``jira_id`` is Jira's id, ``id`` ours."""

    jira_id: str
    label: str
    shape: Shape

    @property
    def id(self) -> str:
        return _OURS.get(self.jira_id, self.jira_id)


def jira_id_of(field: str) -> str:
    """What Jira calls a field of ours."""
    return _THEIRS.get(field, field)


def field_of(bean: Mapping[str, Any]) -> JiraField | None:
    """A field of ``GET /field`` or of create metadata; None where the middle has no word for it."""
    schema = bean.get("schema") or {}
    jira_id = str(bean.get("fieldId") or bean.get("id") or bean.get("key"))
    shape = _TITLE if jira_id == "summary" else shape_of(schema)
    return JiraField(jira_id, str(bean.get("name") or jira_id), shape) if shape else None


def shape_of(schema: Mapping[str, Any]) -> Shape | None:
    """From Jira's schema of a field; None where the middle has no word for its values."""
    kind, items_kind = schema.get("type"), schema.get("items")
    custom = str(schema.get("custom") or "").rpartition(":")[2]
    system = schema.get("system")
    if custom == "textarea" or system in {"description", "environment"}:
        return _RICH
    if kind == "array":
        if items_kind == "string" and (system == "labels" or custom == "labels"):
            return _LABELS
        return _LISTS.get(str(items_kind))
    return _SHAPES.get(str(kind))


def written(fields: Mapping[str, JiraField], values: items.Values, notes: Notes) -> dict[str, Any]:
    """Values as Jira's ``fields``. Raises ItemRejected for a field that Jira does not have."""
    payload: dict[str, Any] = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            raise ItemRejected(f"This Jira has no field “{name}” that Getint can fill.")
        try:
            payload[field.jira_id] = None if value is None else field.shape.write(value, notes)
        except (ValueError, TypeError):
            raise ItemRejected(f"“{field.label}” takes {field.shape.kind}, nothing else.") from None
    if payload.get("labels", ()) is None:
        payload["labels"] = []
    return payload


def read(fields: Iterable[JiraField], raw: Mapping[str, Any], notes: Notes) -> dict[str, Value]:
    """The values that are there, by our names."""
    values: dict[str, Value] = {}
    for field in fields:
        found = raw.get(field.jira_id)
        value = None if found is None else field.shape.read(found, notes)
        if value not in {None, ()}:
            values[field.id] = value
    return values


def as_kept(kind: FieldKind, value: Value, *, is_title: bool = False) -> Value:
    """What Jira gives back of a value that was written to it."""
    if value is None:
        return None
    shape = _TITLE if is_title else _BY_KIND.get(kind)
    if shape is None:
        return value
    kept = shape.read(shape.write(value, []), [])
    return None if kept == () else kept


def moment(text: str) -> datetime:
    """Jira's times: ``2026-11-23T10:00:00.000+0000``."""
    return datetime.fromisoformat(text).astimezone(UTC)


def person(bean: Mapping[str, Any]) -> Person:
    """A user as Jira shows them; the e-mail only where their profile lets it."""
    return Person(
        id=str(bean.get("accountId") or ""),
        name=str(bean.get("displayName") or ""),
        email=bean.get("emailAddress") or None,
    )


def option_name(bean: Any) -> str:
    """What people call an allowed value."""
    if isinstance(bean, Mapping):
        return str(bean.get("value") or bean.get("name") or "")
    return str(bean)


def _read_rich(raw: Any, notes: Notes) -> Value:
    if not isinstance(raw, dict):
        return None
    rich = from_adf(raw)
    notes.extend(rich.notes)
    return rich.html or None


def _write_rich(value: Value, notes: Notes) -> Any:
    document, more = to_adf(str(value))
    notes.extend(more)
    return document


def _write_title(value: Value, notes: Notes) -> str:
    title = " ".join(str(value).split())
    if len(title) > LONGEST_TITLE:
        notes.append(f"The title was cut: Jira takes {LONGEST_TITLE} characters.")
    return title[:LONGEST_TITLE].rstrip()


def _write_date(value: Value, _: Notes) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return (
        value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()
    )


def _write_time(value: Value, _: Notes) -> str:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return f"{found:%Y-%m-%dT%H:%M:%S}.{found.microsecond // 1000:03d}+0000"


def _several(value: Value) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return tuple(part.strip() for part in str(value).split(",") if part.strip())


def _write_labels(value: Value, _: Notes) -> list[str]:
    # A label of Jira's has no spaces.
    return [cleaned for label in _several(value) if (cleaned := "_".join(label.split()))]


def _one(member: str) -> Shape:
    return Shape(
        FieldKind.OPTION,
        lambda raw, _: str(raw.get(member) or "") or None,
        lambda value, _: {member: str(value)},
    )


def _many(member: str) -> Shape:
    return Shape(
        FieldKind.OPTIONS,
        lambda raw, _: tuple(str(each.get(member) or "") for each in raw),
        lambda value, _: [{member: name} for name in _several(value)],
    )


def _plain_text(raw: Any, _: Notes) -> Value:
    return str(raw) or None


_TEXT = Shape(FieldKind.TEXT, _plain_text, lambda value, _: str(value))
_TITLE = Shape(FieldKind.TEXT, _plain_text, _write_title)
_RICH = Shape(FieldKind.RICH, _read_rich, _write_rich)
_NUMBER = Shape(FieldKind.NUMBER, lambda raw, _: float(raw), lambda value, _: float(str(value)))
_DATE = Shape(FieldKind.DATE, lambda raw, _: date.fromisoformat(str(raw)[:10]), _write_date)
_TIME = Shape(FieldKind.TIME, lambda raw, _: moment(str(raw)), _write_time)
_PERSON = Shape(
    FieldKind.PERSON,
    lambda raw, _: person(raw),
    lambda value, _: {"accountId": value.id if isinstance(value, Person) else str(value)},
)
_LABELS = Shape(FieldKind.LABELS, lambda raw, _: tuple(str(label) for label in raw), _write_labels)
_SHAPES = {
    "string": _TEXT,
    "number": _NUMBER,
    "date": _DATE,
    "datetime": _TIME,
    "user": _PERSON,
    "option": _one("value"),
    **dict.fromkeys(("priority", "resolution", "version", "component"), _one("name")),
}
_LISTS = {
    "option": _many("value"),
    **dict.fromkeys(("version", "component"), _many("name")),
}
_BY_KIND = {FieldKind.RICH: _RICH, FieldKind.LABELS: _LABELS, FieldKind.TIME: _TIME}
