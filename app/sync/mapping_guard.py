"""The dependency of addresses that name a type mapping of an integration."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlalchemy import select

from app.access import Action
from app.errors import NotFound
from app.house import house_of
from app.identity.visit import Proof, Visit
from app.integrations.guards import the_integration
from app.integrations.models import Integration
from app.integrations.reading import things
from app.sync.models import TypeMapping


@dataclass(frozen=True, slots=True)
class AtMapping:
    """A visit to one type mapping; the route's action was granted on its integration."""

    visit: Visit
    integration: Integration
    mapping: TypeMapping


class the_mapping:  # noqa: N801 - reads as what it asks for
    """Asks for a context token, and for ``action`` on the integration that the mapping is of."""

    def __init__(self, action: Action) -> None:
        self.proof = Proof.CONTEXT
        self.action = action
        self._integration = the_integration(action)

    async def __call__(self, request: Request, integration_id: str, mapping_id: str) -> AtMapping:
        at = await self._integration(request, integration_id)
        try:
            wanted = UUID(mapping_id)
        except ValueError:
            raise NotFound from None
        statement = select(TypeMapping).where(
            TypeMapping.id == wanted, TypeMapping.integration_id == at.thing.id
        )
        found = await things(house_of(request), at.visit, statement)
        if not found:
            raise NotFound
        return AtMapping(at.visit, at.thing, found[0])
