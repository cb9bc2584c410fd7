"""Reads and writes links and positions; each call is one short transaction of one customer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.sync.models import Link, Look, Position
from app.sync.reconcile import waiting_for
from app.sync.rules import SideName
from app.tools.items import Item
from app.tools.side import MOST_LOOKED_FOR

MOST_DUE = 50
SIDE_NAMES: tuple[SideName, SideName] = ("jira", "tool")


def id_on(link: Link, side: SideName) -> str | None:
    """The id of the link's item on this side, once there is one."""
    return link.jira_id if side == "jira" else link.tool_id


def set_item(link: Link, side: SideName, item: Item) -> None:
    """Remember which item it is."""
    if side == "jira":
        link.jira_id, link.jira_key, link.jira_url = item.id, item.key, item.url
    else:
        link.tool_id, link.tool_key, link.tool_url = item.id, item.key, item.url


async def links_of(
    session: AsyncSession, integration_id: UUID, side: SideName, items: Sequence[Item]
) -> dict[str, Link]:
    """The links of these items by the items' ids: known by id, or by the mark that we left."""
    marks = {item.mark: item for item in items if item.mark is not None}
    known = _id_column(side).in_([item.id for item in items])
    found = await _links(session, integration_id, known | Link.id.in_(list(marks)))
    by_item = {}
    for link in found:
        item_id = id_on(link, side)
        if item_id is None and link.id in marks:
            set_item(link, side, marks[link.id])  # made by us, and not recorded then
            item_id = marks[link.id].id
        if item_id is not None:
            by_item[item_id] = link
    return by_item


async def ids_across(
    session: AsyncSession, integration_id: UUID, side: SideName, ids: Iterable[str]
) -> dict[str, str]:
    """For items of ``side``, the ids of their counterparts."""
    found = await _links(session, integration_id, _id_column(side).in_(list(ids)))
    pairs = ((link.jira_id, link.tool_id) for link in found if link.state != "ended")
    across = pairs if side == "jira" else ((tool, jira) for jira, tool in pairs)
    return {here: there for here, there in across if here and there}


async def linked_among(
    session: AsyncSession, integration_id: UUID, side: SideName, items: Sequence[Item]
) -> set[str]:
    """The ids of those that have, or are, a counterpart. Writes nothing."""
    marks = {item.mark: item.id for item in items if item.mark is not None}
    is_known = _id_column(side).in_([item.id for item in items]) & (
        Link.jira_id.is_not(None) & Link.tool_id.is_not(None)
    )
    found = await session.execute(
        select(Link.id, _id_column(side)).where(
            Link.integration_id == integration_id, is_known | Link.id.in_(list(marks))
        )
    )
    return {item_id or marks[link_id] for link_id, item_id in found}


async def due_links(
    session: AsyncSession, integration_id: UUID, now: datetime, after: UUID | None
) -> Sequence[Link]:
    """Links to try again, in the order of their ids, after the one given."""
    due = Link.try_again_at <= now
    return await _links(session, integration_id, _behind(due, after), limit=MOST_DUE)


async def wake_waiting(
    session: AsyncSession, integration_id: UUID, linked: Iterable[Link], now: datetime
) -> None:
    """Try those again that waited for one of these to be linked, as their parent."""
    keys = [
        waiting_for(side, item_id)
        for link in linked
        for side in SIDE_NAMES
        if (item_id := id_on(link, side)) is not None
    ]
    if keys:
        await session.execute(
            update(Link)
            .where(Link.integration_id == integration_id, Link.waits_for.in_(keys))
            .values(try_again_at=now)
        )


async def position_of(session: AsyncSession, integration_id: UUID, side: SideName) -> str | None:
    """How far this side's changes have been read."""
    return await session.scalar(
        select(Position.position).where(
            Position.integration_id == integration_id, Position.side == side
        )
    )


