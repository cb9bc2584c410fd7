"""Administration > Workspaces > a workspace: what is in it, and its Jira projects."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy import select

from app.access import Action
from app.administration.forms import ChosenProject, Move
from app.administration.handling import required
from app.administration.workspace_pages import MOST_PROJECTS, ROOT, listed_projects
from app.administration.workspace_routes import done, on_workspace
from app.administration.workspaces import choose_projects, load_workspace, move_integration
from app.errors import Conflict, InvalidInput, NotFound
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations.changing import changing
from app.integrations.jira_projects import SearchResult, chosen_project, search_projects
from app.integrations.models import Integration
from app.integrations.reading import things
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render
from connect import Project

router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_WORKSPACES))]


@router.get("/{workspace_id}/move/{moved_id}")
async def ask_where(
    request: Request, visit: Managing, workspace_id: UUID, moved_id: UUID
) -> HTMLResponse:
    """The dialog: into which workspace."""
    integration = await _integration(house_of(request), visit, workspace_id, moved_id)
    return fragment(_move_form(visit, integration, "", {}))


@router.post("/{workspace_id}/move/{moved_id}", openapi_extra=takes_form(Move))
async def move(
    request: Request, visit: Managing, workspace_id: UUID, moved_id: UUID
) -> HTMLResponse:
    """Move it, with its connection if nothing else uses that."""
    house = house_of(request)
    sent = await filled(request, Move)
    integration = await _integration(house, visit, workspace_id, moved_id)
    if (form := sent.form) is None:
        chosen = sent.values.get("workspace_id", "")
        return fragment(_move_form(visit, integration, chosen, sent.errors), status=422)
    async with changing(house, visit, integration) as session:
        workspace = await load_workspace(session, form.workspace_id)
        await move_integration(session, house.changes, visit, integration, workspace)
    return done(Flag(f"{integration.name} is in {workspace.name} now"))


@router.get("/{workspace_id}/projects/add")
async def ask_which(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """The dialog: search for a Jira project."""
    house = house_of(request)
    name = await _name_of(house, visit, workspace_id)
    found = await search_projects(house, visit, "")
    return fragment(_project_form(workspace_id, name, {}, {}, found))


@router.get("/{workspace_id}/projects/search")
async def find_projects(
    request: Request, visit: Managing, workspace_id: UUID, *, project_q: str = ""
) -> HTMLResponse:
    """The projects whom the search finds."""
    house = house_of(request)
    await _name_of(house, visit, workspace_id)
    query = project_q[:200] if project_q.isprintable() else ""
    found = await search_projects(house, visit, query)
    return fragment(render("administration/project_part.html", found=found, value="", error=""))


@router.post("/{workspace_id}/projects", openapi_extra=takes_form(ChosenProject))
async def add_project(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """List one more Jira project."""
    house = house_of(request)
    sent = await filled(request, ChosenProject)
    name = await _name_of(house, visit, workspace_id)
    try:
        project = await _chosen(house, visit, required(sent).project_id)
        async with on_workspace(house, visit, workspace_id) as (session, workspace):
            listed = {*await listed_projects(session, workspace), project.id}
            if len(listed) > MOST_PROJECTS:
                raise Conflict(f"A workspace lists at most {MOST_PROJECTS} Jira projects.")
            await choose_projects(session, house.changes, visit, workspace, listed)
    except InvalidInput as error:
        found = await search_projects(house, visit, sent.values.get("project_q", "")[:200])
        again = _project_form(workspace_id, name, sent.values, error.fields, found)
        return fragment(again, status=422)
    return done(Flag(f"{project.name} can be chosen in {name}"))


@router.post("/{workspace_id}/projects/{project_id}/remove")
async def remove_project(
    request: Request, visit: Managing, workspace_id: UUID, project_id: str
) -> HTMLResponse:
    """List a Jira project no more; integrations that have it keep it."""
    house = house_of(request)
    async with on_workspace(house, visit, workspace_id) as (session, workspace):
        listed = set(await listed_projects(session, workspace))
        if project_id not in listed:
            raise NotFound("This project is not listed any more.", mend="Reload the page.")
        await choose_projects(session, house.changes, visit, workspace, listed - {project_id})
    return done(Flag(f"The project can't be chosen in {workspace.name} any more"))


async def _name_of(house: House, visit: Visit, workspace_id: UUID) -> str:
    async with on_workspace(house, visit, workspace_id) as (_, workspace):
        return workspace.name


async def _chosen(house: House, visit: Visit, project_id: str) -> Project:
    project = await chosen_project(house, visit, project_id)
    if project is None:
        raise InvalidInput(fields={"project_id": "There is no such project that you may browse."})
    return project


async def _integration(
    house: House, visit: Visit, workspace_id: UUID, integration_id: UUID
) -> Integration:
    """One that is in this workspace; ``NotFound`` for every other."""
    statement = select(Integration).where(
        Integration.id == integration_id, Integration.workspace_id == workspace_id
    )
    found = await things(house, visit, statement)
    if not found:
        raise NotFound("It is not in this workspace any more.", mend="Reload the page.")
    return found[0]


def _move_form(
    visit: Visit, integration: Integration, chosen: str, errors: Mapping[str, str]
) -> Markup:
    return render(
        "administration/move.html",
        integration=integration,
        workspaces=[
            (str(workspace.id), workspace.name)
            for workspace in visit.facts.workspaces.values()
            if not workspace.is_archived and workspace.id != integration.workspace_id
        ],
        chosen=chosen,
        error=errors.get("workspace_id", ""),
    )


def _project_form(
    workspace_id: UUID,
    name: str,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    found: SearchResult,
) -> Markup:
    return render(
        "administration/project_add.html",
        base=f"{ROOT}/{workspace_id}/projects",
        name=name,
        query=values.get("project_q", ""),
        value=values.get("project_id", ""),
        error=errors.get("project_id", ""),
        found=found,
    )
