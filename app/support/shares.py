"""Sharing a run with support, and taking it back."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.trail import record
from app.errors import Conflict, NotFound
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.runs.models import Run
from app.runs.vault import why_gone
from app.support.ends import End, moment_of, told
from app.support.force import end_shares_unchecked, take_turn
from app.support.keys import SupportPublicKeys
from app.support.models import RunShare
from app.support.sealing import seal_shares

NO_KEY = (
    "This Getint is not set up to share anything with support: its operator has given it no key "
    "of support."
)
RELOAD = "Reload the page."


def why_not_shared(
    log_expires_at: datetime | None,
    finished_at: datetime | None,
    *,
    has_key: bool,
    keys: SupportPublicKeys,
    now: datetime,
) -> str:
    """Why a run cannot be shared, whoever asks; empty where it can."""
    if not keys:
        return NO_KEY
    return why_gone(log_expires_at, finished_at, has_key=has_key, now=now)


async def share(
    session: AsyncSession,
    visit: Visit,
    run: Run,
    integration: Integration,
    *,
    end: End,
    keys: SupportPublicKeys,
) -> None:
    """Let support read this run's log until ``end``, in place of what was said before.

    Conflict where the run has no log. Without a grant it waits for the next one.
    """
    await take_turn(session, visit.caller.instance_id)
    # Its key may have been destroyed since it was looked at.
    locked = await session.get(Run, run.id, with_for_update=True)
    if locked is None:
        raise NotFound
    reason = why_not_shared(
        locked.log_expires_at,
        locked.finished_at,
        has_key=locked.wrapped_key is not None,
        keys=keys,
        now=datetime.now(UTC),
    )
    if reason:
        raise Conflict(reason, title="This run can't be shared", mend=RELOAD)
    await end_shares_unchecked(session, RunShare.run_id == run.id, by=visit.caller.account)
    shared = RunShare(
        instance_id=visit.caller.instance_id,
        run_id=run.id,
        shared_by=visit.caller.account,
        ends_at=moment_of(end),
    )
    session.add(shared)
    await session.flush()
    await session.refresh(shared)
    await seal_shares(session, visit.facts.key, keys)
    details = {"shared until": told(shared.ends_at), "integration": integration.name}
    record(session, visit, kind="run", thing_id=run.id, details=details)


async def stop_sharing(
    session: AsyncSession, visit: Visit, run: Run, integration: Integration
) -> None:
    """Take it back at once; Conflict if it is not shared any more."""
    await take_turn(session, visit.caller.instance_id)
    which = RunShare.run_id == run.id
    if not await end_shares_unchecked(session, which, by=visit.caller.account):
        raise Conflict("This run is not shared any more.", mend=RELOAD)
    record(session, visit, kind="run", thing_id=run.id, details={"integration": integration.name})
