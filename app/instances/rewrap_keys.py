"""`python -m app.instances.rewrap_keys`: put every instance key under the newest master key.

Run it after a new key was put in front of ENCRYPTION_KEYS and every process restarted with it.
Once it reports no failure, the older keys can be taken out.
"""

import sys
from uuid import UUID

from sqlalchemy import select

from app.database import Database
from app.encryption import CannotOpen, MasterKeys
from app.instances.key_rotation import Rotated, rotate
from app.instances.models import Instance


async def rewrap_keys(database: Database, master_keys: MasterKeys) -> Rotated:
    """Rewrap what is not under the newest key yet; what the keys have sealed stays as it is."""
    async with database.housekeeping() as session:
        rows = (await session.execute(select(Instance.id, Instance.wrapped_key))).all()
    count, failed = 0, []
    for instance_id, wrapped in rows:
        if master_keys.is_current(wrapped):
            continue
        try:
            count += await _rewrap(database, master_keys, instance_id)
        except CannotOpen:
            failed.append(instance_id)
    return Rotated(count, tuple(failed))


async def _rewrap(database: Database, master_keys: MasterKeys, instance_id: UUID) -> bool:
    async with database.of_instance(instance_id) as session:
        instance = await session.get(Instance, instance_id, with_for_update=True)
        if instance is None:
            return False
        instance.wrapped_key = master_keys.rewrap(instance.wrapped_key, instance_id)
        return True


if __name__ == "__main__":
    sys.exit(
        rotate(
            lambda settings, database: rewrap_keys(database, MasterKeys(settings.master_keys)),
            "instance keys were put under the newest master key.",
        )
    )
