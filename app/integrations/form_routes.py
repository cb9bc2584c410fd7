"""Creating and editing an integration or migration."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Tool, require, visible
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations import service
from app.integrations.changing import changing, require_version
from app.integrations.choices import require_any_tool
from app.integrations.form_page import (
    form_main,
    project_part,
    title_of,
    tool_fields,
    values_of,
)
from app.integrations.guards import At, the_integration
from app.integrations.jira_projects import chosen_project
from app.integrations.models import Connection, Integration
from app.integrations.pages import detail_main, place_of
from app.integrations.schemas import ChangedIntegration, Configuration, NewIntegration
from app.news.hooks import clear_up, hooks_of
from app.tools.catalogue import CATALOGUE
from app.web.forms import CHOOSE, Filled, filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render
from connect import Project

router = page_router("/integrations", "integrations")
Creating = Annotated[Visit, Depends(context(Action.CREATE_INTEGRATION))]
Changing = Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))]
THIS_PROJECT_ONLY = "From these project settings you can choose only this project."
NO_PROJECT = "A Jira project is needed."
NOT_BROWSABLE = "There is no such project among those that you can browse."
NOT_A_CONNECTION = "There is no such connection to this tool among those that you can see."


class Mistake(Exception):  # noqa: N818 - not a fault of ours
    """Something that was entered cannot be; ``args`` are the field and what to say."""


@router.get("/new")
async def new(
    request: Request, visit: Creating, *, kind: str = "integration", tool: str = ""
) -> HTMLResponse:
    """The empty form, for whoever may create anything at all."""
    require_any_tool(visit)
    house = house_of(request)
    main = await form_main(house, visit, {"kind": kind, "tool": tool})
    return show(request, visit, main, active="integrations", title=title_of(None))


@router.get("/projects")
async def find_projects(
    request: Request, visit: Creating, *, project_q: str = "", project_id: str = ""
) -> HTMLResponse:
    """The Jira projects that the search finds."""
    require_any_tool(visit)
    house = house_of(request)
    values = {"project_q": project_q[:200], "project_id": project_id}
    part = await project_part(house, visit, values)
    return fragment(render("integrations/project_part.html", project=part))


@router.get("/tool-part")
async def show_tool_part(
    request: Request,
    visit: Annotated[Visit, Depends(context(Action.SEE_CONNECTION))],
    *,
    tool: str = "",
) -> HTMLResponse:
    """What a tool's places are called, and the connections to it that the visitor can see."""
    house = house_of(request)
    return fragment(await tool_fields(house, visit, {"tool": tool}))


@router.post("", openapi_extra=takes_form(NewIntegration))
async def create(request: Request, visit: Creating) -> HTMLResponse:
    """Create one, owned by the visitor."""
    house = house_of(request)
    entered = await filled(request, NewIntegration)
    if (form := entered.form) is None:
        require_any_tool(visit)
        main = await form_main(house, visit, entered.values, _errors(visit, entered))
        return fragment(main, status=422)
    try:
        project_id = wanted_project_id(visit, form)
        visit.require(place_of(visit, form.tool.value, project_id))
        check_place(form)
        project = await found_project(house, visit, project_id)
        async with house.database.of_instance(visit.caller.instance_id) as session:
            connection = await _connection(session, visit, form)
            integration = await service.create(
                session, visit, form, project=project, connection=connection
            )
    except Mistake as mistake:
        main = await form_main(house, visit, entered.values, dict([mistake.args]))
        return fragment(main, status=422)
    main = await detail_main(request, visit, integration)
    flag = Flag(f"{integration.name} was created")
    return fragment(main, flag=flag)


@router.get("/{integration_id}/edit")
async def edit(request: Request, at: Changing) -> HTMLResponse:
    """The form with what is set now."""
    house = house_of(request)
    main = await form_main(house, at.visit, values_of(at.thing), integration=at.thing)
    return show(request, at.visit, main, active="integrations", title=title_of(at.thing))


