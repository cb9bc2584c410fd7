"""One-time links with which somebody sets their password: an invitation, or a reset.

A link carries ``<instance id, hexadecimal>.<secret>``, so that it is looked up within its instance;
only the SHA-256 of the secret is kept. It stands in the fragment of an address, which a browser
tells to no server, so that no log of ours or of a proxy ever has it.
"""

import secrets
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account, AccountLink
from app.encryption import digest

Purpose = Literal["invitation", "reset"]
GOOD_FOR: dict[Purpose, timedelta] = {
    "invitation": timedelta(days=7),
    "reset": timedelta(hours=1),
}
WELCOME = "/welcome"
_NOW = func.statement_timestamp()


async def new_link(session: AsyncSession, account: Account, purpose: Purpose) -> str:
    """Make a link for the account and return its token; whatever link it had is worth nothing."""
    # Of two that are made at once the later one counts, and it alone.
    await session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    await void_links(session, account)
    secret = secrets.token_urlsafe(32)
    session.add(
        AccountLink(
            id=uuid4(),
            instance_id=account.instance_id,
            account_id=account.id,
            purpose=purpose,
            token_hash=digest(secret),
            email_key=account.email_key,
            expires_at=_NOW + GOOD_FOR[purpose],
        )
    )
    await session.flush()
    return f"{account.instance_id.hex}.{secret}"


async def void_links(session: AsyncSession, account: Account) -> None:
    """Let no link of the account be good for anything any more."""
    await session.execute(
        delete(AccountLink).where(
            AccountLink.account_id == account.id, AccountLink.used_at.is_(None)
        )
    )


async def account_of_link(session: AsyncSession, token: str) -> Account | None:
    """Whose link it is, while it is good; it stays so. None for every other token, alike."""
    return await session.scalar(
        select(Account)
        .join(AccountLink, AccountLink.account_id == Account.id)
        .where(_is_good(token), AccountLink.email_key == Account.email_key)
    )


async def use_link(session: AsyncSession, token: str) -> Account | None:
    """Whose link it was; it is good for nothing from now on. None for every other token, alike.

    Of two who use it at the same moment one gets the account.
    """
    used = (
        update(AccountLink)
        .where(
            _is_good(token),
            AccountLink.account_id == Account.id,
            AccountLink.email_key == Account.email_key,
        )
        .values(used_at=_NOW)
        .returning(AccountLink.account_id)
        .execution_options(synchronize_session=False)
    )
    account_id = await session.scalar(used)
    if account_id is None:
        return None
    return await session.get(Account, account_id, with_for_update=True, populate_existing=True)


def instance_of(token: str) -> UUID | None:
    """The instance that a token names, which proves nothing yet; None for what is no token."""
    try:
        return UUID(hex=token.partition(".")[0])
    except ValueError:
        return None


def address_of(app_base_url: str, token: str) -> str:
    """The address to open, with the token where no server sees it."""
    return f"{app_base_url}{WELCOME}#{token}"


def _is_good(token: str) -> ColumnElement[bool]:
    """Of the bound instance; the newest of its account, as making one takes away the others."""
    return (
        (AccountLink.token_hash == digest(token.partition(".")[2]))
        & AccountLink.used_at.is_(None)
        & (AccountLink.expires_at > _NOW)
    )