async def set_position(
    session: AsyncSession, instance_id: UUID, integration_id: UUID, side: SideName, position: str
) -> None:
    """Go on from here the next time."""
    await session.execute(
        insert(Position)
        .values(
            instance_id=instance_id, integration_id=integration_id, side=side, position=position
        )
        .on_conflict_do_update(
            index_elements=["instance_id", "integration_id", "side"],
            set_={"position": position},
        )
    )


async def looked_at(session: AsyncSession, integration_id: UUID) -> datetime | None:
    """When all that is linked was last looked for."""
    return await session.scalar(select(Look.looked_at).where(Look.integration_id == integration_id))


async def set_looked_at(
    session: AsyncSession, instance_id: UUID, integration_id: UUID, now: datetime
) -> None:
    """All that is linked was looked for now."""
    await session.execute(
        insert(Look)
        .values(instance_id=instance_id, integration_id=integration_id, looked_at=now)
        .on_conflict_do_update(
            index_elements=["instance_id", "integration_id"], set_={"looked_at": now}
        )
    )


async def linked_after(
    session: AsyncSession, integration_id: UUID, after: UUID | None
) -> Sequence[Link]:
    """Links that have both items, in the order of their ids, after the one given."""
    whole = (Link.state != "ended") & Link.jira_id.is_not(None) & Link.tool_id.is_not(None)
    return await _links(session, integration_id, _behind(whole, after), limit=MOST_LOOKED_FOR)


async def suspect_item(
    session: AsyncSession, integration_ids: Sequence[UUID], side: SideName, item_id: str
) -> Sequence[UUID]:
    """Note that this item may be gone; the integrations, of these, that it is linked in."""
    noted = await session.execute(
        update(Link)
        .where(
            Link.integration_id.in_(integration_ids),
            _id_column(side) == item_id,
            Link.state == "linked",
            Link.missing_on.is_(None),
        )
        .values(missing_on=side)
        .returning(Link.integration_id)
    )
    return noted.scalars().all()


async def has_suspects(session: AsyncSession, integration_id: UUID) -> bool:
    """Whether an item was not found since all were looked for."""
    suspects = await _links(
        session, integration_id, Link.missing_on.is_not(None) & Link.missing_since.is_(None), 1
    )
    return bool(suspects)


async def missing_counts(
    session: AsyncSession, integration_id: UUID
) -> tuple[Mapping[SideName, int], int]:
    """How many links miss their item on each side; and, if any does, how many there are in all."""
    open_ones = (Link.integration_id == integration_id, Link.state != "ended")
    counts: dict[SideName, int] = {"jira": 0, "tool": 0}
    rows = await session.execute(
        select(Link.missing_on, func.count())
        .where(*open_ones, Link.missing_since.is_not(None))
        .group_by(Link.missing_on)
    )
    for side, count in rows:
        counts["jira" if side == "jira" else "tool"] = count
    if not any(counts.values()):
        return counts, 0
    total = await session.scalar(select(func.count()).select_from(Link).where(*open_ones))
    return counts, total or 0


async def missing_after(
    session: AsyncSession, integration_id: UUID, sides: Sequence[SideName], after: UUID | None
) -> Sequence[Link]:
    """Links that miss an item on one of these sides, in the order of their ids."""
    missing = (Link.state != "ended") & Link.missing_on.in_(sides)
    missing &= Link.missing_since.is_not(None)
    return await _links(session, integration_id, _behind(missing, after), limit=MOST_DUE)


def _behind(condition: ColumnElement[bool], after: UUID | None) -> ColumnElement[bool]:
    return condition if after is None else condition & (Link.id > after)


def _id_column(side: SideName) -> ColumnElement[str | None]:
    return Link.jira_id.expression if side == "jira" else Link.tool_id.expression


async def _links(
    session: AsyncSession,
    integration_id: UUID,
    condition: ColumnElement[bool],
    limit: int | None = None,
) -> Sequence[Link]:
    statement = (
        select(Link).where(Link.integration_id == integration_id, condition).order_by(Link.id)
    )
    return (await session.scalars(statement.limit(limit))).all()
