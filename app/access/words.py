"""The words of the core: who asks, what for, and about which thing."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Tool(StrEnum):
    """The far side of an integration."""

    JIRA = "jira"
    AZURE = "azure"
    WRIKE = "wrike"
    SERVICENOW = "servicenow"
    MONDAY = "monday"
    NOTION = "notion"
    AIRTABLE = "airtable"
    TRELLO = "trello"
    HUBSPOT = "hubspot"
    GITLAB = "gitlab"
    FRESHDESK = "freshdesk"
    ZENDESK = "zendesk"
    CLICKUP = "clickup"
    ASANA = "asana"

    @property
    def label(self) -> str:
        """The name that people know the tool by."""
        return _TOOL_LABELS[self]


_TOOL_LABELS = {
    Tool.JIRA: "Jira",
    Tool.AZURE: "Azure DevOps",
    Tool.WRIKE: "Wrike",
    Tool.SERVICENOW: "ServiceNow",
    Tool.MONDAY: "monday.com",
    Tool.NOTION: "Notion",
    Tool.AIRTABLE: "Airtable",
    Tool.TRELLO: "Trello",
    Tool.HUBSPOT: "HubSpot",
    Tool.GITLAB: "GitLab",
    Tool.FRESHDESK: "Freshdesk",
    Tool.ZENDESK: "Zendesk",
    Tool.CLICKUP: "ClickUp",
    Tool.ASANA: "Asana",
}


class Door(StrEnum):
    """How a caller came in."""

    CONNECT = "connect"
    FORGE = "forge"
    DATA_CENTER = "data-center"
    ACCOUNT = "account"
    SUPPORT = "support"


class Role(StrEnum):
    """Derived at each request from the caller's standing and the thing, never stored."""

    ADMIN = "admin"
    TOOL_MEMBER = "member of a tool"
    PROJECT_ADMIN = "project admin"
    OWNER = "owner"
    WORKSPACE_USER = "workspace user"
    WORKSPACE_ADMIN = "administrator of a workspace"
    SUPPORT = "support"


class Effect(StrEnum):
    """What an action does to data; the bars look at this."""

    READ = "read"
    CHANGE = "change"
    ADMINISTER = "administer"


class Action(StrEnum):
    """Everything that anybody can ask for."""

    OPEN_APP = "open the app"
    SEE_INTEGRATION = "see an integration and its configuration"
    CREATE_INTEGRATION = "create an integration or migration"
    CHANGE_INTEGRATION = "change, run, pause or delete an integration"
    HAND_OVER_INTEGRATION = "hand an integration to a new owner"
    SEE_CONNECTION = "see that a connection exists"
    CREATE_CONNECTION = "create a connection"
    USE_CONNECTION = "use a connection in an integration"
    CHANGE_CONNECTION = "change a connection"
    GOVERN_CONNECTION = "delete a connection or set what others may do with it"
    SEE_RUN = "see that a run happened, its state and counts"
    READ_LOG = "read a run's log and data"
    SHARE_RUN = "share a run with support"
    STOP_SHARING_RUN = "stop sharing a run with support"
    SET_UP = "set up the app"
    BIND_GROUPS = "bind Jira groups to tools"
    EXPLAIN_ACCESS = "see what a person could do, and why"
    SEE_LICENCE = "see the licence"
    READ_AUDIT = "read the audit trail"
    GOVERN_SUPPORT_ACCESS = "approve or revoke support access"
    HAVE_TOKENS = "make and revoke one's own access tokens"
    MANAGE_WORKSPACES = "manage workspaces"
    MANAGE_USERS = "manage users"


class OthersMay(StrEnum):
    """What the owner of a connection lets others do with it."""

    VIEW = "view"
    USE = "use"
    EDIT = "edit"


class LicenceStanding(StrEnum):
    """All that the rules need to know of the licence."""

    ACTIVE = "active"
    NOT_ACTIVE = "not active"
    UNKNOWN = "unknown"


EVERY_EFFECT = frozenset(Effect)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is true of the instance (and of what we know) while a caller asks."""

    installed: bool = True
    configured: bool = True
    licence: LicenceStanding = LicenceStanding.ACTIVE
    support_approved: bool = False
    standing_is_current: bool = True
    group_prefix: str = "getint"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, with the standing their door has learnt.

    ``account`` names a person within the instance: ``jira:<accountId>``, ``user:<uuid>`` or
    ``agent:<uuid>``. ``projects`` holds ids of Jira projects they administer and came from.
    ``workspaces`` are those that their door opens to them, ``administered`` those of them in which
    they have an administrator's say. ``scope`` is what the token they came with is good for.
    """

    instance_id: UUID
    account: str
    door: Door = Door.CONNECT
    is_admin: bool = False
    tools: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    workspaces: frozenset[UUID] = frozenset()
    administered: frozenset[UUID] = frozenset()
    is_workspace_user: bool = False
    is_support: bool = False
    scope: frozenset[Effect] = EVERY_EFFECT
    situation: Situation = field(default_factory=Situation)

    def __hash__(self) -> int:
        """Told apart by who it is, compared by everything: callers are keys at every request."""
        return hash((self.instance_id.int, self.account))


class Thing(Protocol):
    """What the rules look at; an ORM class has the same names as columns."""

    @property
    def instance_id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, or is about to be created. The shape of every ``Thing``."""

    instance_id: UUID
    workspace_id: UUID | None = None
    tool: str | None = None
    project_id: str | None = None
    owner: str | None = None
    others_may: str = OthersMay.VIEW
    shared_with_support: bool = False


_SEEN = tuple(each.name for each in fields(Place))


def seen_by_the_rules(thing: Thing) -> tuple[object, ...]:
    """All that the rules can look at: things that agree in it get the same answers."""
    return tuple(getattr(thing, name, None) for name in _SEEN)
