"""What Jira says of a caller: admin? groups? administers this project? Cached with its age.

Asked for in one concurrent round trip, by one flight for many waiters. A standing counts for 60 s
while there is quota and for 15 minutes when it runs low. When Jira does not answer, one of up to
10 minutes is still good for reading.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from cachetools import LRUCache

from app.changes import Changes
from app.errors import CannotTell
from app.instances.facts import InstanceFacts
from connect import Busy, Forbidden, Gone, Group, JiraClient, JiraError, Quota, Unreachable

FRESH_S = 60.0
FRESH_WHEN_QUOTA_IS_LOW_S = 900.0
READABLE_WITHOUT_JIRA_S = 600.0
FRESH_WHILE_UNHEARD_S = 5.0
BREATHER_S = 5.0
# In weights: a site that gives one person very many groups pays with that person's neighbours,
# not with our memory.
_KEPT = 200_000
_GROUPS_IN_A_WEIGHT = 10
_log = structlog.stdlib.get_logger("app.standing")


class Who(NamedTuple):
    """Whose standing: a person of an instance, towards the project they came from."""

    instance_id: UUID
    account_id: str
    project_id: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Jira's word. ``groups`` is None where Jira lets the app not read them: unknown, not none."""

    is_admin: bool
    administers_project: bool
    groups: tuple[Group, ...] | None
    learnt_at: float
    is_current: bool = True


class Standings:
    """Learns standings and remembers them for a while."""

    def __init__(
        self,
        jira: JiraClient,
        quota: Quota,
        changes: Changes,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jira = jira
        self._quota = quota
        self._changes = changes
        self._clock = clock
        self._kept: LRUCache[Who, Standing] = LRUCache(_KEPT, _weight)
        self._flights: dict[Who, asyncio.Task[Standing]] = {}
        self._breathers: dict[UUID, tuple[float, int]] = {}
        changes.on_change("standing", self._forget)

    async def of(
        self, facts: InstanceFacts, account_id: str, project_id: str | None = None
    ) -> Standing:
        """The standing, current or (while Jira is away) old; ``CannotTell`` if there is none."""
        who = Who(facts.instance_id, account_id, project_id)
        kept = self._kept.get(who)
        age = self._clock() - kept.learnt_at if kept else float("inf")
        if kept is not None and age < self._fresh_for():
            return kept
        try:
            self._take_a_breather(facts.instance_id)
            return await self._learn_once(facts, who)
        except (Busy, Unreachable) as error:
            retry_after = self._pause(facts.instance_id, error)
            if kept is not None and age < READABLE_WITHOUT_JIRA_S:
                return replace(kept, is_current=False)
            raise CannotTell(
                "Jira cannot be reached, so we cannot check what you may see.",
                mend="Nothing is lost. Try again in a moment.",
                retry_after=retry_after,
            ) from error
        except JiraError as error:
            _log.warning(
                "jira refused the app", kind=type(error).__name__, instance=who.instance_id
            )
            raise CannotTell(
                "Jira refuses to tell Getint what you may see.",
                mend="If it stays so, a Jira administrator can install Getint again: "
                "everything is kept.",
                retry_after=60,
            ) from error

    def _fresh_for(self) -> float:
        if not self._changes.is_listening:
            return FRESH_WHILE_UNHEARD_S  # what was revoked elsewhere would not be heard of
        return FRESH_WHEN_QUOTA_IS_LOW_S if self._quota.is_low() else FRESH_S

    async def _learn_once(self, facts: InstanceFacts, who: Who) -> Standing:
        flight = self._flights.get(who)
        if flight is None:
            flight = asyncio.create_task(self._learn(facts, who))
            self._flights[who] = flight
            flight.add_done_callback(lambda done: self._landed(who, done))
        # One waiter that hangs up must not take the answer from the others.
        return await asyncio.shield(flight)

    def _landed(self, who: Who, flight: asyncio.Task[Standing]) -> None:
        if self._flights.get(who) is flight:
            del self._flights[who]
        if not flight.cancelled():
            flight.exception()  # every waiter was told; nobody left is no fault of the loop's

    async def _learn(self, facts: InstanceFacts, who: Who) -> Standing:
        asked_at = self._clock()
        permissions, groups = await _both(
            self._jira.permissions(facts.site, who.account_id, project_id=who.project_id),
            self._groups(facts, who.account_id),
        )
        standing = Standing(
            is_admin=permissions.is_admin,
            administers_project=permissions.administers_project,
            groups=groups,
            learnt_at=asked_at,
        )
        # An answer from before a change was dropped with its flight, and is not kept.
        if self._flights.get(who) is asyncio.current_task():
            self._kept[who] = standing
        return standing

    async def _groups(self, facts: InstanceFacts, account_id: str) -> tuple[Group, ...] | None:
        try:
            return await self._jira.groups_of(facts.site, account_id)
        except Forbidden:
            return None
        except Gone:
            return ()

    def _take_a_breather(self, instance_id: UUID) -> None:
        """Spare a Jira that just failed, and the people who would wait for its time-out."""
        until, retry_after = self._breathers.get(instance_id, (0.0, 0))
        if self._clock() < until:
            raise Busy(retry_after, "it did not answer a moment ago")

    def _pause(self, instance_id: UUID, error: Busy | Unreachable) -> int:
        now = self._clock()
        until, retry_after = self._breathers.get(instance_id, (0.0, 0))
        if now >= until:
            retry_after = round(getattr(error, "retry_after", BREATHER_S)) or 1
            self._breathers[instance_id] = (now + BREATHER_S, retry_after)
            _log.warning("jira did not answer", kind=type(error).__name__, instance=instance_id)
        return max(retry_after, 1)

    def _forget(self, instance_id: UUID | None) -> None:
        for who in [who for who in self._kept if instance_id in {None, who.instance_id}]:
            self._kept.pop(who, None)
        for who in [who for who in self._flights if instance_id in {None, who.instance_id}]:
            self._flights.pop(who)
        if instance_id is None:
            self._breathers.clear()
        else:
            self._breathers.pop(instance_id, None)


def _weight(standing: Standing) -> int:
    return 1 + len(standing.groups or ()) // _GROUPS_IN_A_WEIGHT


async def _both(
    first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any]
) -> tuple[Any, Any]:
    """Both answers, or the first failure as it is, with the other call ended."""
    tasks = asyncio.create_task(first), asyncio.create_task(second)
    try:
        return await tasks[0], await tasks[1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
