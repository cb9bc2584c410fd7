"""Sessions of agents: opaque tokens in a cookie, of which only a hash is stored."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.encryption import digest
from app.support.models import AgentSession, SupportAgent

COOKIE = "__Host-getint-support"
_NOW = func.statement_timestamp()
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An agent with a session that is worth something now."""

    session_id: UUID
    agent_id: UUID
    email: str
    name: str
    ends_at: datetime

    @property
    def account(self) -> str:
        """The name that customers' trails know them by."""
        return f"agent:{self.agent_id}"


class Sessions:
    """Begins, finds and ends sessions, by the database's clock."""

    def __init__(self, database: Database, *, idle: timedelta, longest: timedelta) -> None:
        self._database = database
        self._idle = idle
        self._longest = longest

    async def begin(self, session: AsyncSession, agent_id: UUID) -> str:
        """A new one in the transaction of the sign-in; its token, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        session.add(
            AgentSession(agent_id=agent_id, token_hash=digest(token), ends_at=_NOW + self._longest)
        )
        await session.flush()
        return token

    async def find(self, token: str) -> SignedIn | None:
        """Whose it is, if it is worth something; that it was used is noted once a minute."""
        statement = self._living(AgentSession.token_hash == digest(token))
        async with self._database.of_nobody() as session:
            found = (await session.execute(statement)).one_or_none()
            if found is None:
                return None
            await session.execute(
                update(AgentSession)
                .where(AgentSession.id == found[0], AgentSession.last_used_at < _NOW - _NOTED_EVERY)
                .values(last_used_at=_NOW)
            )
        return SignedIn(*found)

    async def is_alive(self, session: AsyncSession, signed_in: SignedIn) -> bool:
        """Whether it still is, for what takes longer than a request."""
        found = await session.execute(self._living(AgentSession.id == signed_in.session_id))
        return found.one_or_none() is not None

    async def end(self, token: str) -> None:
        """Sign out; harmless for what is no session."""
        async with self._database.of_nobody() as session:
            await session.execute(
                update(AgentSession)
                .where(AgentSession.token_hash == digest(token), AgentSession.ended_at.is_(None))
                .values(ended_at=_NOW)
            )

    def _living(self, which: ColumnElement[bool]) -> Select[Any]:
        columns: Any = (
            AgentSession.id,
            SupportAgent.id,
            SupportAgent.email,
            SupportAgent.display_name,
            AgentSession.ends_at,
        )
        statement: Select[Any] = select(*columns)
        return statement.join(SupportAgent, SupportAgent.id == AgentSession.agent_id).where(
            and_(
                which,
                AgentSession.ended_at.is_(None),
                AgentSession.ends_at > _NOW,
                AgentSession.last_used_at > _NOW - self._idle,
                SupportAgent.state == "active",
            )
        )
