"""Dependencies for addresses with the id of a run: it is fetched with its integration as far as it
may be seen, then the route's action is decided on it.
"""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, and_, select

from app.access import Action, Place, visible
from app.errors import NotFound
from app.house import House, house_of
from app.identity.guard import Guard
from app.identity.visit import Proof, Visit
from app.integrations.guards import in_view
from app.integrations.models import Integration
from app.runs.models import Run
from app.support.models import RunShare


@dataclass(frozen=True, slots=True)
class AtRun:
    """A visit to one run, on which the route's action was granted; ``share`` is the open one."""

    visit: Visit
    run: Run
    integration: Integration
    share: RunShare | None

    @property
    def place(self) -> Place:
        """What the rules look at: the run is where its integration is."""
        return place_of_run(self.integration, shared=self.share is not None)


class the_run:  # noqa: N801 - reads as what it asks for
    """Asks for proof, and for ``action`` on the run of the address."""

    def __init__(self, action: Action, proof: Proof = Proof.CONTEXT) -> None:
        self.proof = proof
        self.action = action
        self._guard = Guard(self.proof, action)

    async def __call__(self, request: Request, run_id: str) -> AtRun:
        visit = await self._guard(request)
        at = await run_seen(house_of(request), visit, run_id)
        visit.require(at.place)
        return at


async def run_seen(house: House, visit: Visit, run_id: UUID | str) -> AtRun:
    """The run as it is now, if the visitor may see that it happened; ``NotFound`` otherwise."""
    try:
        wanted = UUID(str(run_id))
    except ValueError:
        raise NotFound from None
    statement = (
        select(Run, Integration, RunShare)
        .join(Integration, OF_RUN)
        .outerjoin(RunShare, SHARE_OF_RUN)
        .where(
            Run.id == wanted,
            visible(visit.caller, Action.SEE_RUN, Integration),
            in_view(visit.project, Integration),
        )
    )
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound
    return AtRun(visit, *found)


def place_of_run(integration: Integration, *, shared: bool) -> Place:
    """A run as the rules see it: where its integration is."""
    return Place(
        integration.instance_id,
        workspace_id=integration.workspace_id,
        tool=integration.tool,
        project_id=integration.project_id,
        owner=integration.owner,
        shared_with_support=shared,
    )


OF_RUN: ColumnElement[bool] = and_(
    Integration.instance_id == Run.instance_id, Integration.id == Run.integration_id
)
"""Joins a run with its integration."""

SHARE_OF_RUN: ColumnElement[bool] = and_(
    RunShare.instance_id == Run.instance_id, RunShare.run_id == Run.id, RunShare.in_force()
)
"""Joins a run with the share that is in force; there is at most one."""
