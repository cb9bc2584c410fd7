"""One request by somebody who is known: the caller, their instance, and what they came for."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.access import Action, Caller, Decision, Thing, decide, require
from app.identity.workspaces import current_workspace
from app.instances.facts import InstanceFacts
from connect import LicenceState


class Proof(StrEnum):
    """The kinds of proof a route may ask for. A route accepts exactly one."""

    PAGE = "page"
    CONTEXT = "context"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a kind, not a token


@dataclass(frozen=True, slots=True)
class ProjectInView:
    """The Jira project from whose settings somebody came."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What a door found out, with the action that the route named.

    ``token`` is the access token that they came with, as people tell it apart; ``workspace`` the
    workspace that the request names, where it names one.
    """

    caller: Caller
    facts: InstanceFacts
    proof: Proof
    action: Action
    licence: LicenceState
    project: ProjectInView | None
    token: str = ""
    workspace: UUID | None = None

    @property
    def workspace_id(self) -> UUID:
        """The workspace they are in: new things belong to it, lists show it."""
        return self.workspace or current_workspace(self.facts, self.caller)

    def can(self, action: Action, thing: Thing | None = None) -> Decision:
        """The decision on any action, for buttons and hints."""
        return decide(self.caller, action, thing)

    def require(self, thing: Thing | None = None) -> None:
        """Let the route's own action pass for ``thing``, or raise ``Refused``."""
        require(self.caller, self.action, thing)
