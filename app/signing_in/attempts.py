"""How often somebody may try to prove who they are, counted the same whoever exists.

Counted in the database, by all processes together.
"""

import asyncio
import hashlib
from contextlib import AbstractAsyncContextManager
from ipaddress import IPv6Network, ip_address
from typing import NamedTuple, Protocol

from sqlalchemy import delete, func, insert, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.administration.models import SignInFailure
from app.errors import TooMany

WINDOW_S = 15 * 60
# Anybody can try: it must leave connections to those whom we know.
_AT_ONCE = 3
_LATELY = SignInFailure.at > func.statement_timestamp() - literal_column(
    f"interval '{WINDOW_S} seconds'"
)


class Limits(NamedTuple):
    """How many attempts there may be within the window."""

    of_who_from_place: int = 5
    of_place: int = 30
    of_who: int = 50


class OfNobody(Protocol):
    """Whatever opens transactions that see what belongs to no instance."""

    def of_nobody(self) -> AbstractAsyncContextManager[AsyncSession]: ...


class Attempts:
    """Attempts of the last quarter of an hour, each a failure until it is known to be none.

    An account is not locked for everybody by whoever fails at it from one place: it takes fifty
    from several. ``what`` keeps apart what is counted apart.
    """

    def __init__(self, database: OfNobody, what: str, limits: Limits = Limits()) -> None:  # noqa: B008
        self._database = database
        self._what = what
        self._limits = limits
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def count(self, who: str, place: str) -> None:
        """Count one, before its outcome is known; ``TooMany`` where enough was tried."""
        most = self._counted(who, place)
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
            await session.execute(insert(SignInFailure), [{"key": key} for key in most])

    async def succeeded(self, who: str, place: str) -> None:
        """Forget what this person failed at from here, and of the others the one that was none."""
        both, *others = self._counted(who, place)
        latest = (
            select(func.max(SignInFailure.id))
            .where(SignInFailure.key.in_(others))
            .group_by(SignInFailure.key)
        )
        async with self._database.of_nobody() as session:
            await session.execute(
                delete(SignInFailure).where(
                    or_(SignInFailure.key == both, SignInFailure.id.in_(latest))
                )
            )

    def _counted(self, who: str, place: str) -> dict[bytes, int]:
        return {
            self._key("both", who, place): self._limits.of_who_from_place,
            self._key("place", place): self._limits.of_place,
            self._key("who", who): self._limits.of_who,
        }

    def _key(self, *parts: str) -> bytes:
        return hashlib.sha256("\x1f".join((self._what, *parts)).encode(errors="replace")).digest()


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
