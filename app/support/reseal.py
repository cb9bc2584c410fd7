"""`python -m app.support.reseal`: seal what is shared with support for its newest key.

Run it after a new key was put in front of SUPPORT_PUBLIC_KEYS and every process restarted with it.
Once it reports no failure, the console needs the older private keys no more.
"""

import sys

from sqlalchemy import select

from app.database import Database
from app.encryption import CannotOpen, MasterKeys
from app.instances.key_rotation import Rotated, rotate
from app.instances.models import Instance
from app.support.force import take_turn
from app.support.keys import SupportPublicKeys
from app.support.models import RunShare
from app.support.sealing import seal_shares


async def reseal(database: Database, master_keys: MasterKeys, keys: SupportPublicKeys) -> Rotated:
    """Seal for the newest key what is not yet; logs stay as they are, and nobody notices."""
    async with database.housekeeping() as session:
        rows = await session.scalars(
            select(RunShare.instance_id).where(RunShare.ended_at.is_(None)).distinct()
        )
        instance_ids = rows.all()
    count, failed = 0, []
    for instance_id in instance_ids:
        async with database.of_instance(instance_id) as session:
            await take_turn(session, instance_id)
            wrapped = await session.scalar(
                select(Instance.wrapped_key).where(Instance.id == instance_id)
            )
            if wrapped is None:
                continue
            try:
                key = master_keys.instance_key(wrapped, instance_id)
            except CannotOpen:
                failed.append(instance_id)
                continue
            count += await seal_shares(session, key, keys)
    return Rotated(count, tuple(failed))


if __name__ == "__main__":
    sys.exit(
        rotate(
            lambda settings, database: reseal(
                database,
                MasterKeys(settings.master_keys),
                SupportPublicKeys(settings.public_keys_of_support),
            ),
            "shared runs were sealed for the newest key of support.",
        )
    )
