"""Idempotency-Key: what is sent again with the same key is done once.

A key is its sender's own, and counts for a day. It is written in the transaction that makes the
thing, so there is a key exactly if there is the thing. The answer is the thing as it is now.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from sqlalchemy import ColumnElement, and_, delete, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import KeptAnswer
from app.database import Database
from app.errors import Conflict, InvalidInput
from app.house import House, house_of
from app.identity.visit import Visit

_LATELY = KeptAnswer.created_at > func.statement_timestamp() - literal_column("interval '1 day'")
_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
Making = Callable[[AsyncSession], Awaitable[UUID]]


class Once:
    """One request that makes something, with the key that it came with, or none."""

    def __init__(self, house: House, visit: Visit, key: str | None, request_hash: bytes) -> None:
        self._house = house
        self._visit = visit
        self._key = key
        self._hash = request_hash

    async def made(self) -> UUID | None:
        """What an earlier request with this key made; ``InvalidInput`` if it was another one."""
        if self._key is None:
            return None
        async with self._house.database.of_instance(self._visit.caller.instance_id) as session:
            return await self._kept(session)

    async def make(self, making: Making) -> UUID:
        """The id of what is made now, or was made by the same request at the same time.

        ``Conflict`` while that one is still at it.
        """
        async with self._house.database.of_instance(self._visit.caller.instance_id) as session:
            if self._key is None:
                return await making(session)
            await self._take_turn(session)
            if (made := await self._kept(session)) is not None:
                return made
            made = await making(session)
            await session.execute(delete(KeptAnswer).where(self._mine()))
            session.add(
                KeptAnswer(
                    instance_id=self._visit.caller.instance_id,
                    account=self._visit.caller.account,
                    key=self._key,
                    request_hash=self._hash,
                    thing_id=made,
                )
            )
            return made

    async def _take_turn(self, session: AsyncSession) -> None:
        caller = self._visit.caller
        named = f"once {caller.instance_id} {caller.account} {self._key}"
        if not await session.scalar(_TAKE_TURN, {"key": named}):
            raise Conflict(
                "A request with this Idempotency-Key is still going on.",
                title="It is being done",
                mend="Send it again in a moment.",
                retry_after=1,
            )

    async def _kept(self, session: AsyncSession) -> UUID | None:
        kept = await session.scalar(select(KeptAnswer).where(self._mine(), _LATELY))
        if kept is None:
            return None
        if kept.request_hash != self._hash:
            raise InvalidInput(
                "This Idempotency-Key was sent with another request.",
                mend="Use a new key for each thing that you make.",
            )
        return kept.thing_id

    def _mine(self) -> ColumnElement[bool]:
        return and_(KeptAnswer.account == self._visit.caller.account, KeptAnswer.key == self._key)


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,128}$",
            description="Your own name for this request, such as a UUID: sent again, it is done "
            "once. It counts for a day.",
        ),
    ] = None,
) -> Once:
    visit: Visit = request.state.visit
    body: bytes = getattr(request.state, "sent", b"")
    told = b"\x00".join((request.method.encode(), request.url.path.encode(), body))
    # Keyed: a body may hold credentials that a plain hash would let somebody guess.
    fingerprint = bytes.fromhex(visit.facts.key.fingerprint(told))
    return Once(house_of(request), visit, idempotency_key, fingerprint)


SentOnce = Annotated[Once, Depends(_once)]


async def forget_old_keys(database: Database) -> None:
    """Delete keys that are older than a day, of all customers."""
    async with database.housekeeping() as session:
        await session.execute(delete(KeptAnswer).where(~_LATELY))
