"""Makes, renames and archives workspaces, and moves integrations between them.

Everything arrives checked: the visitor may manage workspaces. Each step is recorded and announced
in its transaction.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account, WorkspaceAccess, WorkspaceProject
from app.administration.turns import take_turn
from app.audit.trail import record
from app.changes import Changes
from app.errors import Conflict, InvalidInput, NotFound
from app.identity.accounts import account_id_of
from app.identity.visit import Visit
from app.instances.models import Instance, Workspace
from app.integrations.models import Connection, Integration
from app.integrations.noting import note_version
from app.runs.models import Run

MOST_NAMED = 5


async def load_workspace(session: AsyncSession, workspace_id: UUID) -> Workspace:
    """A workspace of the bound instance; nobody else changes it until the transaction ends."""
    workspace = await session.get(Workspace, workspace_id, with_for_update={"key_share": True})
    if workspace is None:
        raise NotFound("There is no such workspace.", mend="Reload the list.")
    return workspace


def require_in_use(workspace: Workspace) -> None:
    """Raise ``Conflict`` if the workspace is archived."""
    if workspace.archived_at is not None:
        raise Conflict(
            f"{workspace.name} is archived.",
            title="This workspace is not in use",
            mend="Restore it first, or choose another one.",
        )


async def create_workspace(
    session: AsyncSession, changes: Changes, visit: Visit, name: str
) -> Workspace:
    """Add an empty one, which nobody but administrators may open yet."""
    await take_turn(session, visit.caller.instance_id)
    await _require_free_name(session, name)
    workspace = Workspace(instance_id=visit.caller.instance_id, name=name)
    session.add(workspace)
    await _tell(session, changes, visit, workspace, {"workspace": "created", "name": name})
    return workspace


async def rename_workspace(
    session: AsyncSession, changes: Changes, visit: Visit, workspace: Workspace, name: str
) -> None:
    """Give it another name."""
    await take_turn(session, visit.caller.instance_id)
    if workspace.name == name:
        return
    await _require_free_name(session, name, but=workspace)
    told = {"workspace": "renamed", "name": [workspace.name, name]}
    workspace.name = name
    await _tell(session, changes, visit, workspace, told)


async def archive_workspace(
    session: AsyncSession, changes: Changes, visit: Visit, workspace: Workspace
) -> None:
    """Close it to everybody; what is in it stays. ``Conflict`` with the reason where it may not."""
    await take_turn(session, visit.caller.instance_id)
    if workspace.archived_at is not None:
        return
    if reason := await why_not_archived(session, visit, workspace):
        raise Conflict(reason, title=f"{workspace.name} can't be archived")
    workspace.archived_at = datetime.now(UTC)
    await _tell(session, changes, visit, workspace, {"workspace": "archived"})


async def restore_workspace(
    session: AsyncSession, changes: Changes, visit: Visit, workspace: Workspace
) -> None:
    """Open it again to those who had access; twice is once."""
    if workspace.archived_at is not None:
        workspace.archived_at = None
        await _tell(session, changes, visit, workspace, {"workspace": "restored"})


async def open_from_jira(
    session: AsyncSession, changes: Changes, visit: Visit, workspace: Workspace
) -> None:
    """Let it be the one that opens from Jira, and first to whoever chose none; twice is once."""
    await take_turn(session, visit.caller.instance_id)
    require_in_use(workspace)
    changed = await session.scalar(
        update(Instance)
        .where(Instance.id == workspace.instance_id, Instance.jira_workspace_id != workspace.id)
        .values(jira_workspace_id=workspace.id)
        .returning(Instance.id)
    )
    if changed is not None:
        await _tell(session, changes, visit, workspace, {"workspace": "opens from Jira"})


async def choose_projects(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    workspace: Workspace,
    project_ids: Collection[str],
) -> None:
    """Set which Jira projects people without Jira may choose in it."""
    await take_turn(session, visit.caller.instance_id)
    before = set(
        await session.scalars(
            select(WorkspaceProject.project_id).where(WorkspaceProject.workspace_id == workspace.id)
        )
    )
    added, removed = set(project_ids) - before, before - set(project_ids)
    if not added and not removed:
        return
    await session.execute(
        delete(WorkspaceProject).where(
            WorkspaceProject.workspace_id == workspace.id,
            WorkspaceProject.project_id.in_(removed),
        )
    )
    session.add_all(
        WorkspaceProject(
            workspace_id=workspace.id, project_id=project_id, instance_id=workspace.instance_id
        )
        for project_id in added
    )
    told = {
        "workspace": "Jira projects chosen",
        "added": ", ".join(sorted(added)),
        "removed": ", ".join(sorted(removed)),
    }
    await _tell(session, changes, visit, workspace, told)


async def move_integration(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    integration: Integration,
    workspace: Workspace,
) -> None:
    """Put it into another workspace, with its connection if nothing else uses that.

    ``Conflict`` with the reason where its owner or its connection could not come along.
    """
    await take_turn(session, visit.caller.instance_id)
    require_in_use(workspace)
    if integration.workspace_id == workspace.id:
        return
    await _require_owner_fits(session, integration, workspace)
    connection = await _connection_to_move(session, integration, workspace)
    for thing in (integration, connection):
        if thing is not None:
            before = str(thing.workspace_id)
            thing.workspace_id = workspace.id
            await session.flush()
            told = {"changes": {"workspace_id": [before, str(workspace.id)]}, "name": thing.name}
            note_version(session, visit, thing, told)
    await changes.announce(session, visit.caller.instance_id)


async def why_not_archived(session: AsyncSession, visit: Visit, workspace: Workspace) -> str:
    """What stands in the way of archiving it; empty if nothing does."""
    opens = await session.scalar(
        select(Instance.jira_workspace_id).where(Instance.id == workspace.instance_id)
    )
    if opens == workspace.id:
        opens_how = "opens from Jira" if visit.facts.linked_site else "opens first"
        return f"It is the one that {opens_how}. Choose another one for that first."
    in_use = await session.scalar(
        select(func.count()).select_from(Workspace).where(Workspace.archived_at.is_(None))
    )
    if in_use == 1:
        return "It is the last one in use."
    if running := await _running(session, workspace):
        named = ", ".join(running[:MOST_NAMED]) + (" and more" if running[MOST_NAMED:] else "")
        return f"Integrations in it are running: {named}. Pause or move them first."
    return ""


async def _running(session: AsyncSession, workspace: Workspace) -> Sequence[str]:
    """Names of those that would go on moving something: under way, or started by time or news."""
    goes_on = exists().where(
        Run.integration_id == Integration.id,
        or_(
            Run.state.in_(("waiting", "running", "cancelling")),
            and_(Run.state == "held", Integration.state == "active"),
        ),
    )
    starts_by_itself = and_(
        Integration.kind == "integration",
        Integration.state == "active",
        Integration.connection_id.is_not(None),
    )
    rows = await session.scalars(
        select(Integration.name)
        .where(Integration.workspace_id == workspace.id, or_(goes_on, starts_by_itself))
        .order_by(Integration.name)
        .limit(MOST_NAMED + 1)
    )
    return rows.all()


async def _require_owner_fits(
    session: AsyncSession, integration: Integration, workspace: Workspace
) -> None:
    """Raise ``Conflict`` if its owner has an account here and could not have created it there."""
    owner = await _account_of(session, integration.owner)
    if owner is None or owner.is_administrator:
        return
    if not await _may_enter(session, owner, workspace):
        raise _not_there(f"Its owner, {owner.name}, has no access to {workspace.name}.")
    if not await session.scalar(select(_lists(workspace, integration.project_id))):
        raise _not_there(
            f"{workspace.name} does not list the Jira project {integration.project_key}, so "
            f"{owner.name} could not have chosen it there."
        )


async def _connection_to_move(
    session: AsyncSession, integration: Integration, workspace: Workspace
) -> Connection | None:
    """The connection that comes along; None if there is none, or it is there already."""
    if integration.connection_id is None:
        return None
    connection = await session.get_one(Connection, integration.connection_id, with_for_update=True)
    if connection.workspace_id == workspace.id:
        return None
    others = await session.scalar(
        select(Integration.name).where(
            Integration.connection_id == connection.id, Integration.id != integration.id
        )
    )
    if others is not None:
        raise _not_there(
            f"Its connection {connection.name} is also used by others that stay, such as {others}."
        )
    owner = await _account_of(session, connection.owner)
    if owner is not None and not await _may_enter(session, owner, workspace):
        raise _not_there(
            f"Its connection {connection.name} belongs to {owner.name}, who has no access to "
            f"{workspace.name}."
        )
    return connection


async def _account_of(session: AsyncSession, owner: str) -> Account | None:
    """The account behind an owner; None for people of Jira."""
    account_id = account_id_of(owner)
    return await session.get(Account, account_id) if account_id else None


async def _may_enter(session: AsyncSession, account: Account, workspace: Workspace) -> bool:
    if account.is_administrator:
        return True
    return await session.get(WorkspaceAccess, (account.id, workspace.id)) is not None


def _lists(workspace: Workspace, project_id: str) -> ColumnElement[bool]:
    return exists().where(
        WorkspaceProject.workspace_id == workspace.id, WorkspaceProject.project_id == project_id
    )


def _not_there(why: str) -> Conflict:
    return Conflict(why, title="It can't be moved there")


async def _require_free_name(
    session: AsyncSession, name: str, but: Workspace | None = None
) -> None:
    """Raise ``InvalidInput`` if another one is called so: names are what people choose by."""
    same = select(Workspace.id).where(func.lower(Workspace.name) == name.lower())
    if but is not None:
        same = same.where(Workspace.id != but.id)
    if await session.scalar(same.limit(1)) is not None:
        raise InvalidInput(fields={"name": "Another workspace is called so."})


async def _tell(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    workspace: Workspace,
    details: dict[str, Any],
) -> None:
    await session.flush()
    record(session, visit, kind="workspace", thing_id=workspace.id, details=details)
    await changes.announce(session, workspace.instance_id)
