"""The second factor of people with an account: sealed in their row, and each code counts once."""

from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account
from app.encryption import CannotOpen
from app.instances.facts import InstanceFacts
from app.signing_in import totp

ISSUER = "Getint"


def seal(facts: InstanceFacts, account_id: UUID, secret: str) -> bytes:
    """As ``totp_secret`` keeps it."""
    return facts.key.seal(secret.encode(), *_place(account_id))


def step_of(facts: InstanceFacts, account: Account, code: str) -> int | None:
    """The time step that the code is of; None for a wrong one, and where nobody is enrolled."""
    return totp.step_of(_secret(facts, account), code)


async def use_step(session: AsyncSession, account_id: UUID, step: int) -> bool:
    """Note that a code was used; False if it, or a later one, was used before."""
    used = await session.scalar(
        update(Account)
        .where(
            Account.id == account_id,
            Account.enabled,
            or_(Account.totp_step.is_(None), Account.totp_step < step),
        )
        .values(totp_step=step)
        .returning(Account.id)
    )
    return used is not None


def _secret(facts: InstanceFacts, account: Account) -> str | None:
    if account.totp_secret is None:
        return None
    try:
        return facts.key.open(account.totp_secret, *_place(account.id)).decode()
    except CannotOpen:
        return None


def _place(account_id: UUID) -> tuple[object, ...]:
    return ("accounts", account_id, "totp_secret")
