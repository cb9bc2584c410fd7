"""What the house knows of one installed site, kept in memory until something changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from app.encryption import InstanceKey
from app.errors import Problem
from connect import LicenceFact, Site


class NoJira(Problem):
    """What was asked for needs a Jira, and none is linked to this instance."""

    status: ClassVar[int] = 409
    slug: ClassVar[str] = "no-jira"
    default_title = "No Jira is linked"


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """A workspace, and the ids of the Jira projects that people without Jira may choose in it."""

    id: UUID
    name: str
    is_archived: bool
    projects: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """The customer's own identity provider, and what it knows us as."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """Everything a door needs of an installation and its instance; no row of the customer's data.

    ``workspace_id`` is the workspace that opens from Jira, ``chosen`` the one in which an account
    was last. An instance on its own has no Jira (``linked_site`` and ``installation_id`` are None).
    ``tools_by_group`` maps the id of a Jira group to the tools it is bound to;
    ``standard_bound`` names the tools whose standard group was found once and is known by id.
    """

    instance_id: UUID
    installation_id: UUID | None
    linked_site: Site | None = field(repr=False)
    is_installed: bool
    is_enabled: bool
    is_configured: bool
    workspace_id: UUID
    workspaces: Mapping[UUID, WorkspaceFacts]
    chosen: Mapping[str, UUID]
    second_factor_required: bool
    provider: ProviderFacts | None
    licence: LicenceFact | None
    tools_by_group: Mapping[str, frozenset[str]]
    standard_bound: frozenset[str]
    key: InstanceKey = field(repr=False)

    @property
    def site(self) -> Site:
        """The Jira of this instance; raises ``NoJira``."""
        if self.linked_site is None:
            raise NoJira(
                "This needs a Jira, and none is linked to this Getint yet.",
                mend="An administrator has to install Getint in a Jira site.",
            )
        return self.linked_site
