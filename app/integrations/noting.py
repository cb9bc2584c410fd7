"""What is written into the audit trail about integrations and connections."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.trail import record
from app.identity.visit import Visit
from app.integrations.models import Connection, Integration


def kind_of(thing: Integration | Connection) -> str:
    """What the trail calls it."""
    return "integration" if isinstance(thing, Integration) else "connection"


def note(
    session: AsyncSession,
    visit: Visit,
    thing: Integration | Connection,
    details: Mapping[str, Any],
) -> None:
    """Note what was done to ``thing``, in the same transaction."""
    record(session, visit, kind=kind_of(thing), thing_id=thing.id, details=details)


def note_version(
    session: AsyncSession,
    visit: Visit,
    thing: Integration | Connection,
    details: Mapping[str, Any],
) -> None:
    """Note what made the version that ``thing`` has now, once it is flushed."""
    note(session, visit, thing, {**details, "version": thing.version})
