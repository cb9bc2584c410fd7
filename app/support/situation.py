"""What the core is told of a customer when support asks."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Situation
from app.instances.models import Installation, Instance
from app.support.models import SupportGrant


async def support_situation(
    session: AsyncSession, instance_id: UUID, *, group_prefix: str = "getint"
) -> Situation:
    """How an instance stands towards support now; read anew at each request, never kept.

    ``session`` is bound to the instance, of the app's role or of the console's. To the console's
    role an instance that approved nothing looks like one that does not exist, and so it does here.
    """
    columns = (
        Instance.configured_at,
        # Columns by name: the console's role may not read all that there are.
        exists(
            select(Installation.id).where(
                Installation.instance_id == instance_id,
                Installation.enabled,
                Installation.uninstalled_at.is_(None),
            )
        ),
        exists(
            select(SupportGrant.id).where(
                SupportGrant.instance_id == instance_id, SupportGrant.in_force()
            )
        ),
    )
    found = (
        await session.execute(select(*columns).where(Instance.id == instance_id))
    ).one_or_none()
    if found is None:
        return Situation(support_approved=False, group_prefix=group_prefix)
    configured_at, is_installed, is_approved = found
    return Situation(
        installed=is_installed,
        configured=configured_at is not None,
        support_approved=is_approved,
        group_prefix=group_prefix,
    )
