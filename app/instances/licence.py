"""The licence state of an instance: remembered, refreshed in the background, never assumed."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy import or_, update

from app.access import LicenceStanding
from app.changes import Changes
from app.database import Database
from app.instances.facts import InstanceFacts
from app.instances.models import Installation
from connect import (
    Forbidden,
    Gone,
    JiraClient,
    JiraError,
    LicenceFact,
    LicenceState,
    fact_from_addon,
    licence_state,
    reconcile,
)

REFRESH_AFTER = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=1)
PageWord = Literal["active", "none"]
_log = structlog.stdlib.get_logger("app.licence")


def utc_now() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


STANDING = {
    LicenceState.ACTIVE: LicenceStanding.ACTIVE,
    LicenceState.EVALUATION: LicenceStanding.ACTIVE,
    LicenceState.NONE: LicenceStanding.NOT_ACTIVE,
    LicenceState.LAPSED: LicenceStanding.NOT_ACTIVE,
    LicenceState.UNKNOWN: LicenceStanding.UNKNOWN,
}
"""What each state means to the permission table."""
ON_ITS_OWN = LicenceState.ACTIVE
"""Without a Jira there is no marketplace to ask: who runs Getint so has a contract with us."""


class Licences:
    """Answers at once from what is known and asks Jira when that grows old."""

    def __init__(
        self,
        database: Database,
        jira: JiraClient,
        changes: Changes,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._jira = jira
        self._changes = changes
        self._clock = clock
        self._flights: dict[UUID | None, asyncio.Task[LicenceFact | None]] = {}
        self._tried_at: dict[UUID | None, datetime] = {}
        self._told: dict[UUID | None, LicenceFact] = {}

    async def state(self, facts: InstanceFacts, page_word: PageWord | None) -> LicenceState:
        """The state now. ``page_word`` is ``lic`` of a verified page, if this request has one."""
        if facts.linked_site is None:
            return ON_ITS_OWN
        now = self._clock()
        fact, ask_now = reconcile(facts.licence, page_word, now)
        if ask_now:
            told = None
            if self._may_ask(facts, now):
                told = await asyncio.shield(self._refresh(facts))
            if told is None and fact is not None:
                await self._remember(facts, fact)  # the page's word counts until Jira's own
            fact = told or fact
        elif (
            fact is not None and now - fact.learnt_at > REFRESH_AFTER and self._may_ask(facts, now)
        ):
            self._refresh(facts)
        return licence_state(fact, now=now)

    def known_state(self, facts: InstanceFacts) -> LicenceState:
        """What is known without asking anybody."""
        if facts.linked_site is None:
            return ON_ITS_OWN
        return licence_state(facts.licence, now=self._clock())

    async def confirmed(self, facts: InstanceFacts) -> LicenceState:
        """The state now; before it is a no, Jira is asked whether that is still so."""
        now = self._clock()
        state = self.known_state(facts)
        if STANDING[state] is LicenceStanding.ACTIVE:
            return state
        if not self._may_ask(facts, now):
            return licence_state(self._newest(facts), now=now)
        return await self.check_again(facts)

    async def check_again(self, facts: InstanceFacts) -> LicenceState:
        """Ask Jira now, because somebody wants to see it."""
        fact = await asyncio.shield(self._refresh(facts)) or facts.licence
        return licence_state(fact, now=self._clock())

    async def close(self) -> None:
        """Let refreshes that are under way end."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    def _newest(self, facts: InstanceFacts) -> LicenceFact | None:
        """What Jira said last, also if that was after these facts were read."""
        known = (facts.licence, self._told.get(facts.installation_id))
        return max(filter(None, known), key=lambda fact: fact.learnt_at, default=None)

    def _may_ask(self, facts: InstanceFacts, now: datetime) -> bool:
        if facts.installation_id in self._flights:
            return True  # whoever comes meanwhile waits for the same answer
        tried_at = self._tried_at.get(facts.installation_id)
        return tried_at is None or now - tried_at >= RETRY_AFTER

    def _refresh(self, facts: InstanceFacts) -> asyncio.Task[LicenceFact | None]:
        flight = self._flights.get(facts.installation_id)
        if flight is None:
            self._tried_at[facts.installation_id] = self._clock()
            flight = asyncio.create_task(self._ask(facts))
            self._flights[facts.installation_id] = flight
            flight.add_done_callback(lambda _: self._flights.pop(facts.installation_id, None))
        return flight

    async def _ask(self, facts: InstanceFacts) -> LicenceFact | None:
        try:
            addon = await self._jira.licence(facts.site)
        except (Forbidden, Gone) as error:
            _log.warning("licence refused", kind=type(error).__name__, instance=facts.instance_id)
            return None
        except JiraError as error:
            _log.warning("licence not read", kind=type(error).__name__, instance=facts.instance_id)
            return None
        fact = self._told[facts.installation_id] = fact_from_addon(addon, self._clock())
        await self._remember(facts, fact)
        return fact

    async def _remember(self, facts: InstanceFacts, fact: LicenceFact) -> None:
        async with self._database.of_instance(facts.instance_id) as session:
            await session.execute(
                update(Installation)
                .where(
                    Installation.id == facts.installation_id,
                    # Another machine may have heard more since these facts were read.
                    or_(
                        Installation.licence_learnt_at.is_(None),
                        Installation.licence_learnt_at <= fact.learnt_at,
                    ),
                )
                .values(
                    licence_state=fact.state,
                    licence_type=fact.type,
                    licence_entitlement=fact.entitlement_number,
                    licence_source=fact.source,
                    licence_learnt_at=fact.learnt_at,
                )
            )
            await self._changes.announce(session, facts.instance_id)
