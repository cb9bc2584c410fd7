"""An item as the engine sees it: the same for every tool, whatever the tool calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

TITLE, DESCRIPTION = "title", "description"
PRIORITY, LABELS, DUE = "priority", "labels", "due"
ASSIGNEE, REPORTER = "assignee", "reporter"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on one side. ``id`` is that side's own; ``email`` only where the side tells it."""

    id: str
    name: str = ""
    email: str | None = None


Value = str | float | bool | date | datetime | Person | tuple[str, ...] | None
"""What a field holds. Rich text is canonical HTML (`app.sync.richtext`), an option its name."""

Values = Mapping[str, Value]
"""By id of the field: the names above for what all tools have, the side's own for the others."""


class FieldKind(StrEnum):
    """How a field's value is written and compared."""

    TEXT = "text"
    RICH = "rich text"
    NUMBER = "number"
    BOOLEAN = "yes or no"
    DATE = "date"
    TIME = "date and time"
    OPTION = "one of a list"
    OPTIONS = "several of a list"
    LABELS = "labels"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of an item. ``id`` is the side's own; ``size`` in bytes, None where not told."""

    id: str
    name: str
    media_type: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One issue, work item or task as its side holds it now.

    ``id`` never changes, ``key`` is what people call it. ``mark`` is the link's id that we left in
    the item when we made it. ``notes`` tell what of it could not be expressed in the middle.
    ``comment_count`` is of the same moment as ``updated_at``; None where the side did not tell.
    """

    id: str
    key: str
    url: str
    type: str
    status: str
    values: Values
    created_at: datetime
    updated_at: datetime
    parent: str | None = None
    mark: UUID | None = None
    attachments: Sequence[Attachment] = ()
    notes: Sequence[str] = ()
    comment_count: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; ``body`` is canonical HTML. ``mark`` is ours, where we wrote it."""

    id: str
    author: Person
    body: str
    created_at: datetime
    updated_at: datetime
    mark: UUID | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An item to be made. ``mark`` is left in it so that it is found again if we die meanwhile."""

    type: str
    values: Values
    mark: UUID
    status: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of a type, for the mapping editor. ``options`` are the allowed names, if limited."""

    id: str
    label: str
    kind: FieldKind
    required: bool = False
    writable: bool = True
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """A type of item with its fields and statuses.

    ``moves`` maps a status to those that its workflow lets it become; empty where any may follow.
    ``demanded`` names the fields that a move into a status asks for.
    """

    name: str
    fields: Sequence[FieldInfo]
    statuses: Sequence[str]
    moves: Mapping[str, Sequence[str]] = field(default_factory=dict)
    demanded: Mapping[str, Sequence[FieldInfo]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    """What can be mapped on one side, read from the tool itself."""

    types: Sequence[TypeInfo]
    people: Sequence[Person] = ()

    def type_named(self, name: str) -> TypeInfo | None:
        """The type, or None where the side does not have it."""
        return next((each for each in self.types if each.name == name), None)
