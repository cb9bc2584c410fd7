"""What workers do about support access each minute: end what is over, and keep its time.

That something is over counts when it is used, by the database's clock; here it becomes final, and
keys go. A clock that jumps back gives nobody more time: ``known_at`` of what is in force is the
latest time that was seen, and what is left from there on is what is left after the jump.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.support.force import take_turn
from app.support.models import RunShare, SupportGrant

_AT_ONCE = 500
_NOW = func.statement_timestamp()


async def end_support_access(database: Database) -> int:
    """End grants and shares whose time has come, at all customers; how many that were."""
    ended = 0
    for instance_id in await _with_an_end(database):
        async with database.of_instance(instance_id) as session:
            ended += await take_turn(session, instance_id)
            for table in (SupportGrant, RunShare):
                await _keep_time(session, table)
    return ended


async def _with_an_end(database: Database) -> Sequence[UUID]:
    """Instances with something open that has an end, the longest unseen first."""
    timed = union_all(
        *(
            select(table.instance_id, table.known_at).where(
                table.ended_at.is_(None), table.ends_at.is_not(None)
            )
            for table in (SupportGrant, RunShare)
        )
    ).subquery()
    async with database.housekeeping() as session:
        rows = await session.scalars(
            select(timed.c.instance_id)
            .group_by(timed.c.instance_id)
            .order_by(func.min(timed.c.known_at))
            .limit(_AT_ONCE)
        )
        return rows.all()


async def _keep_time(session: AsyncSession, table: type[SupportGrant] | type[RunShare]) -> None:
    jumped_back = func.greatest(table.known_at, _NOW) - _NOW
    await session.execute(
        update(table)
        .where(table.ended_at.is_(None), table.ends_at.is_not(None))
        .values(ends_at=table.ends_at - jumped_back, known_at=_NOW)
    )
