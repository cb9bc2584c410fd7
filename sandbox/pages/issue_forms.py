"""What a person writes into the forms of an issue, as the REST API is told it."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request

from sandbox.issues.adf import Document, document_of, plain_text
from sandbox.issues.catalogue import BY_ID, DEFAULT_PRIORITY, TASK, Field, Kind
from sandbox.issues.models import Issue
from sandbox.site import Project

# Each field that can be edited comes with what the person was shown, so that only what they
# changed is written: an integration may have changed another field meanwhile.
SHOWN = "shown_"
EDITED = ("summary", "description", "priority", "labels", "assignee")


async def form_of(request: Request) -> dict[str, str]:
    """The texts of a form; browsers send line ends as CRLF."""
    async with request.form() as form:
        return {k: v.replace("\r\n", "\n") for k, v in form.items() if isinstance(v, str)}


def empty() -> dict[str, str]:
    """The form of a new issue as it is opened."""
    return {"issuetype": TASK.id, "priority": DEFAULT_PRIORITY}


def as_shown(issue: Issue) -> dict[str, str]:
    """The values of an issue's form as it is opened."""
    fields = issue.fields
    return {
        "summary": fields["summary"],
        "description": plain_text(fields.get("description")),
        "priority": fields.get("priority") or DEFAULT_PRIORITY,
        "labels": " ".join(fields.get("labels") or ()),
        "assignee": fields.get("assignee") or "",
    }


def loses_formatting(issue: Issue) -> bool:
    """True where the description has more than the plain paragraphs that a form can show."""
    described = issue.fields.get("description")
    return described is not None and document_of(plain_text(described)) != described


def changes(form: Mapping[str, str]) -> dict[str, Any]:
    """`fields` of what differs from what the person was shown."""
    return {
        name: _read(name, form[name])
        for name in EDITED
        if name in form and form[name] != form.get(SHOWN + name)
    }


def new_fields(form: Mapping[str, str], project: Project) -> dict[str, Any]:
    """`fields` of a new issue, without those that were left empty."""
    names = ("issuetype", "parent", *EDITED, *(field.id for field in demanded(project)))
    filled = {name: _read(name, form[name]) for name in names if form.get(name)}
    return {"project": {"id": str(project.id)}, **filled}


def demanded(project: Project) -> list[Field]:
    """The choices that this project demands of some types besides Jira's own fields."""
    names = {name for each in project.required.values() for name in each}
    return [BY_ID[name] for name in sorted(names) if BY_ID[name].kind is Kind.OPTION]


def written(text: str) -> Document | None:
    """Paragraphs, or None for nothing."""
    return document_of(text.strip("\n")) if text.strip() else None


_READERS: dict[str, Callable[[str], Any]] = {
    "description": written,
    "labels": str.split,
    "priority": lambda value: {"id": value},
    "issuetype": lambda value: {"id": value},
    "assignee": lambda value: {"accountId": value} if value else None,
    "parent": lambda value: {"key": value.strip()},
}


def _read(name: str, value: str) -> Any:
    if BY_ID[name].kind is Kind.OPTION:
        return {"value": value}
    return _READERS.get(name, str)(value)
