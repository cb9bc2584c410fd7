"""Finds whose a token is: from memory, or in one transaction. What changes is forgotten at once."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cachetools import TTLCache
from sqlalchemy import func, or_, select, update

from app.access import Effect
from app.administration.models import AccessToken
from app.changes import Changes
from app.database import Database
from app.identity.visit import ProjectInView
from app.kept import KeptUntilChange
from app.tokens.words import Written, told_apart

_NOTED = 20_000
_NOTED_EVERY_S = 60
# Anybody can make tokens up: look-ups must leave connections to those whom we know.
_LOOK_UPS_AT_ONCE = 3
_NOW = func.statement_timestamp()


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token that was good when it was looked up; ``is_over`` says whether it still is."""

    id: UUID
    instance_id: UUID
    account: str
    name: str
    scope: frozenset[Effect]
    project: ProjectInView | None
    expires_at: datetime
    in_trail: str

    def is_over(self, now: datetime) -> bool:
        """Whether its time has come."""
        return self.expires_at <= now


class KnownTokens:
    """Tokens that are in use, dropped everywhere as soon as their instance changes."""

    def __init__(
        self, database: Database, changes: Changes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._kept = KeptUntilChange[Written, KnownToken](
            changes, lambda token, _: token.instance_id, clock=clock
        )
        self._noted: TTLCache[UUID, bool] = TTLCache(_NOTED, _NOTED_EVERY_S, clock)
        self._look_ups = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)

    def kept(self, token: Written) -> KnownToken | None:
        """What memory has, if memory may be trusted."""
        return self._kept.get(token)

    async def looked_up(self, token: Written) -> KnownToken | None:
        """What the database has; None for one that is not there, revoked or over."""
        generation = self._kept.generation
        statement = select(AccessToken).where(
            AccessToken.instance_id == token.instance_id,
            AccessToken.token_hash == token.hash,
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > _NOW,
        )
        async with self._look_ups, self._database.of_instance(token.instance_id) as session:
            row = await session.scalar(statement)
        if row is None:
            return None
        found = _known(row)
        self._kept.keep(token, found, generation)
        return found

    async def note_use(self, token: KnownToken) -> None:
        """Note that it was used, at most once a minute."""
        if token.id in self._noted:
            return
        self._noted[token.id] = True
        noted_before = _NOW - timedelta(seconds=_NOTED_EVERY_S)
        async with self._database.of_instance(token.instance_id) as session:
            await session.execute(
                update(AccessToken)
                .where(
                    AccessToken.id == token.id,
                    or_(
                        AccessToken.last_used_at.is_(None), AccessToken.last_used_at < noted_before
                    ),
                )
                .values(last_used_at=_NOW)
            )


def _known(row: AccessToken) -> KnownToken:
    project = None
    if row.project_id is not None and row.project_key is not None:
        project = ProjectInView(row.project_id, row.project_key)
    return KnownToken(
        id=row.id,
        instance_id=row.instance_id,
        account=row.account,
        name=row.name,
        scope=frozenset(Effect(effect) for effect in row.scopes),
        project=project,
        expires_at=row.expires_at.astimezone(UTC),
        in_trail=told_apart(row.name, row.ending),
    )
