"""What the house knows of one installed site, kept in memory until something changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.encryption import InstanceKey
from connect import LicenceFact, Site


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """Everything a door needs of an installation and its instance; no row of the customer's data.

    ``tools_by_group`` maps the id of a Jira group to the tools it is bound to;
    ``standard_bound`` names the tools whose standard group was found once and is known by id.
    """

    instance_id: UUID
    installation_id: UUID
    site: Site
    is_installed: bool
    is_enabled: bool
    is_configured: bool
    workspace_id: UUID
    licence: LicenceFact | None
    tools_by_group: Mapping[str, frozenset[str]]
    standard_bound: frozenset[str]
    key: InstanceKey = field(repr=False)
