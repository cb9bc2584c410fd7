"""What an account owns, and handing all of it to one person in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict
from app.identity.visit import Visit
from app.integrations import connection_service, service
from app.integrations.models import Connection, Integration


@dataclass(frozen=True, slots=True)
class Takeover:
    """Who takes over, and the things of which they could have created each.

    Made by whoever asked Jira (`app.administration.taking_over`), as no transaction waits for it.
    """

    account: str
    may_own: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Owned:
    """Everything that has an owner and belongs to one account."""

    integrations: Sequence[Integration]
    connections: Sequence[Connection]

    @property
    def all(self) -> tuple[Integration | Connection, ...]:
        """Both kinds, connections last."""
        return (*self.integrations, *self.connections)


async def owned_by(session: AsyncSession, account: str) -> Owned:
    """What belongs to the account now, by name; nobody changes it until the transaction ends."""
    integrations = await session.scalars(
        select(Integration)
        .where(Integration.owner == account)
        .order_by(Integration.name, Integration.id)
        .with_for_update()
    )
    connections = await session.scalars(
        select(Connection)
        .where(Connection.owner == account)
        .order_by(Connection.name, Connection.id)
        .with_for_update()
    )
    return Owned(integrations.all(), connections.all())


async def give_all(
    session: AsyncSession, visit: Visit, account: str, takeover: Takeover | None
) -> int:
    """Hand everything of ``account`` over; how many things. ``Conflict`` if one may not be."""
    owned = await owned_by(session, account)
    if takeover is None and owned.all:
        raise Conflict(
            "They own integrations or connections.",
            title="Somebody has to take over first",
            mend="Choose who takes over what they own.",
        )
    if takeover is None:
        return 0
    if any(thing.id not in takeover.may_own for thing in owned.all):
        raise Conflict(
            "What they own has changed in the meantime.", mend="Open the dialog again to see it."
        )
    for integration in owned.integrations:
        await service.hand_over(session, visit, integration, takeover.account)
    for connection in owned.connections:
        await connection_service.hand_over(session, visit, connection, takeover.account)
    return len(owned.all)
