"""The pages of workspaces as they stand: the list, and one workspace."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from markupsafe import Markup
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Tool
from app.administration.models import Account, WorkspaceAccess, WorkspaceProject
from app.administration.user_list import LEVELS
from app.administration.workspaces import load_workspace
from app.house import House
from app.identity.people import Person
from app.identity.visit import Visit
from app.instances.models import Instance, Workspace
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.models import Integration
from app.web.templates import render
from connect import JiraError

ROOT = "/administration/workspaces"
CHANGED = "getint:workspaces-changed"
ROWS = 25
MOST_PROJECTS = 50
_USERS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace as the list draws it."""

    id: UUID
    name: str
    is_archived: bool
    opens_from_jira: bool
    integrations: int
    users: int


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """An integration in its workspace, with a way to move it."""

    id: UUID
    name: str
    is_migration: bool
    tool: str
    project_key: str
    owner: Person


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A Jira project that is listed; ``name`` is its id where Jira tells no name."""

    id: str
    name: str


async def list_main(house: House, visit: Visit) -> Markup:
    """All of them by name, those in use first."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        rows = await _rows(session, (await session.scalars(select(Workspace))).all())
    return render(
        "administration/workspaces.html",
        rows=sorted(rows, key=lambda row: (row.is_archived, row.name.casefold())),
        changed=CHANGED,
        has_jira=visit.facts.linked_site is not None,
    )


async def workspace_main(
    house: House, visit: Visit, workspace_id: UUID, after: str = ""
) -> tuple[str, Markup]:
    """Its name, and one workspace: what is in it, its Jira projects, and who may open it."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        workspace = await load_workspace(session, workspace_id)
        row = (await _rows(session, [workspace]))[0]
        integrations = (await session.scalars(_integrations(workspace, after))).all()
        users = (await session.execute(_users(workspace))).all()
        project_ids = await listed_projects(session, workspace)
    shown = integrations[:ROWS]
    people = await house.people.named(visit.facts, [each.owner for each in shown])
    next_href = ""
    if len(integrations) > ROWS:
        cursor = cursor_of(Position(shown[-1].created_at, shown[-1].id))
        next_href = f"{ROOT}/{workspace.id}?{urlencode({'after': cursor})}"
    main = render(
        "administration/workspace.html",
        it=row,
        changed=CHANGED,
        has_jira=visit.facts.linked_site is not None,
        integrations=[_integration(each, people) for each in shown],
        next_href=next_href,
        projects=await _projects(house, visit, project_ids),
        users=[(account, LEVELS[level]) for account, level in users],
    )
    return workspace.name, main


async def listed_projects(session: AsyncSession, workspace: Workspace) -> Sequence[str]:
    """Ids of the Jira projects that people without Jira may choose in it."""
    found = await session.scalars(
        select(WorkspaceProject.project_id).where(WorkspaceProject.workspace_id == workspace.id)
    )
    return sorted(found, key=int)


async def _rows(session: AsyncSession, workspaces: Iterable[Workspace]) -> list[WorkspaceRow]:
    integrations = await _counted(session, Integration)
    users = await _counted(session, WorkspaceAccess)
    opens = await session.scalar(select(Instance.jira_workspace_id))
    return [
        WorkspaceRow(
            id=workspace.id,
            name=workspace.name,
            is_archived=workspace.archived_at is not None,
            opens_from_jira=workspace.id == opens,
            integrations=integrations.get(workspace.id, 0),
            users=users.get(workspace.id, 0),
        )
        for workspace in workspaces
    ]


async def _counted(
    session: AsyncSession, model: type[Integration] | type[WorkspaceAccess]
) -> Mapping[UUID, int]:
    """How many there are in each workspace."""
    rows = await session.execute(
        select(model.workspace_id, func.count()).group_by(model.workspace_id)
    )
    return {row[0]: row[1] for row in rows}


def _integrations(workspace: Workspace, after: str) -> Select[Integration]:
    statement = select(Integration).where(Integration.workspace_id == workspace.id)
    if after:
        order = tuple_(Integration.created_at, Integration.id)
        statement = statement.where(order < tuple_(*position_of(after)))
    return statement.order_by(Integration.created_at.desc(), Integration.id.desc()).limit(ROWS + 1)


def _users(workspace: Workspace) -> Select[Account, str]:
    return (
        select(Account, WorkspaceAccess.level)
        .join(WorkspaceAccess, WorkspaceAccess.account_id == Account.id)
        .where(WorkspaceAccess.workspace_id == workspace.id)
        .order_by(Account.name, Account.id)
        .limit(_USERS_SHOWN)
    )


def _integration(row: Integration, people: Mapping[str, Person]) -> IntegrationRow:
    return IntegrationRow(
        id=row.id,
        name=row.name,
        is_migration=row.kind == "migration",
        tool=Tool(row.tool).label,
        project_key=row.project_key,
        owner=people[row.owner],
    )


async def _projects(house: House, visit: Visit, project_ids: Sequence[str]) -> Sequence[ProjectRow]:
    """With the names that Jira has for them now; a page without names beats no page."""
    names: dict[str, str] = {}
    if project_ids and visit.facts.linked_site is not None:
        with contextlib.suppress(JiraError):
            found = await house.jira.projects(
                visit.facts.site, ids=project_ids, limit=MOST_PROJECTS
            )
            names = {project.id: f"{project.name} ({project.key})" for project in found.values}
    return [ProjectRow(id_, names.get(id_, f"Project {id_}")) for id_ in project_ids]
