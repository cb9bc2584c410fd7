"""Where a visitor is about to create something, as the rules see it."""

from app.access import Place
from app.identity.visit import Visit


def place_of(visit: Visit, tool: str, project_id: str | None = None) -> Place:
    """Where the visitor is about to create something."""
    if project_id is None and visit.project is not None:
        project_id = visit.project.id
    return Place(
        visit.caller.instance_id,
        workspace_id=visit.workspace_id,
        tool=tool,
        project_id=project_id,
    )
