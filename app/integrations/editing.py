"""What a form of an integration says, checked and done: by pages and the API alike."""

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Tool, require, visible
from app.house import House
from app.identity.visit import Visit
from app.integrations import service
from app.integrations.changing import changing
from app.integrations.jira_projects import chosen_project, why_no_such_project
from app.integrations.models import Connection, Integration
from app.integrations.place import place_of
from app.integrations.schemas import ChangedIntegration, Configuration, NewIntegration
from app.news.hooks import clear_up, hooks_of
from app.tools.catalogue import CATALOGUE
from connect import Project

THIS_PROJECT_ONLY = "From these project settings you can choose only this project."
NO_PROJECT = "A Jira project is needed."
OF_ANOTHER_TOOL = "This connection is to another tool."
NOT_A_CONNECTION = "There is no such connection to this tool among those that you can see."


class Mistake(Exception):  # noqa: N818 - not a fault of ours
    """Something that was entered cannot be; ``args`` are the field and what to say."""


async def place_to_create(house: House, visit: Visit, form: NewIntegration) -> Project:
    """The Jira project, once creating there is granted. Raises ``Mistake`` or ``Refused``."""
    project_id = wanted_project_id(visit, form)
    visit.require(place_of(visit, form.tool.value, project_id))
    check_place(form)
    return await found_project(house, visit, project_id)


async def create_from_form(
    session: AsyncSession, visit: Visit, form: NewIntegration, project: Project
) -> Integration:
    """Add one in a project that was checked. Raises ``Mistake`` or ``Refused``."""
    connection = await _connection(session, visit, form)
    return await service.create(session, visit, form, project=project, connection=connection)


async def save_form(
    house: House, visit: Visit, integration: Integration, form: ChangedIntegration
) -> str:
    """Set what the form says; what people have to do in the tool, if anything.

    Raises ``Mistake``, ``Refused``, and ``Conflict`` if it changed since it was looked at.
    """
    hooks = await hooks_of(house, visit, integration)
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
    return await clear_up(house, visit.facts, hooks)


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
    """The project as Jira has it. Raises ``Mistake`` if the visitor may not choose it."""
    project = await chosen_project(house, visit, project_id)
    if project is None:
        raise Mistake("project_id", why_no_such_project(visit))
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
        raise Mistake("connection_id", NOT_A_CONNECTION if connection is None else OF_ANOTHER_TOOL)
    if connection.id != kept:
        require(visit.caller, Action.USE_CONNECTION, connection)
    return connection


def _seen(visit: Visit) -> ColumnElement[bool]:
    return visible(visit.caller, Action.SEE_CONNECTION, Connection)
