"""Erases customers who left: 60 days after the last of their installations was uninstalled."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import (
    AccessToken,
    Account,
    AccountLink,
    AccountSession,
    IdentityProvider,
    KeptAnswer,
    WorkspaceAccess,
    WorkspaceChoice,
    WorkspaceProject,
)
from app.audit.models import AuditEntry
from app.changes import Changes
from app.database import Database
from app.instances.lifecycle import queue_up
from app.instances.models import (
    GroupBinding,
    Installation,
    Instance,
    UsedLifecycleToken,
    Workspace,
)
from app.integrations.models import Connection, Integration
from app.models import Model
from app.news.models import ToolNews
from app.runs.models import LogChunk, PreviewedItem, Run, Schedule
from app.support.models import RunShare, SupportGrant, SupportRequest
from app.sync.models import Link, LinkedAttachment, LinkedComment, Look, Position, TypeMapping

KEPT_AFTER_UNINSTALL = timedelta(days=60)
# What points at something goes before it. The trail goes while the database can still see that
# the customer left: without that it refuses.
ERASED_IN_ORDER: tuple[type[Model], ...] = (
    LogChunk,
    PreviewedItem,
    RunShare,
    Run,
    LinkedComment,
    LinkedAttachment,
    Link,
    Position,
    Look,
    TypeMapping,
    Schedule,
    ToolNews,
    Integration,
    Connection,
    SupportRequest,
    SupportGrant,
    GroupBinding,
    KeptAnswer,
    AccessToken,
    AccountLink,
    AccountSession,
    WorkspaceAccess,
    WorkspaceProject,
    WorkspaceChoice,
    Account,
    IdentityProvider,
    Workspace,
    AuditEntry,
    Installation,
)
_log = structlog.stdlib.get_logger("app.erasure")


async def erase_departed(database: Database, changes: Changes, now: datetime) -> list[UUID]:
    """Erase every instance that left 60 days before ``now``, and tokens that ran out."""
    async with database.housekeeping() as session:
        await session.execute(delete(UsedLifecycleToken).where(UsedLifecycleToken.expires_at < now))
        departed = await _departed(session, now)
    erased = [
        instance_id for instance_id in departed if await _erase(database, changes, instance_id, now)
    ]
    for instance_id in erased:
        _log.info("instance erased", instance=instance_id)
    return erased


async def _departed(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    rows = await session.scalars(
        select(Installation.instance_id)
        .group_by(Installation.instance_id)
        .having(
            func.count() == func.count(Installation.uninstalled_at),
            func.max(Installation.uninstalled_at) <= now - KEPT_AFTER_UNINSTALL,
        )
        .order_by(Installation.instance_id)
    )
    return rows.all()


async def _erase(database: Database, changes: Changes, instance_id: UUID, now: datetime) -> bool:
    async with database.of_instance(instance_id) as session:
        client_keys = await session.scalars(
            select(Installation.client_key).order_by(Installation.client_key)
        )
        for client_key in client_keys.all():
            await queue_up(session, client_key)
        # Whoever came back while we waited keeps everything.
        if list(await _departed(session, now)) != [instance_id]:
            return False
        for model in ERASED_IN_ORDER:
            await session.execute(delete(model).where(model.__table__.c.instance_id == instance_id))
        await session.execute(delete(Instance).where(Instance.id == instance_id))
        await changes.announce(session, instance_id)
    return True
