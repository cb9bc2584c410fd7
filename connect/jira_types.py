"""What Jira answers, as far as anybody here asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Permissions:
    """What Jira granted: ADMINISTER, and ADMINISTER_PROJECTS on the project that was asked for."""

    is_admin: bool
    administers_project: bool


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class User:
    account_id: str
    display_name: str
    active: bool
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    key: str
    name: str
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. `total` is None where Jira does not count."""

    values: Sequence[T]
    start_at: int
    total: int | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class AddonLicence:
    """`GET /rest/atlassian-connect/1/addons/{key}`; the `license` object exists for paid apps."""

    state: str
    version: str | None
    has_licence: bool
    active: bool
    evaluation: bool
    type: str | None
    entitlement_id: str | None
    entitlement_number: str | None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    base_url: str
    display_url: str | None
    title: str
    version: str
    deployment_type: str
