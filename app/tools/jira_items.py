"""Jira's issues and comments as the middle's items and comments."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.sync.richtext import from_adf
from app.tools import jira_fields
from app.tools.items import Attachment, Comment, Item
from app.tools.jira_fields import JiraField, Notes, moment, person

PROPERTY = "getint"
_ALWAYS = ("status", "issuetype", "project", "created", "updated", "parent", "attachment")


def fields_to_ask(wanted: Collection[str] | None) -> list[str]:
    """What an item is made of, for these fields of ours or for all; comments are left out."""
    if wanted is None:
        return ["*all", "-comment", "-worklog"]
    return list(dict.fromkeys([*_ALWAYS, *(jira_fields.jira_id_of(name) for name in wanted)]))


def fields_with_comments(wanted: Collection[str] | None) -> list[str]:
    """The same and how many comments there are, where no issue answers with all of its own.

    A search gives twenty of them and how many there are; reading one issue gives all.
    """
    return [name for name in fields_to_ask(wanted) if name != "-comment"] + (
        [] if wanted is None else ["comment"]
    )


def property_of(mark: UUID) -> list[dict[str, Any]]:
    """The mark as Jira's ``properties``."""
    return [{"key": PROPERTY, "value": {"link": str(mark)}}]


def item_of(
    issue: Mapping[str, Any],
    fields: Mapping[str, JiraField],
    address: str,
    written: Sequence[str] = (),
) -> Item:
    """An issue with its fields; ``written`` has what could not be expressed when it was written."""
    raw = issue["fields"]
    notes: Notes = list(written)
    values = jira_fields.read(fields.values(), raw, notes)
    parent = raw.get("parent") or {}
    return Item(
        id=str(issue["id"]),
        key=str(issue["key"]),
        url=f"{address}/browse/{issue['key']}",
        type=str(raw["issuetype"]["name"]),
        status=str(raw["status"]["name"]),
        values=values,
        created_at=moment(raw["created"]),
        updated_at=moment(raw["updated"]),
        parent=str(parent["id"]) if parent.get("id") else None,
        mark=mark_of(issue.get("properties")),
        attachments=[attachment_of(each) for each in raw.get("attachment") or ()],
        notes=notes,
        comment_count=(raw.get("comment") or {}).get("total"),
    )


def mark_of(properties: Any) -> UUID | None:
    """Ours, from an issue's properties (by key) or a comment's (a list)."""
    if isinstance(properties, list):
        properties = {each.get("key"): each.get("value") for each in properties}
    try:
        return UUID(properties[PROPERTY]["link"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def attachment_of(bean: Mapping[str, Any]) -> Attachment:
    """A file of an issue."""
    size = bean.get("size")
    return Attachment(
        id=str(bean["id"]),
        name=str(bean.get("filename") or "file"),
        media_type=str(bean.get("mimeType") or "application/octet-stream"),
        size=size if isinstance(size, int) else None,
    )


def comment_of(bean: Mapping[str, Any], mark: UUID | None = None) -> Comment:
    """A comment; ``mark`` where it is known already."""
    return Comment(
        id=str(bean["id"]),
        author=person(bean.get("author") or {}),
        body=from_adf(bean.get("body") or {}).html,
        created_at=moment(bean["created"]),
        updated_at=moment(bean["updated"]),
        mark=mark or mark_of(bean.get("properties")),
    )
