"""What of an instance is in force, and ending it. All here is for a transaction bound to it.

Whoever changes grants or shares takes a turn first: what is decided on them then holds until the
transaction ends.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, not_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry
from app.instances.models import Instance
from app.support.models import RunShare, SupportGrant

# With its key: no ended share has one.
_ENDED: dict[Any, Any] = {"ended_at": func.statement_timestamp()}
_ENDED_SHARE = {**_ENDED, "sealed_key": None, "sealed_for": None}


async def take_turn(session: AsyncSession, instance_id: UUID) -> int:
    """Wait for every other transaction that changes what support may see of this instance.

    Then what is over by its time is ended for good, so that what is open is in force; how many
    grants and shares that were.
    """
    # Not the stronger lock: runs are made meanwhile, and point at the instance.
    await session.execute(
        select(Instance.id).where(Instance.id == instance_id).with_for_update(key_share=True)
    )
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


async def grant_in_force(session: AsyncSession) -> SupportGrant | None:
    """The instance's grant by the database's clock, if there is one."""
    return await session.scalar(
        select(SupportGrant)
        .where(SupportGrant.in_force())
        .order_by(SupportGrant.approved_at.desc())
        .limit(1)
    )


async def shut_out_unchecked(session: AsyncSession, *, by: str) -> list[UUID]:
    """End all that support may see; the ids of the runs that were shared."""
    await end_grants_unchecked(session, true(), by=by)
    return await end_shares_unchecked(session, true(), by=by)


async def end_grants_unchecked(
    session: AsyncSession, which: ColumnElement[bool], *, by: str | None
) -> list[UUID]:
    """End those that are open; their ids. ``by`` is None when time did."""
    ended = await session.scalars(
        update(SupportGrant)
        .where(SupportGrant.ended_at.is_(None), which)
        .values({**_ENDED, "ended_by": by})
        .returning(SupportGrant.id)
    )
    return list(ended)


async def end_shares_unchecked(
    session: AsyncSession, which: ColumnElement[bool], *, by: str | None
) -> list[UUID]:
    """Take back what is shared, with the keys; the ids of the runs. ``by`` is None for time."""
    ended = await session.scalars(
        update(RunShare)
        .where(RunShare.ended_at.is_(None), which)
        .values({**_ENDED_SHARE, "ended_by": by})
        .returning(RunShare.run_id)
    )
    return list(ended)


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
