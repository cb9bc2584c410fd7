"""What an issue is made of. Values never change: a change makes a new issue of the old one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.issues.adf import Document


def _named_values(of: Any) -> dict[str, Any]:
    return {each.name: getattr(of, each.name) for each in fields(of)}


@dataclass(frozen=True, slots=True)
class Comment:
    """`created` and `updated` in milliseconds since 1970, as all times here."""

    id: int
    author: str
    body: Document
    created: int
    updated: int
    update_author: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attachment:
    """`media_id` is what a document's `media` node names."""

    id: int
    media_id: str
    filename: str
    mime_type: str
    size: int
    author: str
    created: int


@dataclass(frozen=True, slots=True)
class RemoteLink:
    """`target` is Jira's `object`: title, url and what else it was given."""

    id: int
    global_id: str | None
    target: Mapping[str, Any]
    application: Mapping[str, Any] | None = None
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history; `items` are Jira's ChangeDetails."""

    id: int
    author: str
    created: int
    items: tuple[Mapping[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """`fields` holds what was set, by field id: ids of people, statuses and so on, not names."""

    id: int
    key: str
    project: int
    created: int
    updated: int
    creator: str
    fields: Mapping[str, Any]
    comments: tuple[Comment, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    remote_links: tuple[RemoteLink, ...] = ()
    history: tuple[Change, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return int(self.key.rpartition("-")[2])

    def to_json(self) -> dict[str, Any]:
        """Not a copy: documents and properties are those of the issue."""
        picture = _named_values(self)
        for name in ("comments", "attachments", "remote_links", "history"):
            picture[name] = [_named_values(each) for each in getattr(self, name)]
        return picture

    @classmethod
    def from_json(cls, picture: dict[str, Any]) -> "Issue":
        return cls(
            **{
                **picture,
                "comments": tuple(Comment(**each) for each in picture["comments"]),
                "attachments": tuple(Attachment(**each) for each in picture["attachments"]),
                "remote_links": tuple(RemoteLink(**each) for each in picture["remote_links"]),
                "history": tuple(
                    Change(**{**each, "items": tuple(each["items"])}) for each in picture["history"]
                ),
            }
        )
