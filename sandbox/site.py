"""What a site knows: its people, groups, projects, its name, and the app that is installed."""

import dataclasses
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.issues.tracker import Tracker

ADMINISTRATORS = "jira-administrators"
FIRST_NAME = "Jira"
SITE_USERS = "site-users"


class Licence(StrEnum):
    """What the switch on Manage apps can be set to."""

    NONE = "none"
    TRIAL = "trial"
    PAID = "paid"
    LAPSED = "lapsed"

    @property
    def active(self) -> bool:
        """Atlassian's `license.active`: true for paid and for trial."""
        return self in (Licence.TRIAL, Licence.PAID)


class NotOnThisSiteError(LookupError):
    """No such person, group, project or module here."""


@dataclass(slots=True)
class Person:
    """An Atlassian account with access to the site."""

    account_id: str
    display_name: str
    email: str
    story: str = ""
    active: bool = True
    time_zone: str = "Europe/London"
    locale: str = "en_GB"


@dataclass(slots=True)
class Group:
    """A group of user management; members are account ids in the order they joined."""

    group_id: str
    name: str
    members: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    """A Jira project; `admins` are account ids that hold ADMINISTER_PROJECTS in it.

    `required`: field ids that an issue type (by id) demands besides Jira's own.
    """

    id: int
    key: str
    name: str
    lead: str
    type_key: str = "software"
    admins: list[str] = field(default_factory=list)
    required: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Addon:
    """The installed Connect app; `installed` turns false on uninstall, the rest is remembered."""

    descriptor: dict[str, Any]
    descriptor_url: str
    shared_secret: str
    licence: Licence = Licence.TRIAL
    installed: bool = True
    enabled: bool = False

    @property
    def key(self) -> str:
        return str(self.descriptor["key"])

    @property
    def base_url(self) -> str:
        return str(self.descriptor["baseUrl"]).rstrip("/")

    @property
    def name(self) -> str:
        return str(self.descriptor.get("name", self.key))

    @property
    def account_id(self) -> str:
        """The account that Jira gives to the app."""
        return f"557058:{self.key}"[:128]


@dataclass(slots=True)
class Webhook:
    """A registered webhook: the app's own (they expire), or one that a Jira admin made."""

    id: int
    url: str
    events: list[str]
    jql: str
    by_app: bool
    secret: str | None = None
    expires_at: int | None = None
    name: str = ""


def new_shared_secret() -> str:
    """Atlassian promises at most 128 characters."""
    return f"ATCO{secrets.token_urlsafe(60)}"


