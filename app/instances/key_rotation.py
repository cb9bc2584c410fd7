"""The commands with which an operator puts everything under a new key."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from app.database import Database
from app.settings import Settings
from app.starting import usable_settings


@dataclass(frozen=True, slots=True)
class Rotated:
    """How much is under the newest key now, and the instances whose key no master key opens."""

    count: int
    failed: tuple[UUID, ...]


def rotate(work: Callable[[Settings, Database], Awaitable[Rotated]], told: str) -> int:
    """Do it with the settings of the environment, and say what was done; 1 where any failed."""
    done = asyncio.run(_done(usable_settings(), work))
    sys.stdout.write(f"{done.count} {told}\n")
    for instance_id in done.failed:
        sys.stderr.write(f"No configured master key opens the key of instance {instance_id}.\n")
    return 1 if done.failed else 0


async def _done(
    settings: Settings, work: Callable[[Settings, Database], Awaitable[Rotated]]
) -> Rotated:
    database = Database(settings)
    try:
        return await work(settings, database)
    finally:
        await database.close()
