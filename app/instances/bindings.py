"""Which Jira groups make somebody a member of a tool."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Tool
from app.audit.models import AuditEntry
from app.instances.models import GroupBinding


def standard_group_name(prefix: str, tool: str) -> str:
    """The exact name of a tool's group, such as ``getint-jira-gitlab``."""
    return f"{prefix}-jira-{tool}"


def standard_tool_of(prefix: str, group_name: str) -> Tool | None:
    """The tool whose standard group has this name, in whatever case."""
    start = f"{prefix}-jira-".casefold()
    name = group_name.casefold()
    if not name.startswith(start):
        return None
    try:
        return Tool(name.removeprefix(start))
    except ValueError:
        return None


async def bindings_of(session: AsyncSession) -> list[GroupBinding]:
    """All bindings of the bound instance, the standard ones first."""
    rows = await session.scalars(
        select(GroupBinding).order_by(
            GroupBinding.tool, GroupBinding.is_standard.desc(), GroupBinding.bound_at
        )
    )
    return list(rows)


async def bind_group_unchecked(
    session: AsyncSession,
    instance_id: UUID,
    *,
    tool: str,
    group_id: str,
    is_standard: bool,
    bound_by: str | None,
) -> bool:
    """Bind a group to a tool, unchecked; False if it was bound already."""
    added = await session.execute(
        insert(GroupBinding)
        .values(
            instance_id=instance_id,
            tool=tool,
            group_id=group_id,
            is_standard=is_standard,
            bound_by=bound_by,
            bound_at=datetime.now(UTC),
        )
        .on_conflict_do_nothing()
        .returning(GroupBinding.id)
    )
    return added.first() is not None


async def remember_standard_unchecked(
    session: AsyncSession, instance_id: UUID, found: Mapping[str, Tool]
) -> None:
    """Remember standard groups by their ids, unchecked; whoever was first stays."""
    for group_id, tool in found.items():
        added = await bind_group_unchecked(
            session, instance_id, tool=tool, group_id=group_id, is_standard=True, bound_by=None
        )
        if added:
            session.add(
                AuditEntry(
                    instance_id=instance_id,
                    account="getint",
                    door="connect",
                    action=Action.BIND_GROUPS,
                    thing_kind="tool",
                    thing_id=tool,
                    allowed=True,
                    reason="GRANTED",
                    details={"group": group_id, "because": "its name is the standard one"},
                )
            )


async def unbind_unchecked(session: AsyncSession, binding_id: UUID) -> GroupBinding | None:
    """Take a binding back, unchecked; returns what it was."""
    return await session.scalar(
        delete(GroupBinding).where(GroupBinding.id == binding_id).returning(GroupBinding)
    )


def newly_standard(
    prefix: str, groups: Iterable[tuple[str, str]], already_bound: frozenset[str]
) -> dict[str, Tool]:
    """Group ids to remember: named like a standard group whose tool has none bound yet."""
    found: dict[str, Tool] = {}
    for group_id, name in groups:
        tool = standard_tool_of(prefix, name)
        if tool is not None and tool not in already_bound:
            found[group_id] = tool
    return found