@router.post("/{integration_id}", openapi_extra=takes_form(ChangedIntegration))
async def save(request: Request, at: Changing) -> HTMLResponse:
    """Set what the form says, unless somebody was faster."""
    house = house_of(request)
    visit, integration = at.visit, at.thing
    entered = await filled(request, ChangedIntegration)
    errors = entered.errors
    hooks = await hooks_of(house, visit, integration)
    if (form := entered.form) is not None:
        await require_version(house, visit, integration, form.version)
        try:
            await _save(house, visit, integration, form)
        except Mistake as mistake:
            errors = dict([mistake.args])
    if errors:
        values = {**values_of(integration), **entered.values}
        main = await form_main(house, visit, values, errors, integration=integration)
        return fragment(main, status=422)
    left = await clear_up(house, visit.facts, hooks)
    main = await detail_main(request, visit, integration)
    flag = Flag(f"{integration.name} was saved", left, "warning" if left else "success")
    return fragment(main, flag=flag)


async def _save(
    house: House, visit: Visit, integration: Integration, form: ChangedIntegration
) -> None:
    project_id = wanted_project_id(visit, form)
    moves = (form.tool.value, project_id) != (integration.tool, integration.project_id)
    if moves:
        place = place_of(visit, form.tool.value, project_id)
        require(visit.caller, Action.CREATE_INTEGRATION, place)
    check_place(form)
    project = Project(integration.project_id, integration.project_key, "", None)
    if project_id != integration.project_id:
        project = await found_project(house, visit, project_id)
    turned = (form.tool_place, form.direction) != (integration.tool_place, integration.direction)
    # What a connection is in use for goes on when its owner closes it; another use does not begin.
    kept = None if moves or turned else integration.connection_id
    async with changing(house, visit, integration) as session:
        connection = await _connection(session, visit, form, kept=kept)
        await service.change(
            session, visit, integration, form, project=project, connection=connection
        )


def _errors(visit: Visit, entered: Filled[NewIntegration]) -> dict[str, str]:
    """All that is missing at once, the project too, which only some pages ask for."""
    errors = dict(entered.errors)
    if visit.project is None and not entered.values.get("project_id"):
        errors.setdefault("project_id", NO_PROJECT)
    return errors


def wanted_project_id(visit: Visit, form: Configuration) -> str:
    """The id of the Jira project, chosen or in view. Raises ``Mistake``."""
    if visit.project is not None and form.project_id not in {"", visit.project.id}:
        raise Mistake("project_id", THIS_PROJECT_ONLY)
    project_id = visit.project.id if visit.project else form.project_id
    if not project_id:
        raise Mistake("project_id", NO_PROJECT)
    return project_id


def check_place(form: Configuration) -> None:
    """Raise ``Mistake`` unless the place is written as the tool's places are."""
    place = CATALOGUE[form.tool].place
    if not place.pattern.fullmatch(form.tool_place):
        raise Mistake("tool_place", f"{place.label}: write it like {place.example}.")


async def found_project(house: House, visit: Visit, project_id: str) -> Project:
    """The project as Jira has it. Raises ``Mistake`` if the visitor cannot browse it."""
    project = await chosen_project(house, visit, project_id)
    if project is None:
        raise Mistake("project_id", NOT_BROWSABLE)
    return project


async def _connection(
    session: AsyncSession, visit: Visit, form: Configuration, *, kept: object = None
) -> Connection | None:
    """The chosen connection, held until the transaction ends; using another one is decided."""
    if form.connection_id is None:
        return None
    connection: Connection | None = await session.scalar(
        select(Connection)
        .where(
            Connection.id == form.connection_id,
            Connection.workspace_id == visit.workspace_id,
            true() if kept == form.connection_id else _seen(visit),
        )
        .with_for_update(read=True)
    )
    if connection is None or Tool(connection.tool) is not form.tool:
        raise Mistake("connection_id", NOT_A_CONNECTION if connection is None else CHOOSE)
    if connection.id != kept:
        require(visit.caller, Action.USE_CONNECTION, connection)
    return connection


def _seen(visit: Visit) -> ColumnElement[bool]:
    return visible(visit.caller, Action.SEE_CONNECTION, Connection)
