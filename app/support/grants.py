"""Approving and revoking support access, and answering requests for it."""

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.trail import record
from app.errors import Conflict, NotFound
from app.identity.visit import Visit
from app.support.ends import End, moment_of, told
from app.support.force import (
    end_grants_unchecked,
    grant_in_force,
    shut_out_unchecked,
    take_turn,
)
from app.support.keys import SupportPublicKeys
from app.support.models import SupportGrant, SupportRequest
from app.support.sealing import seal_shares

GRANT, REQUEST = "support access", "support request"
RELOAD = "Reload the page."


async def approve(
    session: AsyncSession, visit: Visit, end: End, note: str, keys: SupportPublicKeys
) -> SupportGrant:
    """Let support in until ``end``, in place of what was approved before."""
    await take_turn(session, visit.caller.instance_id)
    account = visit.caller.account
    grant = SupportGrant(
        instance_id=visit.caller.instance_id,
        approved_by=account,
        ends_at=moment_of(end),
        note=note,
    )
    session.add(grant)
    await session.flush()
    await session.refresh(grant)
    await end_grants_unchecked(session, SupportGrant.id != grant.id, by=account)
    await seal_shares(session, visit.facts.key, keys)
    details = {"approved until": told(grant.ends_at), "note": note}
    record(session, visit, kind=GRANT, thing_id=grant.id, details=details)
    return grant


async def revoke(session: AsyncSession, visit: Visit) -> None:
    """Shut support out at once; what was shared is taken back with it. Conflict if it is out."""
    await take_turn(session, visit.caller.instance_id)
    grant = await grant_in_force(session)
    if grant is None:
        raise Conflict("Support has no access any more.", mend=RELOAD)
    taken_back = await shut_out_unchecked(session, by=visit.caller.account)
    details = {
        "revoked": "at once",
        "approved by": grant.approved_by,
        "runs no longer shared": [str(run_id) for run_id in taken_back],
    }
    record(session, visit, kind=GRANT, thing_id=grant.id, details=details)


async def request_asked(session: AsyncSession, request_id: UUID) -> SupportRequest:
    """A request that waits for an answer; NotFound if there is none, Conflict if it has one."""
    request = await session.get(SupportRequest, request_id)
    if request is None:
        raise NotFound
    if request.state != "asked":
        raise Conflict("This request was answered already.", mend=RELOAD)
    return request


async def approve_request(
    session: AsyncSession, visit: Visit, request_id: UUID, end: End, keys: SupportPublicKeys
) -> None:
    """Say yes to an agent's request."""
    await take_turn(session, visit.caller.instance_id)
    request = await request_asked(session, request_id)
    grant = await approve(session, visit, end, request.ticket, keys)
    await _answer(session, visit, request, state="approved", grant_id=grant.id)


async def decline_request(session: AsyncSession, visit: Visit, request_id: UUID) -> None:
    """Say no; the agent is not told, and can ask again in a day."""
    await take_turn(session, visit.caller.instance_id)
    request = await request_asked(session, request_id)
    await _answer(session, visit, request, state="declined")


async def _answer(
    session: AsyncSession, visit: Visit, request: SupportRequest, **answer: object
) -> None:
    await session.execute(
        update(SupportRequest)
        .where(SupportRequest.id == request.id)
        .values(answered_at=func.statement_timestamp(), answered_by=visit.caller.account, **answer)
    )
    details = {
        "answer": answer["state"],
        "asked by": f"agent:{request.agent_id}",
        "ticket": request.ticket,
    }
    record(session, visit, kind=REQUEST, thing_id=request.id, details=details)
