"""How people sign in: whether a second factor is a must, and the customer's identity provider.

Everything arrives checked: the visitor may manage users. Each step is recorded and announced in
its transaction.
"""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account, IdentityProvider
from app.administration.turns import take_turn
from app.audit.trail import record
from app.changes import Changes
from app.errors import Conflict, InvalidInput
from app.identity.visit import Visit
from app.instances.directory import provider_place
from app.instances.models import Instance


async def require_second_factor(
    session: AsyncSession, changes: Changes, visit: Visit, *, required: bool
) -> None:
    """Set whether a password alone is enough; twice is once."""
    changed = await session.scalar(
        update(Instance)
        .where(Instance.id == visit.caller.instance_id, Instance.second_factor_required != required)
        .values(second_factor_required=required)
        .returning(Instance.id)
    )
    if changed is not None:
        await _tell(
            session, changes, visit, {"second factor": "a must" if required else "optional"}
        )


async def set_provider(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    *,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str,
) -> None:
    """Let people sign in at this provider; an empty secret stays as it is.

    ``InvalidInput`` without a secret where none is kept. Another issuer's word on who somebody is
    counts for nothing, so people are found anew by their verified address.
    """
    await take_turn(session, visit.caller.instance_id)
    provider = await session.get(IdentityProvider, visit.caller.instance_id)
    if not client_secret and (provider is None or provider.issuer != issuer):
        raise InvalidInput(fields={"client_secret": "A client secret is needed."})
    if provider is None:
        provider = IdentityProvider(instance_id=visit.caller.instance_id)
        session.add(provider)
    elif provider.issuer != issuer:
        await _forget_subjects(session)
    provider.name, provider.issuer, provider.client_id = name, issuer, client_id
    if client_secret:
        place = provider_place(visit.caller.instance_id)
        provider.client_secret = visit.facts.key.seal(client_secret.encode(), *place)
    await _tell(session, changes, visit, {"identity provider": "set", "issuer": issuer})


async def remove_provider(session: AsyncSession, changes: Changes, visit: Visit) -> None:
    """Let nobody sign in at the provider any more; twice is once.

    ``Conflict`` where that would leave an instance without Jira with nobody to administer it.
    """
    await take_turn(session, visit.caller.instance_id)
    provider = await session.get(IdentityProvider, visit.caller.instance_id)
    if provider is None:
        return
    if visit.facts.linked_site is None and not await _administrators_with_password(session):
        raise Conflict(
            "No administrator has a password, so nobody could administer Getint.",
            title="The identity provider is still needed",
            mend="Reset the password of an administrator first, and set it with the link.",
        )
    await session.delete(provider)
    await _forget_subjects(session)
    await _tell(session, changes, visit, {"identity provider": "removed"})


async def _forget_subjects(session: AsyncSession) -> None:
    await session.execute(update(Account).values(oidc_issuer=None, oidc_subject=None))


async def _administrators_with_password(session: AsyncSession) -> int:
    found = await session.scalar(
        select(func.count())
        .select_from(Account)
        .where(Account.enabled, Account.is_administrator, Account.password_hash.is_not(None))
    )
    return found or 0


async def _tell(
    session: AsyncSession, changes: Changes, visit: Visit, details: dict[str, Any]
) -> None:
    await session.flush()
    record(session, visit, kind="sign-in", details=details)
    await changes.announce(session, visit.caller.instance_id)
