"""Signs people with an account in: those who are enabled, and nobody else."""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.emails import key_of
from app.administration.models import Account
from app.changes import Changes
from app.database import Database
from app.instances.facts import InstanceFacts
from app.signing_in import passwords
from app.signing_in.attempts import Attempts
from app.signing_in.halfway import Halfway
from app.signing_in.noting import note
from app.signing_in.provider import Identity
from app.signing_in.second_factor import seal, step_of, use_step
from app.signing_in.sessions import Sessions
from app.signing_in.totp import step_of as step_of_secret


class Next(StrEnum):
    """What is still asked of somebody whose password was right."""

    NOTHING = "nothing"
    CODE = "code"
    SECOND_FACTOR = "second factor"


class Proven(NamedTuple):
    """An account whose password was right."""

    account: Account
    next: Next


class SigningIn:
    """The ways in, which all end in a new session."""

    def __init__(
        self, database: Database, changes: Changes, sessions: Sessions, attempts: Attempts
    ) -> None:
        self._database = database
        self._changes = changes
        self._sessions = sessions
        self._attempts = attempts

    async def with_password(
        self, facts: InstanceFacts, email: str, password: str, place: str
    ) -> Proven | None:
        """Whose password it is; None if address or password is wrong, or the account disabled.

        Whatever is wrong, and whether there is such an account, takes the same steps. Raises
        ``TooMany``.
        """
        key = key_of(email)
        who = _who(facts, key or email.strip().lower())
        attempt = await self._attempts.count("sign-in", who, place)
        account = await self._enabled(facts, Account.email_key == (key or ""))
        is_theirs = await passwords.matches(account.password_hash if account else None, password)
        if account is None or not is_theirs:
            return None
        await self._attempts.succeeded(attempt)
        if account.totp_secret is not None:
            return Proven(account, Next.CODE)
        return Proven(account, Next.SECOND_FACTOR if facts.second_factor_required else Next.NOTHING)

    async def begin(self, facts: InstanceFacts, account: Account) -> str | None:
        """The cookie of a new session for whom nothing more is asked of.

        None if they were disabled, or their password reset, since they proved who they are.
        """
        async with self._database.of_instance(facts.instance_id) as session:
            return await self._begun(session, account, "password")

    async def with_code(
        self, facts: InstanceFacts, halfway: Halfway, code: str, place: str
    ) -> str | None:
        """The cookie of a new session; None if the code is wrong or was used. ``TooMany``.

        With a secret that was shown a moment ago, the code of it sets up the second factor.
        """
        who = _who(facts, halfway.account_id)
        attempt = await self._attempts.count("code", who, place)
        account = await self._enabled(facts, Account.id == halfway.id)
        if account is None or not halfway.is_of(facts, account):
            return None
        is_new = account.totp_secret is None
        step = step_of_secret(halfway.secret, code) if is_new else step_of(facts, account, code)
        if step is None:
            return None
        async with self._database.of_instance(facts.instance_id) as session:
            if not await use_step(session, account.id, step):
                return None
            if is_new:
                await enrol(session, facts, account, halfway.secret)
                await self._changes.announce(session, facts.instance_id)
            cookie = await self._begun(session, account, "password and code")
        await self._attempts.succeeded(attempt)
        return cookie

    async def with_identity(self, facts: InstanceFacts, identity: Identity) -> str | None:
        """The cookie of a new session for whom the provider vouches for; None if it is nobody here.

        The first time they are found by their verified e-mail, from then on by subject alone.
        """
        async with self._database.of_instance(facts.instance_id) as session:
            account = await _known(session, identity)
            if account is None:
                account = await _newly_known(session, identity)
                if account is not None:
                    await self._changes.announce(session, facts.instance_id)
            if account is None:
                return None
            return await self._begun(session, account, "identity provider")

    async def _begun(self, session: AsyncSession, account: Account, how: str) -> str | None:
        is_as_it_was = await session.scalar(
            update(Account)
            .where(
                Account.id == account.id,
                Account.enabled,
                Account.password_hash.is_not_distinct_from(account.password_hash),
            )
            .values(last_signed_in_at=func.statement_timestamp(), updated_at=Account.updated_at)
            .returning(Account.id)
        )
        if is_as_it_was is None:
            return None
        note(session, account, "signed in", how=how)
        return await self._sessions.begin(session, account)

    async def _enabled(self, facts: InstanceFacts, which: ColumnElement[bool]) -> Account | None:
        async with self._database.of_instance(facts.instance_id) as session:
            return await session.scalar(select(Account).where(which, Account.enabled))


async def enrol(session: AsyncSession, facts: InstanceFacts, account: Account, secret: str) -> None:
    """Make it the second factor of the account; whoever calls this announces the change."""
    await session.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(totp_secret=seal(facts, account.id, secret))
    )
    note(session, account, "second factor set up")


def _who(facts: InstanceFacts, who: str | UUID) -> str:
    return f"{facts.instance_id.hex}\x1f{who}"


async def _known(session: AsyncSession, identity: Identity) -> Account | None:
    return await session.scalar(
        select(Account).where(
            Account.oidc_issuer == identity.issuer,
            Account.oidc_subject == identity.subject,
            Account.enabled,
        )
    )


async def _newly_known(session: AsyncSession, identity: Identity) -> Account | None:
    """Whose the verified address is, unless the provider knows them by another subject."""
    is_known = select(Account.id).where(
        Account.oidc_issuer == identity.issuer, Account.oidc_subject == identity.subject
    )
    return await session.scalar(
        update(Account)
        .where(
            Account.email_key == key_of(identity.verified_email),
            Account.enabled,
            Account.oidc_subject.is_(None),
            ~is_known.exists(),
        )
        .values(oidc_issuer=identity.issuer, oidc_subject=identity.subject)
        .returning(Account)
    )
