"""Which workspaces somebody may open, and in which they are."""

from collections.abc import Sequence
from uuid import UUID

from app.access import Caller, Door
from app.instances.facts import InstanceFacts, WorkspaceFacts


def open_to(facts: InstanceFacts, caller: Caller) -> Sequence[WorkspaceFacts]:
    """Those that the caller may choose from, by name: for administrators all that are in use."""
    return [
        workspace
        for workspace in facts.workspaces.values()
        if not workspace.is_archived and (caller.is_admin or workspace.id in caller.workspaces)
    ]


def current_workspace(facts: InstanceFacts, caller: Caller) -> UUID:
    """The one that they chose last, while it is open to them; else the one that Jira opens."""
    offered = {workspace.id for workspace in open_to(facts, caller)}
    for workspace_id in (facts.chosen.get(caller.account), facts.workspace_id):
        if workspace_id in offered:
            return workspace_id
    return min(offered, default=facts.workspace_id)


def projects_listed_for(
    facts: InstanceFacts, caller: Caller, workspace_id: UUID
) -> frozenset[str] | None:
    """The Jira projects that the caller may integrate there; None if Jira says which.

    Jira knows nothing of people without an account in it, so for them the workspace lists them;
    an administrator's account may integrate whatever the app itself may see.
    """
    if caller.door is not Door.ACCOUNT or caller.is_admin:
        return None
    workspace = facts.workspaces.get(workspace_id)
    return workspace.projects if workspace else frozenset()
