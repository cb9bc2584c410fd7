"""What an organisation of Azure DevOps knows: people, projects, work items, attachments, hooks."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from sandbox.azure.process import PARENT, WorkItemType, agile

NAMESPACE = uuid.UUID("5264459e-e5e0-4bd8-b118-0985e68a4ec5")


def stamp(at: datetime) -> str:
    """How moments are kept in fields: they compare as text."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class User:
    """`unique_name` is the e-mail address; identities in fields are kept by it."""

    id: str
    display_name: str
    unique_name: str

    @property
    def descriptor(self) -> str:
        return f"aad.{self.id.replace('-', '')}"


@dataclass(slots=True)
class Comment:
    id: int
    text: str
    created_by: str
    created: str
    modified_by: str
    modified: str
    format: str = "html"
    version: int = 1
    deleted: bool = False


@dataclass(slots=True)
class Relation:
    """`other` is a work item's id where the relation is a link to one."""

    rel: str
    url: str
    other: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Update:
    """One revision: what changed, as (old, new), None where there is nothing."""

    rev: int
    by: str
    at: str
    fields: dict[str, tuple[Any, Any]]
    added: list[Relation] = field(default_factory=list)
    removed: list[Relation] = field(default_factory=list)


@dataclass(slots=True)
class WorkItem:
    """`fields` hold what was set, identities by unique name, moments as `stamp` writes them."""

    id: int
    project_id: str
    rev: int
    fields: dict[str, Any]
    relations: list[Relation] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    comments: dict[int, Comment] = field(default_factory=dict)
    deleted_by: str | None = None
    deleted_at: str | None = None

    @property
    def type_name(self) -> str:
        return str(self.fields["System.WorkItemType"])

    @property
    def parent(self) -> int | None:
        return next((r.other for r in self.relations if r.rel == PARENT), None)

    @property
    def comment_count(self) -> int:
        return sum(not comment.deleted for comment in self.comments.values())


@dataclass
class Attachment:
    """A file, before and after a work item refers to it."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    id: str
    name: str
    content: bytes
    created: str


@dataclass(slots=True)
class Node:
    """An area or an iteration; the root bears the project's name."""

    id: int
    name: str
    kind: str
    children: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    """`strict`: its bugs are closed only with a root cause."""

    id: str
    name: str
    description: str
    areas: Node
    iterations: Node
    created: str
    strict: bool = False

    @property
    def types(self) -> list[WorkItemType]:
        return agile(strict=self.strict)

    def type(self, name: str) -> WorkItemType | None:
        return next((each for each in self.types if each.name.lower() == name.lower()), None)


@dataclass(slots=True)
class Subscription:
    """A service hook, as it was given; passwords are in `consumer_inputs`."""

    id: str
    event_type: str
    publisher_inputs: dict[str, Any]
    consumer_inputs: dict[str, Any]
    created_by: str
    created: str
    resource_version: str = "1.0"
    sent: int = 0


@dataclass(slots=True)
class AzureState:
    """Everything that survives a restart; `tokens` are unique names by personal access token."""

    base_url: str
    organization: str
    users: list[User]
    tokens: dict[str, str]
    projects: list[Project]
    items: dict[int, WorkItem] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    last_item: int = 0
    last_comment: int = 5_000_000

    @property
    def url(self) -> str:
        return f"{self.base_url}/{self.organization}"

    def user(self, name: str) -> User | None:
        """By unique name, display name, id or descriptor, or `Name <unique name>`."""
        wanted = name.strip().lower()
        if wanted.endswith(">"):
            wanted = wanted[wanted.rfind("<") + 1 : -1]
        for user in self.users:
            names = (user.unique_name, user.display_name, user.id, user.descriptor)
            if wanted in (each.lower() for each in names):
                return user
        return None

    def project(self, name_or_id: str) -> Project | None:
        wanted = name_or_id.lower()
        return next((p for p in self.projects if wanted in (p.id, p.name.lower())), None)

    def project_of(self, item: WorkItem) -> Project:
        found = self.project(item.project_id)
        if found is None:
            raise LookupError(item.project_id)
        return found

    @classmethod
    def fresh(cls, base_url: str = "http://localhost:2992", items: int = 300) -> "AzureState":
        """A newly opened organisation with seeded projects, kept in memory only."""
        from sandbox.azure.seed import fresh_azure  # noqa: PLC0415 - made of these classes

        return fresh_azure(base_url, items)

    def to_json(self) -> bytes:
        return _adapter.dump_json(self)

    @classmethod
    def from_json(cls, text: bytes) -> "AzureState":
        return _adapter.validate_json(text)


_adapter = TypeAdapter(AzureState)


def named_id(name: str) -> str:
    """The same for the same name, so that seeds can be compared."""
    return str(uuid.uuid5(NAMESPACE, name))
