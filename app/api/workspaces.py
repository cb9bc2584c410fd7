"""Workspaces: sets of integrations, and who works where."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action
from app.administration import workspaces as service
from app.administration.forms import Name
from app.administration.models import WorkspaceProject
from app.api.bodies import Body, sent
from app.api.integrations import answered
from app.api.once import SentOnce
from app.api.paging import Page, Paging, next_href, rows_of
from app.api.router import ROOT, api_router
from app.api.shapes import IntegrationShape, Shape
from app.changes import Changes
from app.errors import InvalidInput
from app.house import House, house_of
from app.identity.guard import api
from app.identity.visit import Visit
from app.instances.models import Instance, Workspace
from app.integrations.changing import changing
from app.integrations.guards import found
from app.integrations.jira_projects import chosen_project
from app.integrations.models import Integration

router = api_router("/workspaces", "workspaces")
moving = api_router("/integrations", "workspaces")
Managing = Annotated[Visit, Depends(api(Action.MANAGE_WORKSPACES))]
Step = Callable[[AsyncSession, Changes, Visit, Workspace], Awaitable[None]]
ProjectId = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
MOST_PROJECTS = 50


class WorkspaceBody(Body):
    """An empty workspace, which nobody but administrators may open yet."""

    model_config = ConfigDict(
        title="NewWorkspace", json_schema_extra={"examples": [{"name": "Partners"}]}
    )

    name: Name


class WorkspaceChange(Body):
    """What is to be set; what is left out stays."""

    model_config = ConfigDict(
        title="WorkspaceChange", json_schema_extra={"examples": [{"project_ids": ["10001"]}]}
    )

    name: Name | None = None
    project_ids: Annotated[
        list[ProjectId] | None,
        Field(
            max_length=MOST_PROJECTS,
            description="The Jira projects that people without Jira may choose in it.",
        ),
    ] = None


class MoveBody(Body):
    """Into which workspace."""

    model_config = ConfigDict(
        title="Move",
        json_schema_extra={"examples": [{"workspace_id": "2f6b1c1e-0000-4000-8000-000000000000"}]},
    )

    workspace_id: UUID


class WorkspaceShape(Shape):
    """A set of integrations."""

    model_config = ConfigDict(title="Workspace")

    id: UUID
    name: str
    archived_at: datetime | None = Field(description="Since when it is not in use.")
    opens_from_jira: bool
    project_ids: list[str] = Field(
        description="The Jira projects that people without Jira may choose in it."
    )


async def _moved(request: Request, visit: Managing, integration_id: str) -> Integration:
    """What is to be moved, as far as it may be seen."""
    house = house_of(request)
    return await found(house, visit, Integration, Action.SEE_INTEGRATION, integration_id)


@router.get("")
async def list_workspaces(
    request: Request, visit: Managing, asked: Annotated[Paging, Query()]
) -> Page[WorkspaceShape]:
    """All workspaces, newest first."""
    house = house_of(request)
    rows, cursor = await rows_of(house, visit, select(Workspace), Workspace, asked)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        items = [await _shape(session, row) for (row,) in rows]
    return Page(items=items, next=next_href(request, cursor))


@router.post("", status_code=201)
async def create_workspace(
    request: Request,
    response: Response,
    visit: Managing,
    body: Annotated[WorkspaceBody, Depends(sent(WorkspaceBody))],
    once: SentOnce,
) -> WorkspaceShape:
    """Make an empty one."""
    house = house_of(request)
    made = await once.made()
    if made is None:

        async def making(session: AsyncSession) -> UUID:
            workspace = await service.create_workspace(session, house.changes, visit, body.name)
            return workspace.id

        made = await once.make(making)
    response.headers["Location"] = f"{ROOT}/workspaces/{made}"
    return await get_workspace(request, visit, made)


@router.get("/{workspace_id}")
async def get_workspace(request: Request, visit: Managing, workspace_id: UUID) -> WorkspaceShape:
    """One workspace."""
    async with house_of(request).database.of_instance(visit.caller.instance_id) as session:
        return await _shape(session, await service.load_workspace(session, workspace_id))


@router.patch("/{workspace_id}")
async def change_workspace(
    request: Request,
    visit: Managing,
    workspace_id: UUID,
    body: Annotated[WorkspaceChange, Depends(sent(WorkspaceChange))],
) -> WorkspaceShape:
    """Set what is named."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        before = await _shape(session, await service.load_workspace(session, workspace_id))
    await _require_projects(house, visit, set(body.project_ids or ()) - set(before.project_ids))
    async with house.database.of_instance(visit.caller.instance_id) as session:
        workspace = await service.load_workspace(session, workspace_id)
        if body.name is not None:
            await service.rename_workspace(session, house.changes, visit, workspace, body.name)
        if body.project_ids is not None:
            await service.choose_projects(
                session, house.changes, visit, workspace, set(body.project_ids)
            )
        return await _shape(session, workspace)


@router.post("/{workspace_id}/archive")
async def archive_workspace(
    request: Request, visit: Managing, workspace_id: UUID
) -> WorkspaceShape:
    """Close it to everybody; what is in it stays."""
    return await _step(request, visit, workspace_id, service.archive_workspace)


@router.post("/{workspace_id}/restore")
async def restore_workspace(
    request: Request, visit: Managing, workspace_id: UUID
) -> WorkspaceShape:
    """Open it again to those who had access."""
    return await _step(request, visit, workspace_id, service.restore_workspace)


@router.post("/{workspace_id}/open-from-jira")
async def open_from_jira(request: Request, visit: Managing, workspace_id: UUID) -> WorkspaceShape:
    """Let it be the one that opens from Jira."""
    return await _step(request, visit, workspace_id, service.open_from_jira)


@moving.post("/{integration_id}/move")
async def move_integration(
    request: Request,
    response: Response,
    visit: Managing,
    integration: Annotated[Integration, Depends(_moved)],
    body: Annotated[MoveBody, Depends(sent(MoveBody))],
) -> IntegrationShape:
    """Put it into another workspace, with its connection if nothing else uses that."""
    house = house_of(request)
    async with changing(house, visit, integration) as session:
        workspace = await service.load_workspace(session, body.workspace_id)
        await service.move_integration(session, house.changes, visit, integration, workspace)
    return answered(response, integration)


async def _step(request: Request, visit: Visit, workspace_id: UUID, step: Step) -> WorkspaceShape:
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        workspace = await service.load_workspace(session, workspace_id)
        await step(session, house.changes, visit, workspace)
        return await _shape(session, workspace)


async def _require_projects(house: House, visit: Visit, project_ids: set[str]) -> None:
    for project_id in sorted(project_ids):
        if await chosen_project(house, visit, project_id) is None:
            raise InvalidInput(
                fields={"project_ids": f"There is no project {project_id} that you may browse."}
            )


async def _shape(session: AsyncSession, workspace: Workspace) -> WorkspaceShape:
    projects = await session.scalars(
        select(WorkspaceProject.project_id)
        .where(WorkspaceProject.workspace_id == workspace.id)
        .order_by(WorkspaceProject.project_id)
    )
    opens = await session.scalar(
        select(Instance.jira_workspace_id).where(Instance.id == workspace.instance_id)
    )
    return WorkspaceShape(
        id=workspace.id,
        name=workspace.name,
        archived_at=workspace.archived_at,
        opens_from_jira=opens == workspace.id,
        project_ids=list(projects),
    )
