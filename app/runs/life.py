"""The life of a run: who may start, pause and end it, and what a worker makes of it.

    waiting -> running -> done | failed
       ^          |
       +----------+  waits for a time; ``held`` waits for a person, ``paused`` until it is resumed
    any of these -> cancelling -> cancelled

One run of an integration is open at a time; the database sees to that. What ends in ``unchecked``
is for the queue, which acts for nobody.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, require
from app.audit.trail import record
from app.errors import Conflict, NotFound
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.runs.models import OPEN_STATES, PreviewedItem, Run
from app.runs.previews import mappings_of, readiness_of
from app.runs.queue import look_now, put, put_later, put_start
from app.sync.models import Link, TypeMapping
from app.sync.stops import NOT_READ, basic_stops, in_words, setup_of
from app.sync.weighing import SideSchemas

SOON_S = 2.0
"""A burst of changes in one of the sides becomes one run."""
AGAIN_S = 5.0
"""A change that arrives during a run waits for its end."""
_STATE_WORDS = {
    "waiting": "is waiting for its turn",
    "running": "is under way",
    "held": "is being held",
    "paused": "is paused",
    "cancelling": "is being cancelled",
    "done": "has ended",
    "failed": "has failed",
    "cancelled": "was cancelled",
}
_IS_OPEN = text("state in ('waiting', 'running', 'held', 'paused', 'cancelling')")


async def start_by_hand(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    sides: SideSchemas = NOT_READ,
) -> Run:
    """Start a run now; ``Conflict`` where something stops it, or another one is open."""
    _require(visit, integration)
    ready = await readiness_of(session, integration, sides)
    if ready.stops:
        raise Conflict(in_words(ready.stops), title="It can't be run like this")
    run = await _opened(session, integration)
    _note(session, visit, run, "started")
    return run


async def preview_by_hand(session: AsyncSession, visit: Visit, integration: Integration) -> Run:
    """Look at what a run would do, as a run that writes nothing; ``Conflict`` as for a run."""
    _require(visit, integration)
    if stops := basic_stops(integration):
        raise Conflict(in_words(stops), title="It can't be looked at like this")
    setup = setup_of(integration, await mappings_of(session, integration))
    run = await _opened(session, integration, preview_of=setup)
    _note(session, visit, run, "preview started")
    return run


async def pause(session: AsyncSession, visit: Visit, integration: Integration, run_id: UUID) -> Run:
    """Stop a run within a page, until it is resumed; the rest of the integration is left alone."""
    run = await _theirs(session, visit, integration, run_id)
    _require_state(run, {"waiting", "running", "held"}, "paused")
    run.state, run.reason = "paused", None
    _note(session, visit, run, "paused")
    return run


async def resume(
    session: AsyncSession, visit: Visit, integration: Integration, run_id: UUID
) -> Run:
    """Let a paused run go on where it stopped."""
    run = await _theirs(session, visit, integration, run_id)
    _require_state(run, {"paused"}, "resumed")
    run.state = "waiting"
    await put(session, run)
    _note(session, visit, run, "resumed")
    return run


async def cancel(
    session: AsyncSession, visit: Visit, integration: Integration, run_id: UUID
) -> Run:
    """End a run within a page; what it did stays, and the next run goes on from there."""
    run = await _theirs(session, visit, integration, run_id)
    _require_state(run, set(OPEN_STATES), "cancelled")
    if run.state != "cancelling":
        # Somebody may be at it whatever its state says: only who holds it may end it.
        run.state, run.reason = "cancelling", None
        await look_now(session, run)
        _note(session, visit, run, "cancelled")
    return run


async def retry(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    run_id: UUID,
    sides: SideSchemas = NOT_READ,
) -> Run:
    """Try again now what is held; after a run that ended, the items that failed, in a new run."""
    run = await _theirs(session, visit, integration, run_id)
    if run.state in {"held", "waiting"}:
        run.state, run.reason = "waiting", None
        await put(session, run)
        _note(session, visit, run, "tried again")
        return run
    _require_state(run, {"done", "failed", "cancelled"}, "tried again")
    await session.execute(
        update(Link)
        .where(Link.integration_id == integration.id, Link.state == "failed")
        .values(try_again_at=_now(), attempts=0)
    )
    return await start_by_hand(session, visit, integration, sides)


async def start_soon(
    session: AsyncSession, instance_id: UUID, integration_id: UUID, trigger: str
) -> None:
    """A side said that something changed (``trigger``: jira, tool); may be told many times."""
    await put_start(session, instance_id, integration_id, trigger, SOON_S)


async def start_unchecked(
    session: AsyncSession, instance_id: UUID, integration_id: UUID, trigger: str
) -> Run | None:
    """Start a run for a trigger; None where none is wanted.

    That is: the integration is gone, paused, a migration, without a connection or type mappings,
    was never run by hand (its owner has yet to say that the mapping is as they want it), or a run
    is open. A change that comes during a run is looked for again after it.
    """
    if not await _is_ready(session, integration_id):
        return None
    run = await _open(session, instance_id, integration_id, trigger)
    if run is None and trigger != "schedule":
        await put_start(session, instance_id, integration_id, trigger, AGAIN_S)
    return run


async def locked(session: AsyncSession, run_id: UUID) -> Run | None:
    """The run as it is now; nobody else changes it until the transaction ends."""
    return await session.get(Run, run_id, with_for_update=True, populate_existing=True)


def take_unchecked(run: Run) -> None:
    """A worker works on it from now on."""
    run.state, run.reason = "running", None
    run.beat_at = _now()
    run.started_at = run.started_at or run.beat_at


async def wait_unchecked(session: AsyncSession, run: Run, seconds: float, reason: str) -> None:
    """It goes on by itself in some seconds."""
    run.state, run.reason = "waiting", reason or None
    await put_later(session, run, seconds)


async def hold_unchecked(session: AsyncSession, run: Run, seconds: float, reason: str) -> None:
    """Somebody has to do something; whether they did is looked at every so many seconds."""
    run.state, run.reason = "held", reason
    await put_later(session, run, seconds)


async def finish_unchecked(
    session: AsyncSession, run: Run, state: str, reason: str | None = None
) -> None:
    """End it as done, failed or cancelled; its log is kept as long as the integration says."""
    run.state, run.reason, run.finished_at = state, reason, _now()
    if run.preview_of is not None:
        await session.execute(delete(PreviewedItem).where(PreviewedItem.run_id == run.id))
    if run.wrapped_key is not None:
        days = await session.scalar(
            select(Integration.keep_logs_days).where(Integration.id == run.integration_id)
        )
        run.log_expires_at = run.finished_at + timedelta(days=days or 0)


async def _opened(
    session: AsyncSession, integration: Integration, preview_of: str | None = None
) -> Run:
    """A new run that somebody asked for."""
    run = await _open(session, integration.instance_id, integration.id, "hand", preview_of)
    if run is None:
        raise Conflict(
            "A run or a preview of this integration is open already.",
            mend="Wait for its end, or resume or cancel it.",
        )
    return run


async def _open(
    session: AsyncSession,
    instance_id: UUID,
    integration_id: UUID,
    trigger: str,
    preview_of: str | None = None,
) -> Run | None:
    """A new run with its job, or None if one is open."""
    run = await session.scalar(
        insert(Run)
        .values(
            id=uuid4(),
            instance_id=instance_id,
            integration_id=integration_id,
            trigger=trigger,
            preview_of=preview_of,
        )
        .on_conflict_do_nothing(
            index_elements=["instance_id", "integration_id"], index_where=_IS_OPEN
        )
        .returning(Run)
    )
    if run is not None:
        await put(session, run)
    return run


async def _is_ready(session: AsyncSession, integration_id: UUID) -> bool:
    found = await session.scalar(
        select(Integration.id).where(
            Integration.id == integration_id,
            Integration.kind == "integration",
            Integration.state == "active",
            Integration.connection_id.is_not(None),
            exists().where(TypeMapping.integration_id == integration_id, TypeMapping.enabled),
            exists().where(
                Run.integration_id == integration_id,
                Run.trigger == "hand",
                Run.preview_of.is_(None),
            ),
        )
    )
    return found is not None


async def _theirs(
    session: AsyncSession, visit: Visit, integration: Integration, run_id: UUID
) -> Run:
    _require(visit, integration)
    run = await locked(session, run_id)
    if run is None or run.integration_id != integration.id:
        raise NotFound
    return run


def _require(visit: Visit, integration: Integration) -> None:
    require(visit.caller, Action.CHANGE_INTEGRATION, integration)


def _require_state(run: Run, states: set[str], done: str) -> None:
    if run.state not in states:
        raise Conflict(f"This run {_STATE_WORDS[run.state]}, so it can not be {done}.")


def _note(session: AsyncSession, visit: Visit, run: Run, what: str) -> None:
    details: dict[str, Any] = {"run": what, "integration": str(run.integration_id)}
    record(session, visit, kind="run", thing_id=run.id, details=details)


def _now() -> datetime:
    return datetime.now(UTC)
