"""Sessions of people with an account: an opaque secret in a cookie, of which a hash is stored.

The cookie names its instance, ``<instance id, hexadecimal>.<secret>``, so that no table is read
across instances. A session that is in use is kept in memory until something of the instance
changes, as that may be what ends it.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, extract, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account, AccountSession
from app.changes import Changes
from app.database import Database
from app.encryption import digest
from app.kept import KeptUntilChange

COOKIE = "__Host-getint"
_WRITTEN = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})").fullmatch
_NOTED_EVERY_S = 60.0
_NOTED_EVERY = timedelta(seconds=_NOTED_EVERY_S)
# Anybody can make cookies up: look-ups must leave connections to those whom we know.
_LOOK_UPS_AT_ONCE = 3
_NOW = func.statement_timestamp()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with a session that is worth something now."""

    session_id: UUID
    instance_id: UUID
    account_id: UUID


class Named(NamedTuple):
    """What a cookie says of itself, which proves nothing yet."""

    instance_id: UUID
    token_hash: bytes


class _Kept(NamedTuple):
    signed_in: SignedIn
    good_until: float


class Sessions:
    """Begins and finds sessions, by the database's clock."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        *,
        idle: timedelta,
        longest: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._changes = changes
        self._idle = idle
        self._longest = longest
        self._clock = clock
        self._kept = KeptUntilChange[Named, _Kept](
            changes, lambda named, _: named.instance_id, lasts_s=_NOTED_EVERY_S, clock=clock
        )
        self._look_ups = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)

    async def begin(self, session: AsyncSession, account: Account) -> str:
        """A new one in the transaction of the sign-in; its cookie, which is kept nowhere."""
        secret = secrets.token_urlsafe(32)
        session.add(
            AccountSession(
                instance_id=account.instance_id,
                account_id=account.id,
                token_hash=digest(secret),
                ends_at=_NOW + self._longest,
            )
        )
        await session.flush()
        return f"{account.instance_id.hex}.{secret}"

    async def find(self, cookie: str) -> SignedIn | None:
        """Whose it is, if it is worth something; that it was used is noted once a minute."""
        named = named_by(cookie)
        if named is None:
            return None
        kept = self._kept.get(named)
        if kept is not None and self._clock() < kept.good_until:
            return kept.signed_in
        generation, asked_at = self._kept.generation, self._clock()
        found = await self._looked_up(named)
        if found is None:
            return None
        signed_in, left_s = found
        good_until = asked_at + min(left_s, _NOTED_EVERY_S)
        self._kept.keep(named, _Kept(signed_in, good_until), generation)
        return signed_in

    async def end(self, named: Named) -> None:
        """Sign out; harmless for what is no session."""
        async with self._database.of_instance(named.instance_id) as session:
            await _end(session, AccountSession.token_hash == named.token_hash)
            await self._changes.announce(session, named.instance_id)

    async def living(self, session: AsyncSession, account_id: UUID) -> Sequence[AccountSession]:
        """All that an account is signed in with now, the latest first."""
        found = await session.scalars(
            select(AccountSession)
            .where(self._is_alive(), AccountSession.account_id == account_id)
            .order_by(AccountSession.created_at.desc(), AccountSession.id)
        )
        return found.all()

    async def _looked_up(self, named: Named) -> tuple[SignedIn, float] | None:
        """With the seconds that it lasts at the most."""
        statement = (
            select(
                AccountSession.id,
                AccountSession.account_id,
                extract("epoch", AccountSession.ends_at - _NOW),
            )
            .join(Account, Account.id == AccountSession.account_id)
            .where(AccountSession.token_hash == named.token_hash, self._is_alive(), Account.enabled)
        )
        async with self._look_ups, self._database.of_instance(named.instance_id) as session:
            found = (await session.execute(statement)).one_or_none()
            if found is None:
                return None
            session_id, account_id, left_s = found
            await session.execute(
                update(AccountSession)
                .where(
                    AccountSession.id == session_id,
                    AccountSession.last_used_at < _NOW - _NOTED_EVERY,
                )
                .values(last_used_at=_NOW)
            )
        return SignedIn(session_id, named.instance_id, account_id), float(left_s)

    def _is_alive(self) -> ColumnElement[bool]:
        return and_(
            AccountSession.ended_at.is_(None),
            AccountSession.ends_at > _NOW,
            AccountSession.last_used_at > _NOW - self._idle,
        )


def named_by(cookie: str) -> Named | None:
    """What the cookie names; None for what is none of ours."""
    found = _WRITTEN(cookie)
    return Named(UUID(hex=found[1]), digest(found[2])) if found else None


async def end_sessions_of(
    session: AsyncSession, account_id: UUID, *, but: UUID | None = None
) -> None:
    """Sign an account out everywhere, but for one session if named.

    Whoever calls this announces the change of the instance in the same transaction.
    """
    which = AccountSession.account_id == account_id
    await _end(session, which if but is None else which & (AccountSession.id != but))


async def end_session(session: AsyncSession, account_id: UUID, session_id: UUID) -> None:
    """End one session of an account; announced as above. Harmless where there is none."""
    await _end(
        session, (AccountSession.account_id == account_id) & (AccountSession.id == session_id)
    )


async def _end(session: AsyncSession, which: ColumnElement[bool]) -> None:
    await session.execute(
        update(AccountSession).where(which, AccountSession.ended_at.is_(None)).values(ended_at=_NOW)
    )
