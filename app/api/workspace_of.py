"""In which workspace a program works: the one it names, else the one its person is in."""

from dataclasses import replace
from uuid import UUID

from app.errors import InvalidInput
from app.identity.visit import Visit
from app.identity.workspaces import open_to


def in_workspace(visit: Visit, workspace_id: UUID | None) -> Visit:
    """The visit in a workspace that is open to it. Raises ``InvalidInput``."""
    if workspace_id is None:
        return visit
    if workspace_id not in {workspace.id for workspace in open_to(visit.facts, visit.caller)}:
        raise InvalidInput(
            "This workspace is not open to you.",
            fields={"workspace_id": "There is no such workspace among those that you may open."},
        )
    return replace(visit, workspace=workspace_id)
