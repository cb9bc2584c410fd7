"""Names of support's agents, for the customers whom they look at. They are never e-mail addresses.

In the trail an agent is ``agent:<id>``, as a person of Jira is ``jira:<account id>``.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.accounts import account_id_of
from app.identity.people import UNKNOWN, Person
from app.support.models import SupportAgent

_PREFIX = "agent:"


async def agents_named(session: AsyncSession, accounts: Iterable[str]) -> dict[str, Person]:
    """A Person for every account of an agent among ``accounts``."""
    ids = {account: found for account in accounts if (found := account_id_of(account, _PREFIX))}
    if not ids:
        return {}
    rows = await session.execute(
        select(SupportAgent.id, SupportAgent.display_name).where(SupportAgent.id.in_(ids.values()))
    )
    names = dict(rows.all())
    return {account: _person(account, names.get(agent_id)) for account, agent_id in ids.items()}


def _person(account: str, name: str | None) -> Person:
    if name is None:
        return Person(account, UNKNOWN, is_known=False)
    return Person(account, f"{name} (support)")
