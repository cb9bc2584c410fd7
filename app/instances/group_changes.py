"""What administrators do with groups. Each step is recorded and announced in its transaction."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Tool
from app.audit.trail import record
from app.changes import Changes
from app.errors import Conflict, InvalidInput, NotFound
from app.identity.visit import Visit
from app.instances.bindings import bind_group_unchecked, unbind_unchecked
from app.instances.models import GroupBinding
from connect import Group


async def bind_group(
    session: AsyncSession, changes: Changes, visit: Visit, tool: Tool, group: Group
) -> None:
    """Let the members of ``group`` be members of ``tool``; InvalidInput if they are already."""
    added = await bind_group_unchecked(
        session,
        visit.caller.instance_id,
        tool=tool,
        group_id=group.id,
        is_standard=False,
        bound_by=visit.caller.account,
    )
    if not added:
        raise InvalidInput(fields={"group_name": f"{group.name} is bound to {tool.label} already."})
    await _tell(session, changes, visit, tool, {"bound": group.name, "group": group.id})


async def load_binding(session: AsyncSession, binding_id: UUID) -> GroupBinding:
    """A binding that an administrator may take back; NotFound for any other."""
    binding = await session.scalar(
        select(GroupBinding).where(GroupBinding.id == binding_id, ~GroupBinding.is_standard)
    )
    if binding is None:
        raise NotFound("This group is not bound any more.", mend="Reload the page.")
    return binding


async def unbind_group(
    session: AsyncSession, changes: Changes, visit: Visit, binding: GroupBinding
) -> None:
    """Take back what ``bind_group`` gave."""
    if await unbind_unchecked(session, binding.id) is None:
        raise NotFound("This group is not bound any more.", mend="Reload the page.")
    await _tell(session, changes, visit, Tool(binding.tool), {"unbound group": binding.group_id})


async def take_over_name(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    tool: Tool,
    *,
    gone_group_id: str,
    group: Group,
) -> None:
    """Let the group that has the standard name now count instead of the one that was deleted."""
    removed = await session.execute(
        delete(GroupBinding)
        .where(
            GroupBinding.tool == tool,
            GroupBinding.group_id == gone_group_id,
            GroupBinding.is_standard,
        )
        .returning(GroupBinding.id)
    )
    if removed.first() is None:
        raise Conflict("Somebody else has changed the group of this tool.", mend="Reload the page.")
    await session.execute(
        delete(GroupBinding).where(GroupBinding.tool == tool, GroupBinding.group_id == group.id)
    )
    await bind_group_unchecked(
        session,
        visit.caller.instance_id,
        tool=tool,
        group_id=group.id,
        is_standard=True,
        bound_by=visit.caller.account,
    )
    details = {"bound": group.name, "group": group.id, "instead of": gone_group_id}
    await _tell(session, changes, visit, tool, details)


async def _tell(
    session: AsyncSession, changes: Changes, visit: Visit, tool: Tool, details: dict[str, str]
) -> None:
    record(session, visit, kind="tool", thing_id=tool, details=details)
    await changes.announce(session, visit.caller.instance_id)
