"""Fields of Azure DevOps and ours: what a field is called here, its kind, its value both ways."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.sync.richtext import from_html, from_markdown, to_html
from app.tools import items
from app.tools.items import FieldKind, Person, Value
from app.tools.side import ItemRejected

LONGEST_TITLE = 255
TITLE, STATE, TYPE, PARENT = "System.Title", "System.State", "System.WorkItemType", "System.Parent"
TAGS, ASSIGNED_TO, CREATED_BY = "System.Tags", "System.AssignedTo", "System.CreatedBy"
CREATED, CHANGED, PROJECT = "System.CreatedDate", "System.ChangedDate", "System.TeamProject"
ID, COMMENT_COUNT = "System.Id", "System.CommentCount"
DUE = "Microsoft.VSTS.Scheduling.DueDate"
PRIORITY = "Microsoft.VSTS.Common.Priority"
_OURS = {
    TITLE: items.TITLE,
    "System.Description": items.DESCRIPTION,
    PRIORITY: items.PRIORITY,
    TAGS: items.LABELS,
    DUE: items.DUE,
    ASSIGNED_TO: items.ASSIGNEE,
    CREATED_BY: items.REPORTER,
}
_NEVER = re.compile(
    r"System\.(Id|Rev|Watermark|TeamProject|State|WorkItemType|Parent|History|AuthorizedAs"
    r"|AuthorizedDate|RevisedDate|PersonId|NodeName|AreaId|IterationId|ChangedBy|ChangedDate"
    r"|CreatedDate|CommentCount|\w+FileCount|\w+LinkCount|Board\w+|IsDeleted"
    r"|(Area|Iteration)Level\d)"
).fullmatch
Notes = list[str]
"""What could not be expressed, gathered while values are read or written."""


@dataclass(frozen=True, slots=True)
class AzureField:
    """A field that can be mapped. ``reference`` is the tool's name for it, ``id`` ours."""

    reference: str
    label: str
    kind: FieldKind
    writable: bool

    @property
    def id(self) -> str:
        return _OURS.get(self.reference, self.reference)

    def read(self, raw: Any, notes: Notes, *, is_markdown: bool = False) -> Value:
        """The value that the tool holds."""
        if self.kind is FieldKind.RICH:
            rich = (from_markdown if is_markdown else from_html)(str(raw))
            notes.extend(rich.notes)
            return rich.html or None
        return _READ[self.kind](raw) if self.kind in _READ else (str(raw) or None)

    def write(self, value: Value, notes: Notes) -> Any:
        """The value as the tool takes it. Raises ValueError where it is of another kind."""
        if self.kind is FieldKind.RICH:
            content, more = to_html(str(value))
            notes.extend(more)
            return content
        if self.reference == TITLE:
            return _title(str(value), notes)
        if self.reference == DUE:
            return _as_moment(value).isoformat().replace("+00:00", "Z")
        return _WRITE[self.kind](value) if self.kind in _WRITE else str(value)


def field_of(bean: Mapping[str, Any]) -> AzureField | None:
    """From ``GET wit/fields``; None for what is no field to map."""
    reference = str(bean["referenceName"])
    if _NEVER(reference):
        return None
    return AzureField(
        reference,
        str(bean.get("name") or reference),
        _kind(reference, bean),
        writable=not bean.get("readOnly") and reference != CREATED_BY,
    )


def reference_of(field: str) -> str:
    """What the tool calls a field of ours."""
    return next((theirs for theirs, ours in _OURS.items() if ours == field), field)


def operations(
    fields: Mapping[str, AzureField], values: items.Values, notes: Notes, *, is_new: bool
) -> list[dict[str, Any]]:
    """Values as JSON Patch. Raises ItemRejected for a field that cannot be filled."""
    patch = []
    for name, value in values.items():
        field = fields.get(name)
        if field is None or not field.writable:
            raise ItemRejected(f"Azure DevOps has no field “{name}” that Getint can fill.")
        path = f"/fields/{field.reference}"
        if value is None:
            if not is_new:
                patch.append({"op": "remove", "path": path})
            continue
        try:
            written = field.write(value, notes)
        except (ValueError, TypeError):
            raise ItemRejected(f"“{field.label}” takes {field.kind}, nothing else.") from None
        # To what an item has of tags, "add" adds: only "replace" takes any away.
        operation = "replace" if field.reference == TAGS and not is_new else "add"
        patch.append({"op": operation, "path": path, "value": written})
    return patch


