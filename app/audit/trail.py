"""Writes the audit trail: what was done in the same transaction, what was refused in its own."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from cachetools import TTLCache
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Answer, Caller, Decision
from app.audit.models import AuditEntry
from app.database import OfInstance
from app.metrics import REFUSALS

API = "api"
# The same refusal again within a minute tells nothing new and must not fill the trail.
_SAME_REFUSAL_S = 60
# Nor may one person make it endless by asking for ever new things.
_REFUSALS_OF_ONE_PERSON = 100


class Doing(Protocol):
    """Who does what; a visit, through whichever door."""

    @property
    def caller(self) -> Caller: ...

    @property
    def action(self) -> Action: ...

    @property
    def token(self) -> str: ...


def record(
    session: AsyncSession,
    visit: Doing,
    *,
    kind: str | None = None,
    thing_id: UUID | str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add that ``visit`` did its action; it is kept only if the transaction is."""
    session.add(
        AuditEntry(
            instance_id=visit.caller.instance_id,
            account=visit.caller.account,
            door=_door(visit),
            action=visit.action,
            thing_kind=kind,
            thing_id=None if thing_id is None else str(thing_id),
            allowed=True,
            reason="GRANTED",
            details={**(details or {}), **_token(visit)},
        )
    )


class Refusals:
    """Remembers in the trail what was refused, each once a minute."""

    def __init__(
        self, database: OfInstance, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._recent: TTLCache[tuple[UUID, str], set[tuple[object, ...]]] = TTLCache(
            50_000, _SAME_REFUSAL_S, timer=clock
        )

    async def note(self, visit: Doing, decision: Decision, path_ids: Mapping[str, Any]) -> None:
        """Add an entry for a refusal of ``visit``; ``path_ids`` are the ids of its address."""
        REFUSALS.labels(decision.reason.name).inc()
        if decision.answer is not Answer.NO:
            return  # that Jira was away is nobody's attempt
        kind, thing_id = next(iter(path_ids.items()), (None, None))
        thing_id = None if thing_id is None else _plain(str(thing_id))
        noted = self._recent.setdefault((visit.caller.instance_id, visit.caller.account), set())
        this = (visit.action, thing_id, decision.reason)
        if this in noted or len(noted) >= _REFUSALS_OF_ONE_PERSON:
            return
        noted.add(this)
        async with self._database.of_instance(visit.caller.instance_id) as session:
            session.add(
                AuditEntry(
                    instance_id=visit.caller.instance_id,
                    account=visit.caller.account,
                    door=_door(visit),
                    action=decision.action,
                    thing_kind=kind.removesuffix("_id") if kind else None,
                    thing_id=thing_id,
                    allowed=False,
                    reason=decision.reason.name,
                    details=_token(visit),
                )
            )


def _door(visit: Doing) -> str:
    return API if visit.token else visit.caller.door


def _token(visit: Doing) -> dict[str, str]:
    return {"token": visit.token} if visit.token else {}


def _plain(thing_id: str) -> str:
    """Anything may stand in an address; PostgreSQL keeps no NUL and no half of a surrogate pair."""
    kept = thing_id[:64].encode(errors="replace").decode()
    return "".join(sign if sign.isprintable() else "?" for sign in kept)
