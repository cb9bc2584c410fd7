"""Finishing the set-up, which opens Getint to everybody but administrators."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Tool
from app.audit.trail import record
from app.changes import Changes
from app.identity.visit import Visit
from app.instances.bindings import remember_standard_unchecked
from app.instances.models import Instance

Kind = Literal["integration", "migration"]


async def finish_set_up(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    *,
    kind: Kind,
    standard_groups: Mapping[str, Tool],
) -> None:
    """Mark the instance as set up, and remember the groups that exist; twice is once."""
    finished = await session.execute(
        update(Instance)
        .where(Instance.id == visit.caller.instance_id, Instance.configured_at.is_(None))
        .values(configured_at=datetime.now(UTC))
        .returning(Instance.id)
    )
    if finished.first() is None:
        return
    await remember_standard_unchecked(session, visit.caller.instance_id, standard_groups)
    record(session, visit, details={"chose": kind})
    await changes.announce(session, visit.caller.instance_id)
