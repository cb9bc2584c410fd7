"""How often somebody may try to prove who they are, counted the same whoever exists.

Counted in the database, by all processes together.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address
from typing import Protocol

from sqlalchemy import delete, func, insert, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.administration.models import SignInFailure
from app.encryption import digest
from app.errors import TooMany

WINDOW_S = 15 * 60
_OF_WHO_AND_PLACE = 5
_OF_PLACE = 30
_OF_WHO = 50
# Anybody can try: it must leave connections to those whom we know.
_AT_ONCE = 3
_LATELY = SignInFailure.at > func.statement_timestamp() - literal_column(
    f"interval '{WINDOW_S} seconds'"
)


class OfNobody(Protocol):
    """Whatever opens transactions that see what belongs to no instance."""

    def of_nobody(self) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that was counted: the rows of it, and who it was from where."""

    rows: Sequence[int]
    who_and_place: bytes


class Attempts:
    """Attempts of the last quarter of an hour, each a failure until it is known to be none.

    An account is not locked for everybody by whoever fails at it from one place: it takes fifty
    from several. ``what`` keeps apart what is counted apart.
    """

    def __init__(self, database: OfNobody) -> None:
        self._database = database
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def count(self, what: str, who: str, place: str) -> Attempt:
        """Count one, before its outcome is known; ``TooMany`` where enough was tried."""
        both = _key(what, "both", who, place)
        rows = await self._count(
            {
                both: _OF_WHO_AND_PLACE,
                _key(what, "place", place): _OF_PLACE,
                _key(what, "who", who): _OF_WHO,
            }
        )
        return Attempt(rows, both)

    async def count_place(self, what: str, place: str, most: int) -> None:
        """Count one that names nobody."""
        await self._count({_key(what, "place", place): most})

    async def _count(self, most: Mapping[bytes, int]) -> Sequence[int]:
        tried = (
            select(SignInFailure.key, func.count())
            .where(SignInFailure.key.in_(most), _LATELY)
            .group_by(SignInFailure.key)
        )
        async with self._turns, self._database.of_nobody() as session:
            # One at a time, so that many at the same moment are no more than few.
            for key in sorted(most):
                await session.execute(select(func.pg_advisory_xact_lock(_number(key))))
            if any(count >= most[key] for key, count in await session.execute(tried)):
                raise TooMany(
                    "Signing in failed too often.",
                    mend="Wait a quarter of an hour, then try again.",
                    retry_after=WINDOW_S,
                )
            rows = await session.scalars(
                insert(SignInFailure).returning(SignInFailure.id), [{"key": key} for key in most]
            )
            return rows.all()

    async def succeeded(self, attempt: Attempt) -> None:
        """It was no failure: many who sign in from one office hold nobody up.

        What this person failed at before, from there, is forgotten as well.
        """
        async with self._database.of_nobody() as session:
            await session.execute(
                delete(SignInFailure).where(
                    or_(
                        SignInFailure.id.in_(attempt.rows),
                        SignInFailure.key == attempt.who_and_place,
                    )
                )
            )


def _key(*parts: str) -> bytes:
    return digest("\x1f".join(parts))


def _number(key: bytes) -> int:
    return int.from_bytes(key[:8], signed=True)


def place_of(request: Request) -> str:
    """Where somebody sits: their address, or of IPv6 the network that one household has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(IPv6Network((address, 64), strict=False)) if address.version == 6 else host
