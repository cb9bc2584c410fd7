"""`python -m app.instances.rewrap_keys`: put every instance key under the newest master key.

Run it after a new key was put in front of ENCRYPTION_KEYS and every process restarted with it.
Once it reports no failure, the older keys can be taken out.
"""

import asyncio
import sys
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.database import Database, DatabaseUnusable, require_usable_database
from app.encryption import CannotOpen, MasterKeys
from app.instances.models import Instance
from app.settings import SettingsMissing, load_settings


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many keys were put under the newest master key, and whose no configured key opens."""

    count: int
    failed: tuple[UUID, ...]


async def rewrap_keys(database: Database, master_keys: MasterKeys) -> Rewrapped:
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
    return Rewrapped(count, tuple(failed))


async def _rewrap(database: Database, master_keys: MasterKeys, instance_id: UUID) -> bool:
    async with database.of_instance(instance_id) as session:
        instance = await session.get(Instance, instance_id, with_for_update=True)
        if instance is None:
            return False
        instance.wrapped_key = master_keys.rewrap(instance.wrapped_key, instance_id)
        return True


async def _main() -> int:
    try:
        settings = load_settings()
        require_usable_database(settings)
    except (SettingsMissing, DatabaseUnusable) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    database = Database(settings)
    try:
        done = await rewrap_keys(database, MasterKeys(settings.master_keys))
    finally:
        await database.close()
    sys.stdout.write(f"{done.count} instance keys were put under the newest master key.\n")
    for instance_id in done.failed:
        sys.stderr.write(f"No configured master key opens the key of instance {instance_id}.\n")
    return 1 if done.failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
