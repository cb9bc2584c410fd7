"""What is written into the audit trail about integrations, their mappings and connections."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.trail import record
from app.identity.visit import Visit
from app.integrations.models import Connection, Integration
from app.sync.models import TypeMapping

Thing = Integration | Connection | TypeMapping
_KINDS = {Integration: "integration", Connection: "connection", TypeMapping: "type mapping"}


def kind_of(thing: Thing) -> str:
    """What the trail calls it."""
    return _KINDS[type(thing)]


def note(
    session: AsyncSession,
    visit: Visit,
    thing: Thing,
    details: Mapping[str, Any],
) -> None:
    """Note what was done to ``thing``, in the same transaction."""
    record(session, visit, kind=kind_of(thing), thing_id=thing.id, details=details)


def note_version(
    session: AsyncSession,
    visit: Visit,
    thing: Thing,
    details: Mapping[str, Any],
) -> None:
    """Note what made the version that ``thing`` has now, once it is flushed."""
    note(session, visit, thing, {**details, "version": thing.version})