def read(
    fields: Iterable[AzureField], raw: Mapping[str, Any], formats: Mapping[str, str], notes: Notes
) -> dict[str, Value]:
    """The values that are there, by our names. ``formats`` has which texts are Markdown."""
    values: dict[str, Value] = {}
    for field in fields:
        found = raw.get(field.reference)
        if found is None:
            continue
        is_markdown = str(formats.get(field.reference, "")).lower() == "markdown"
        value = field.read(found, notes, is_markdown=is_markdown)
        if value not in {None, ()}:
            values[field.id] = value
    return values


def as_kept(kind: FieldKind, value: Value, *, is_title: bool = False) -> Value:
    """What Azure DevOps gives back of a value that was written to it."""
    if value is None:
        return None
    if kind not in {FieldKind.RICH, FieldKind.LABELS, FieldKind.TIME} and not is_title:
        return value
    field = AzureField(TITLE if is_title else "", "", kind, writable=True)
    return field.read(field.write(value, []), [])


def person(bean: Any) -> Person | None:
    """An identity; what people sign in with is its id, for that is what assigning takes."""
    if not isinstance(bean, Mapping):
        return Person(str(bean), str(bean)) if bean else None
    unique = str(bean.get("uniqueName") or bean.get("id") or "")
    return Person(
        id=unique,
        name=str(bean.get("displayName") or unique),
        email=unique if "@" in unique else None,
    )


def moment(text: str) -> datetime:
    """Times of Azure DevOps: ``2026-11-23T10:00:00.123Z``."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _kind(reference: str, bean: Mapping[str, Any]) -> FieldKind:
    if reference == TAGS:
        return FieldKind.LABELS
    if reference == PRIORITY or bean.get("isPicklist"):
        return FieldKind.OPTION
    if bean.get("isIdentity"):
        return FieldKind.PERSON
    if reference == DUE:
        return FieldKind.DATE
    return _KINDS.get(str(bean.get("type")), FieldKind.TEXT)


def _day(raw: Any) -> date:
    """The nearest day: a due date is midnight where whoever set it lives."""
    return (moment(str(raw)) + timedelta(hours=12)).date()


def _as_moment(value: Value) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError("no time")


def _title(text: str, notes: Notes) -> str:
    title = " ".join(text.split())
    if len(title) > LONGEST_TITLE:
        notes.append(f"The title was cut: Azure DevOps takes {LONGEST_TITLE} characters.")
    return title[:LONGEST_TITLE].rstrip()


def _tags(value: Value) -> str:
    parts = value if isinstance(value, tuple) else str(value).split(",")
    # What separates tags can be in none of them.
    cleaned = (" ".join(part.replace(";", " ").replace(",", " ").split()) for part in parts)
    return "; ".join(tag for tag in cleaned if tag)


def _truth(value: Value) -> bool:
    return value if isinstance(value, bool) else str(value).casefold() in {"yes", "true", "1"}


_KINDS = {
    "html": FieldKind.RICH,
    "integer": FieldKind.NUMBER,
    "double": FieldKind.NUMBER,
    "boolean": FieldKind.BOOLEAN,
    "dateTime": FieldKind.TIME,
    "identity": FieldKind.PERSON,
    "picklistString": FieldKind.OPTION,
    "picklistInteger": FieldKind.OPTION,
    "picklistDouble": FieldKind.OPTION,
}
_READ: Mapping[FieldKind, Callable[[Any], Value]] = {
    FieldKind.NUMBER: float,
    FieldKind.BOOLEAN: bool,
    FieldKind.TIME: lambda raw: moment(str(raw)),
    FieldKind.DATE: _day,
    FieldKind.PERSON: person,
    FieldKind.LABELS: lambda raw: tuple(tag for tag in map(str.strip, str(raw).split(";")) if tag),
}
_WRITE: Mapping[FieldKind, Callable[[Value], Any]] = {
    FieldKind.NUMBER: lambda value: float(str(value)),
    FieldKind.BOOLEAN: _truth,
    FieldKind.TIME: lambda value: _as_moment(value).isoformat().replace("+00:00", "Z"),
    FieldKind.DATE: lambda value: _as_moment(value).isoformat().replace("+00:00", "Z"),
    FieldKind.PERSON: lambda value: value.id if isinstance(value, Person) else str(value),
    FieldKind.LABELS: _tags,
}
