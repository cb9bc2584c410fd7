"""Seals the keys of shared runs for support, while a grant lets it have them."""

from datetime import UTC, datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.encryption import InstanceKey
from app.runs.models import Run
from app.runs.vault import LogDamaged, LogGone, key_of_log
from app.support.force import grant_in_force
from app.support.keys import SupportPublicKeys
from app.support.models import RunShare


async def seal_shares(session: AsyncSession, key: InstanceKey, keys: SupportPublicKeys) -> int:
    """Seal for the newest key of support what is shared and not sealed for it; how many that were.

    Nothing is sealed without a grant. Whoever calls this has taken a turn.
    """
    if not keys or await grant_in_force(session) is None:
        return 0
    found = await session.execute(
        select(RunShare, Run)
        .join(Run, and_(Run.instance_id == RunShare.instance_id, Run.id == RunShare.run_id))
        .where(RunShare.in_force(), RunShare.sealed_for.is_distinct_from(keys.newest_id))
    )
    count = 0
    for share, run in found.all():
        try:
            run_key = key_of_log(run, key, datetime.now(UTC))
        except (LogGone, LogDamaged):
            continue  # there is nothing to give any more
        share.sealed_key = keys.seal(
            run_key, instance_id=share.instance_id, run_id=share.run_id, share_id=share.id
        )
        share.sealed_for = keys.newest_id
        count += 1
    return count
