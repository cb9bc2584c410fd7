"""Those who change accounts, access or workspaces of one instance do it one after the other."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.instances.models import Instance


async def take_turn(session: AsyncSession, instance_id: UUID) -> None:
    """Wait for the others; what is read from here on holds until the transaction ends."""
    # Not the stronger lock: runs are made meanwhile, and point at the instance.
    await session.execute(
        select(Instance.id).where(Instance.id == instance_id).with_for_update(key_share=True)
    )
