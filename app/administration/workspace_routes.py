"""Administration > Workspaces: the list, one workspace, and what is done to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action
from app.administration.forms import NamedWorkspace
from app.administration.handling import required
from app.administration.workspace_pages import CHANGED, ROOT, list_main, workspace_main
from app.administration.workspaces import (
    archive_workspace,
    create_workspace,
    load_workspace,
    open_from_jira,
    rename_workspace,
    restore_workspace,
    why_not_archived,
)
from app.changes import Changes
from app.errors import InvalidInput
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.instances.models import Workspace
from app.integrations.cursors import position_of
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_WORKSPACES))]
CREATE, RENAME = ("Create workspace", "Create"), ("Rename workspace", "Save")
_Step = Callable[[AsyncSession, Changes, Visit, Workspace], Awaitable[None]]


@asynccontextmanager
async def on_workspace(
    house: House, visit: Visit, workspace_id: UUID
) -> AsyncIterator[tuple[AsyncSession, Workspace]]:
    """One transaction on one workspace of the visitor's instance; ``NotFound`` without one."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        yield session, await load_workspace(session, workspace_id)


def done(flag: Flag) -> HTMLResponse:
    """Close the dialog, say so, and let the page show how it stands now."""
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


@router.get("")
async def listed(request: Request, visit: Managing) -> HTMLResponse:
    """The workspaces of this instance."""
    main = await list_main(house_of(request), visit)
    return show(request, visit, main, active="workspaces", title="Workspaces")


@router.get("/new")
async def ask_what(request: Request, visit: Managing) -> HTMLResponse:
    """The dialog for a new workspace."""
    del request, visit
    return fragment(_name_form(CREATE, ROOT, {}, {}))


@router.post("", openapi_extra=takes_form(NamedWorkspace))
async def create(request: Request, visit: Managing) -> HTMLResponse:
    """Make an empty workspace."""
    house = house_of(request)
    sent = await filled(request, NamedWorkspace)
    try:
        form = required(sent)
        async with house.database.of_instance(visit.caller.instance_id) as session:
            await create_workspace(session, house.changes, visit, form.name)
    except InvalidInput as error:
        return fragment(_name_form(CREATE, ROOT, sent.values, error.fields), status=422)
    return done(Flag(f"{form.name} was created"))


@router.get("/{workspace_id}")
async def one(
    request: Request, visit: Managing, workspace_id: UUID, *, after: str = ""
) -> HTMLResponse:
    """One workspace."""
    if after:
        position_of(after)
    name, main = await workspace_main(house_of(request), visit, workspace_id, after)
    return show(request, visit, main, active="workspaces", title=name)


@router.get("/{workspace_id}/rename")
async def ask_how(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """The dialog with the name."""
    async with on_workspace(house_of(request), visit, workspace_id) as (_, workspace):
        values = {"name": workspace.name}
    return fragment(_name_form(RENAME, f"{ROOT}/{workspace_id}/rename", values, {}))


@router.post("/{workspace_id}/rename", openapi_extra=takes_form(NamedWorkspace))
async def rename(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """Give it another name."""
    house = house_of(request)
    sent = await filled(request, NamedWorkspace)
    try:
        async with on_workspace(house, visit, workspace_id) as (session, workspace):
            form = required(sent)
            await rename_workspace(session, house.changes, visit, workspace, form.name)
    except InvalidInput as error:
        address = f"{ROOT}/{workspace_id}/rename"
        return fragment(_name_form(RENAME, address, sent.values, error.fields), status=422)
    return done(Flag(f"{form.name} was saved"))


@router.get("/{workspace_id}/archive")
async def ask_to_archive(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """The dialog: what archiving means, or what stands in its way."""
    async with on_workspace(house_of(request), visit, workspace_id) as (session, workspace):
        why_not = await why_not_archived(session, visit, workspace)
    return fragment(render("administration/archive.html", workspace=workspace, why_not=why_not))


@router.post("/{workspace_id}/archive")
async def archive(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """Close it to everybody; what is in it stays."""
    return await _step(request, visit, workspace_id, archive_workspace, "was archived")


@router.post("/{workspace_id}/restore")
async def restore(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """Open it again."""
    return await _step(request, visit, workspace_id, restore_workspace, "is in use again")


@router.post("/{workspace_id}/open-from-jira")
async def let_open_from_jira(request: Request, visit: Managing, workspace_id: UUID) -> HTMLResponse:
    """Let it be the one that opens from Jira."""
    how = "opens from Jira now" if visit.facts.linked_site else "opens first now"
    return await _step(request, visit, workspace_id, open_from_jira, how)


async def _step(
    request: Request, visit: Visit, workspace_id: UUID, step: _Step, said: str
) -> HTMLResponse:
    house = house_of(request)
    async with on_workspace(house, visit, workspace_id) as (session, workspace):
        await step(session, house.changes, visit, workspace)
    return done(Flag(f"{workspace.name} {said}"))


def _name_form(
    words: tuple[str, str], address: str, values: Mapping[str, str], errors: Mapping[str, str]
) -> Markup:
    return render(
        "administration/workspace_name.html",
        title=words[0],
        submit=words[1],
        address=address,
        name=values.get("name", ""),
        error=errors.get("name", ""),
    )
