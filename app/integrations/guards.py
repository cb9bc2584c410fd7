"""Dependencies for addresses with an id: the thing is fetched as far as it may be seen, then
the route's action is decided on it.
"""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, or_, select, true

from app.access import Action, visible
from app.errors import NotFound
from app.house import House, house_of
from app.identity.guard import Guard
from app.identity.visit import ProjectInView, Proof, Visit
from app.integrations.models import Connection, Integration
from app.integrations.reading import things

T = TypeVar("T", Integration, Connection)


@dataclass(frozen=True, slots=True)
class At(Generic[T]):
    """A visit to one thing, on which the route's action was granted."""

    visit: Visit
    thing: T


class the_integration:  # noqa: N801 - reads as what it asks for
    """Asks for proof, and for ``action`` on the integration of the address."""

    def __init__(self, action: Action, proof: Proof = Proof.CONTEXT) -> None:
        self.proof = proof
        self.action = action
        self._guard = Guard(self.proof, action)

    async def __call__(self, request: Request, integration_id: str) -> At[Integration]:
        house, visit = house_of(request), await self._guard(request)
        thing = await found(house, visit, Integration, Action.SEE_INTEGRATION, integration_id)
        visit.require(thing)
        return At(_in_its_workspace(visit, thing), thing)


class the_connection:  # noqa: N801 - reads as what it asks for
    """Asks for proof, and for ``action`` on the connection of the address."""

    def __init__(self, action: Action, proof: Proof = Proof.CONTEXT) -> None:
        self.proof = proof
        self.action = action
        self._guard = Guard(self.proof, action)

    async def __call__(self, request: Request, connection_id: str) -> At[Connection]:
        house, visit = house_of(request), await self._guard(request)
        thing = await found(house, visit, Connection, Action.SEE_CONNECTION, connection_id)
        visit.require(thing)
        return At(_in_its_workspace(visit, thing), thing)


def in_view(
    project: ProjectInView | None, columns: type[Integration] | type[Connection]
) -> ColumnElement[bool]:
    """From a project's settings only what is of that project; connections also if of none."""
    if project is None:
        return true()
    of_it = columns.project_id == project.id
    return or_(of_it, columns.project_id.is_(None)) if columns is Connection else of_it


def in_workspace(
    project: ProjectInView | None,
    workspace_id: UUID,
    columns: type[Integration] | type[Connection],
) -> ColumnElement[bool]:
    """What lists show besides: the workspace somebody is in; from a project's settings any."""
    return columns.workspace_id == workspace_id if project is None else true()


async def found(house: House, visit: Visit, model: type[T], see: Action, thing_id: UUID | str) -> T:
    """The thing, if the visitor may see it; ``NotFound`` otherwise."""
    try:
        wanted = UUID(str(thing_id))
    except ValueError:
        raise NotFound from None
    statement = select(model).where(
        model.id == wanted, visible(visit.caller, see, model), in_view(visit.project, model)
    )
    rows = await things(house, visit, statement)
    if not rows:
        raise NotFound
    return rows[0]


def _in_its_workspace(visit: Visit, thing: Integration | Connection) -> Visit:
    """A visit to the workspace of the thing: what is chosen for it is chosen from there."""
    if thing.workspace_id == visit.workspace_id:
        return visit
    return replace(visit, workspace=thing.workspace_id)
