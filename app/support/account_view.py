"""Settings > Account access as it stands: what is approved, asked for, shared and was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Door
from app.audit.models import AuditEntry
from app.audit.reading import named
from app.audit.words import entry_in_words
from app.house import House
from app.identity.people import Person
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.pages import drawn
from app.integrations.wording import when
from app.runs.models import Run
from app.runs.reporting_guard import OF_RUN, SHARE_OF_RUN
from app.support.force import grant_in_force
from app.support.models import RunShare, SupportGrant, SupportRequest
from app.support.sharing import until
from app.web.templates import render

CHANGED = "getint:support-changed"
LOOKS_SHOWN = 20
_SHARES_SHOWN = 100
_AGAIN_S = 5


@dataclass(frozen=True, slots=True)
class _Found:
    grant: SupportGrant | None
    requests: Sequence[SupportRequest]
    shares: Sequence[Row[RunShare, Run, Integration]]
    looks: Sequence[AuditEntry]

    @property
    def accounts(self) -> set[str]:
        """Everybody who is named on the page."""
        return {
            *([self.grant.approved_by] if self.grant else []),
            *(_agent(request) for request in self.requests),
            *(share.shared_by for share, _, _ in self.shares),
            *(look.account for look in self.looks),
        }


async def account_main(house: House, visit: Visit) -> Markup:
    """The whole page."""
    return render(
        "support/account_access.html",
        state=await state_section(house, visit),
        instance_id=str(visit.caller.instance_id),
    )


async def state_section(house: House, visit: Visit) -> Markup:
    """All that changes on it; asks for itself, so that looks are seen as they happen."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = await _found(session)
    people = await named(house, visit, found.accounts)
    return render(
        "support/account_state.html",
        changed=CHANGED,
        again_s=_AGAIN_S,
        grant=_grant(found.grant, people),
        requests=[_request(request, people) for request in found.requests],
        shares=[_share(*each, people) for each in found.shares],
        looks=[entry_in_words(look, people, house.settings.group_prefix) for look in found.looks],
    )


async def _found(session: AsyncSession) -> _Found:
    requests = select(SupportRequest).where(SupportRequest.state == "asked")
    shares = (
        select(RunShare, Run, Integration)
        .join(Run, SHARE_OF_RUN)
        .join(Integration, OF_RUN)
        .order_by(RunShare.shared_at.desc(), RunShare.id)
        .limit(_SHARES_SHOWN)
    )
    looks = (
        select(AuditEntry)
        .where(AuditEntry.door == Door.SUPPORT)
        .order_by(AuditEntry.id.desc())
        .limit(LOOKS_SHOWN)
    )
    return _Found(
        grant=await grant_in_force(session),
        requests=(await session.scalars(requests.order_by(SupportRequest.asked_at))).all(),
        shares=(await session.execute(shares)).all(),
        looks=(await session.scalars(looks)).all(),
    )


def _grant(grant: SupportGrant | None, people: dict[str, Person]) -> dict[str, object] | None:
    if grant is None:
        return None
    return {
        "by": drawn(people[grant.approved_by]),
        "since": when(grant.approved_at),
        "until": until(grant.ends_at),
        "note": grant.note,
    }


def _request(request: SupportRequest, people: dict[str, Person]) -> dict[str, object]:
    return {
        "id": str(request.id),
        "by": people[_agent(request)].name,
        "at": when(request.asked_at),
        "ticket": request.ticket,
        "message": request.message,
    }


def _share(
    share: RunShare, run: Run, integration: Integration, people: dict[str, Person]
) -> dict[str, object]:
    began = run.started_at or run.created_at
    return {
        "run_id": str(run.id),
        "began": when(began),
        "integration": integration.name,
        "by": drawn(people[share.shared_by]),
        "until": until(share.ends_at),
    }


def _agent(request: SupportRequest) -> str:
    return f"agent:{request.agent_id}"
