"""`python -m app.support.reseal`: seal what is shared with support for its newest key.

Run it after a new key was put in front of SUPPORT_PUBLIC_KEYS and every process restarted with it.
Once it reports no failure, the console needs the older private keys no more.
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
from app.support.force import take_turn
from app.support.keys import SupportPublicKeys
from app.support.models import RunShare
from app.support.sealing import seal_shares


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many shares were sealed anew, and the instances whose own key no master key opens."""

    count: int
    failed: tuple[UUID, ...]


async def reseal(database: Database, master_keys: MasterKeys, keys: SupportPublicKeys) -> Resealed:
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
    return Resealed(count, tuple(failed))


async def _main() -> int:
    try:
        settings = load_settings()
        require_usable_database(settings)
    except (SettingsMissing, DatabaseUnusable) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    database = Database(settings)
    keys = SupportPublicKeys(settings.public_keys_of_support)
    try:
        done = await reseal(database, MasterKeys(settings.master_keys), keys)
    finally:
        await database.close()
    sys.stdout.write(f"{done.count} shared runs were sealed for the newest key of support.\n")
    for instance_id in done.failed:
        sys.stderr.write(f"No configured master key opens the key of instance {instance_id}.\n")
    return 1 if done.failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
