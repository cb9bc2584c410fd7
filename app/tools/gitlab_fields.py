"""Issues and notes of GitLab as the middle's items and comments, and values as it takes them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from app.tools.gitlab_round import Raw, moment
from app.tools.gitlab_text import Place, html_of, markdown_of, without_mark
from app.tools.items import (
    ASSIGNEE,
    DESCRIPTION,
    DUE,
    LABELS,
    REPORTER,
    TITLE,
    Attachment,
    Comment,
    FieldInfo,
    FieldKind,
    Item,
    Person,
    TypeInfo,
    Value,
    Values,
)
from app.tools.side import ItemRejected

OPENED, CLOSED = "opened", "closed"
STATE_EVENTS: Final = {OPENED: "reopen", CLOSED: "close"}
WEIGHT, MILESTONE, CONFIDENTIAL = "weight", "milestone", "confidential"
TYPES: Final = {
    "issue": "Issue",
    "incident": "Incident",
    "task": "Task",
    "test_case": "Test case",
}
_MAKEABLE = ("issue", "incident", "task")
NO_PARENT = "GitLab does not take a parent for an issue in this way; it was left out."


def place_of(issue: Raw) -> Place:
    """The project of an issue as its texts refer to it."""
    return Place(int(issue["project_id"]), str(issue["web_url"]).partition("/-/")[0])


def item_of(issue: Raw, files: Sequence[Attachment] = (), notes: Sequence[str] = ()) -> Item:
    """An issue with its files; ``notes`` are of the write that it answers."""
    told = list(notes)
    text, mark = without_mark(str(issue.get("description") or ""))
    rich = html_of(text, place_of(issue))
    told += rich.notes
    assignees = [person_of(each) for each in issue.get("assignees") or ()]
    if len(assignees) > 1:
        told.append(f"{len(assignees)} people are assigned; the first of them counts.")
    values: dict[str, Value] = {
        TITLE: str(issue["title"]),
        DESCRIPTION: rich.html,
        LABELS: tuple(str(label) for label in issue.get("labels") or ()),
        ASSIGNEE: assignees[0] if assignees else None,
        REPORTER: person_of(issue["author"]) if issue.get("author") else None,
        DUE: date.fromisoformat(issue["due_date"]) if issue.get("due_date") else None,
        WEIGHT: None if issue.get("weight") is None else float(issue["weight"]),
        MILESTONE: str((issue.get("milestone") or {}).get("title") or ""),
        CONFIDENTIAL: bool(issue.get("confidential")),
    }
    kind = str(issue.get("issue_type") or "issue")
    return Item(
        id=str(issue["iid"]),
        key=f"#{issue['iid']}",
        url=str(issue["web_url"]),
        type=TYPES.get(kind, kind.replace("_", " ").capitalize()),
        status=str(issue["state"]),
        values={name: value for name, value in values.items() if value not in (None, "", ())},
        created_at=moment(issue["created_at"]),
        updated_at=moment(issue["updated_at"]),
        mark=mark,
        attachments=files,
        notes=told,
        comment_count=issue.get("user_notes_count"),
    )


def comment_of(note: Raw, place: Place) -> Comment:
    """A note without the mark that we may have left in it."""
    text, mark = without_mark(str(note["body"]))
    return Comment(
        id=str(note["id"]),
        author=person_of(note["author"]),
        body=html_of(text, place).html,
        created_at=moment(note["created_at"]),
        updated_at=moment(note["updated_at"]),
        mark=mark,
    )


def is_of_people(note: Raw) -> bool:
    """Whether a note may be copied: GitLab's own are none, internal ones are not for others."""
    return not (note.get("system") or note.get("internal") or note.get("confidential"))


def person_of(user: Raw) -> Person:
    """A user; the e-mail only where they show it, or where we may see it."""
    email = user.get("email") or user.get("public_email")
    return Person(str(user["id"]), str(user.get("name") or ""), email or None)


