"""What workers do about support access each minute: end what is over, and keep its time.

That something is over counts when it is used, by the database's clock; here it becomes final, and
keys go. A clock that jumps back gives nobody more time: ``known_at`` of what is in force is the
latest time that was seen, and what is left from there on is what is left after the jump.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, not_, select, true, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry
from app.database import Database
from app.support.force import (
    end_grants_unchecked,
    end_shares_unchecked,
    grant_in_force,
    take_turn,
)
from app.support.models import RunShare, SupportGrant

_AT_ONCE = 500
_NOW = func.statement_timestamp()


async def end_support_access(database: Database) -> int:
    """End grants and shares whose time has come, at all customers; how many that were."""
    ended = 0
    for instance_id in await _with_an_end(database):
        async with database.of_instance(instance_id) as session:
            ended += await _end_what_is_over(session, instance_id)
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


async def _end_what_is_over(session: AsyncSession, instance_id: UUID) -> int:
    await take_turn(session, instance_id)
    grants = await end_grants_unchecked(session, not_(SupportGrant.in_force()), by=None)
    which: ColumnElement[bool] = not_(RunShare.in_force())
    if grants and await grant_in_force(session) is None:
        which = true()  # what was shared is taken back with the access
    runs = await end_shares_unchecked(session, which, by=None)
    for grant_id in grants:
        session.add(_entry(instance_id, "access ran out", "support access", grant_id))
    for run_id in runs:
        session.add(_entry(instance_id, "sharing ran out", "run", run_id))
    return len(grants) + len(runs)


async def _keep_time(session: AsyncSession, table: type[SupportGrant] | type[RunShare]) -> None:
    jumped_back = func.greatest(table.known_at, _NOW) - _NOW
    await session.execute(
        update(table)
        .where(table.ended_at.is_(None), table.ends_at.is_not(None))
        .values(ends_at=table.ends_at - jumped_back, known_at=_NOW)
    )


def _entry(instance_id: UUID, event: str, kind: str, thing_id: UUID) -> AuditEntry:
    return AuditEntry(
        instance_id=instance_id,
        account="getint",
        door="getint",
        action=f"support: {event}",
        thing_kind=kind,
        thing_id=str(thing_id),
        allowed=True,
        reason="GRANTED",
        details={},
    )
