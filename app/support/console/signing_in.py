"""Signs agents in: those who are there and active, and nobody else."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.encryption import ConsoleKeys
from app.signing_in import passwords
from app.signing_in.attempts import Attempts
from app.signing_in.provider import Identity
from app.support.console.second_factor import step_of, use_step
from app.support.console.sessions import Sessions
from app.support.models import SupportAgent


class SigningIn:
    """The two ways in, which both end in a new session."""

    def __init__(self, database: Database, keys: ConsoleKeys, sessions: Sessions) -> None:
        self._database = database
        self._keys = keys
        self._sessions = sessions
        self._attempts = Attempts(database)

    async def with_password(self, email: str, password: str, code: str, place: str) -> str | None:
        """The token of a new session; None if e-mail, password or code is wrong.

        Whatever is wrong, and whether there is such an agent, takes the same steps.
        """
        email = email.strip().lower()
        attempt = await self._attempts.count("console", email, place)
        agent = await self._local(email)
        is_password = await passwords.matches(agent.password_hash if agent else None, password)
        step = step_of(self._keys, agent, code)
        if agent is None or not is_password or step is None:
            return None
        async with self._database.of_nobody() as session:
            if not await use_step(session, agent.id, step):
                return None
            token = await self._sessions.begin(session, agent.id)
        await self._attempts.succeeded(attempt)
        return token

    async def with_identity(self, identity: Identity) -> str | None:
        """The token of a new session for whom the provider vouches for; None if it is no agent.

        The first time they are found by their verified e-mail, from then on by subject alone.
        """
        async with self._database.of_nobody() as session:
            agent = await _known(session, identity)
            if agent is None:
                return None
            return await self._sessions.begin(session, agent.id)

    async def _local(self, email: str) -> SupportAgent | None:
        async with self._database.of_nobody() as session:
            return await session.scalar(
                select(SupportAgent).where(
                    SupportAgent.email == email, SupportAgent.state == "active"
                )
            )


async def _known(session: AsyncSession, identity: Identity) -> SupportAgent | None:
    is_theirs = (SupportAgent.oidc_issuer == identity.issuer) & (
        SupportAgent.oidc_subject == identity.subject
    )
    found = await session.scalar(
        select(SupportAgent).where(is_theirs, SupportAgent.state == "active")
    )
    if found is not None or not identity.verified_email:
        return found
    return await session.scalar(
        update(SupportAgent)
        .where(
            SupportAgent.email == identity.verified_email.lower(),
            SupportAgent.state == "active",
            SupportAgent.oidc_subject.is_(None),
        )
        .values(oidc_issuer=identity.issuer, oidc_subject=identity.subject)
        .returning(SupportAgent)
    )