@dataclass(slots=True)
class SiteState:
    """Everything that survives a restart of the sandbox.

    `api_tokens`: what Basic auth demands of each account id; None takes any password.
    `name`: what its header says, where it is not the first site.
    """

    base_url: str
    client_key: str
    cloud_id: str
    install_key_id: str
    install_key_pem: str
    people: list[Person]
    groups: list[Group]
    projects: list[Project]
    addon: Addon | None = None
    api_tokens: dict[str, str] | None = None
    webhooks: list[Webhook] = field(default_factory=list)
    name: str = FIRST_NAME
    issues: Tracker = field(default_factory=Tracker, repr=False, compare=False)
    store: Callable[["SiteState"], None] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def fresh(cls, base_url: str = "http://localhost:2990") -> "SiteState":
        """A newly opened site with the five people of the story, kept in memory only."""
        from sandbox.seed import fresh_site  # noqa: PLC0415 - the seed is made of these classes

        return fresh_site(base_url)

    @property
    def is_first(self) -> bool:
        return self.name == FIRST_NAME

    @property
    def person_cookie(self) -> str:
        """Browsers share cookies among all ports of a host, so each site has its own."""
        return "sandbox_person" if self.is_first else f"sandbox_person_{self.client_key}"

    def save(self) -> None:
        """Write the state down, where the site was opened from a file."""
        if self.store is not None:
            self.store(self)

    def to_json(self) -> dict[str, Any]:
        """A plain picture of the state, secrets included; issues are kept for themselves."""
        picture = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        del picture["store"], picture["issues"]
        for name in ("people", "groups", "projects", "webhooks"):
            picture[name] = [dataclasses.asdict(each) for each in picture[name]]
        picture["addon"] = dataclasses.asdict(self.addon) if self.addon else None
        return picture

    @classmethod
    def from_json(cls, picture: dict[str, Any]) -> "SiteState":
        """The opposite of `to_json`."""
        addon = picture["addon"]
        if addon is not None:
            addon = Addon(**{**addon, "licence": Licence(addon["licence"])})
        return cls(
            **{
                **picture,
                "people": [Person(**each) for each in picture["people"]],
                "groups": [Group(**each) for each in picture["groups"]],
                "projects": [Project(**each) for each in picture["projects"]],
                "webhooks": [Webhook(**each) for each in picture.get("webhooks", [])],
                "addon": addon,
            }
        )

    def person(self, account_id: str) -> Person:
        """The person with this account id, or NotOnThisSiteError."""
        for person in self.people:
            if person.account_id == account_id:
                return person
        raise NotOnThisSiteError(f"no person {account_id!r}")

    def find_person(self, account_id: str | None) -> Person | None:
        return next((each for each in self.people if each.account_id == account_id), None)

    def group(self, name_or_id: str) -> Group:
        """By name (without regard to case, as Jira's directory does) or by id."""
        for group in self.groups:
            if name_or_id == group.group_id or name_or_id.lower() == group.name.lower():
                return group
        raise NotOnThisSiteError(f"no group {name_or_id!r}")

    def project(self, key_or_id: str | int) -> Project:
        """By key or by id, or NotOnThisSiteError."""
        for project in self.projects:
            if str(key_or_id) in (str(project.id), project.key):
                return project
        raise NotOnThisSiteError(f"no project {key_or_id!r}")

    def groups_of(self, account_id: str) -> list[Group]:
        return [group for group in self.groups if account_id in group.members]

    def is_admin(self, account_id: str) -> bool:
        return account_id in self.group(ADMINISTRATORS).members

    def create_group(self, name: str, group_id: str | None = None) -> Group:
        """A new, empty group; ValueError where the name is empty or taken."""
        name = name.strip()
        if not name:
            raise ValueError("a group needs a name")
        if any(name.lower() == group.name.lower() for group in self.groups):
            raise ValueError(f"there is already a group named {name}")
        group = Group(group_id or str(uuid.uuid4()), name)
        self.groups.append(group)
        self.save()
        return group

    def rename_group(self, name_or_id: str, new_name: str) -> Group:
        """The group keeps its id and its members."""
        group = self.group(name_or_id)
        if any(new_name.lower() == g.name.lower() for g in self.groups if g is not group):
            raise ValueError(f"there is already a group named {new_name}")
        group.name = new_name
        self.save()
        return group

    def delete_group(self, name_or_id: str) -> None:
        self.groups.remove(self.group(name_or_id))
        self.save()

    def add_member(self, group: str, account_id: str) -> None:
        """Put a person in a group; twice is once."""
        members = self.group(group).members
        if self.person(account_id).account_id not in members:
            members.append(account_id)
        self.save()

    def remove_member(self, group: str, account_id: str) -> None:
        """Take a person out of a group; not there is fine."""
        found = self.group(group)
        found.members = [each for each in found.members if each != account_id]
        self.save()

    def set_api_token(self, account_id: str, token: str | None) -> None:
        """Give a person an API token, or take it away."""
        tokens = {k: v for k, v in (self.api_tokens or {}).items() if k != account_id}
        if token is not None:
            tokens[self.person(account_id).account_id] = token
        self.api_tokens = tokens
        self.save()

    def set_project_admin(self, project: str, account_id: str, *, admin: bool) -> None:
        """Give or take ADMINISTER_PROJECTS on one project."""
        found = self.project(project)
        account_id = self.person(account_id).account_id
        found.admins = [each for each in found.admins if each != account_id]
        if admin:
            found.admins.append(account_id)
        self.save()