def types(milestones: Sequence[str], *, has_weight: bool) -> list[TypeInfo]:
    """The types that can be mapped; all have the same fields."""
    fields = [
        FieldInfo(TITLE, "Title", FieldKind.TEXT, required=True),
        FieldInfo(DESCRIPTION, "Description", FieldKind.RICH),
        FieldInfo(LABELS, "Labels", FieldKind.LABELS),
        FieldInfo(ASSIGNEE, "Assignee", FieldKind.PERSON),
        FieldInfo(DUE, "Due date", FieldKind.DATE),
        FieldInfo(MILESTONE, "Milestone", FieldKind.OPTION, options=milestones),
        FieldInfo(CONFIDENTIAL, "Confidential", FieldKind.BOOLEAN),
        FieldInfo(REPORTER, "Author", FieldKind.PERSON, writable=False),
    ]
    if has_weight:
        fields.append(FieldInfo(WEIGHT, "Weight", FieldKind.NUMBER))
    return [TypeInfo(TYPES[kind], fields, (OPENED, CLOSED)) for kind in _MAKEABLE]


def issue_type_of(name: str) -> str:
    """GitLab's word for a type. Raises ItemRejected."""
    for kind in _MAKEABLE:
        if TYPES[kind] == name:
            return kind
    raise ItemRejected("GitLab has no issues of this type that Getint could make.")


def payload_of(
    values: Values,
    milestones: Mapping[str, int],
    notes: list[str],
    place: Place | None = None,
    files: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What to send, the description still without its mark. ``milestones`` are ids by title."""
    sent: dict[str, Any] = {}
    for name, value in values.items():
        if name == DESCRIPTION:
            text, more = markdown_of(str(value or ""), place, files)
            notes.extend(more)
            sent["description"] = text
        elif name == MILESTONE:
            sent["milestone_id"] = _milestone_id(value, milestones)
        else:
            sent |= _written(name, value)
    return sent


def _written(name: str, value: Value) -> dict[str, Any]:
    if name not in _WRITERS:
        raise ItemRejected(f"GitLab has no field “{name}” that Getint can fill.")
    theirs, write = _WRITERS[name]
    try:
        return {theirs: write(value)}
    except (ValueError, TypeError):
        raise ItemRejected(f"GitLab's field “{name}” takes another kind of value.") from None


def _milestone_id(value: Value, milestones: Mapping[str, int]) -> int:
    if not value:
        return 0
    found = milestones.get(str(value).casefold())
    if found is None:
        raise ItemRejected("GitLab has no open milestone of this name.")
    return found


def _labels(value: Value) -> str:
    parts = value if isinstance(value, tuple) else tuple(str(value or "").split(","))
    # A comma ends a label.
    return ",".join(label.strip().replace(",", ";") for label in parts if label.strip())


def _assignees(value: Value) -> list[int]:
    if not value:
        return [0]
    return [int(value.id if isinstance(value, Person) else str(value))]


def _due(value: Value) -> str | None:
    if not value:
        return None
    if isinstance(value, datetime):
        return value.date().isoformat()
    return date.fromisoformat(str(value)).isoformat()


def _weight(value: Value) -> int | None:
    if value is None or value == "":
        return None
    number = float(str(value))
    if not number.is_integer():
        raise ValueError
    return int(number)


def _confidential(value: Value) -> bool:
    return value if isinstance(value, bool) else str(value).casefold() in {"yes", "true", "1"}


_WRITERS: Final[Mapping[str, tuple[str, Callable[[Value], Any]]]] = {
    TITLE: ("title", lambda value: " ".join(str(value or "").split())),
    LABELS: ("labels", _labels),
    ASSIGNEE: ("assignee_ids", _assignees),
    DUE: ("due_date", _due),
    WEIGHT: ("weight", _weight),
    CONFIDENTIAL: ("confidential", _confidential),
}
