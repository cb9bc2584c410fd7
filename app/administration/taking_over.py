"""Who may take over what somebody owns: asked of Jira and the core before anything is changed."""

from collections.abc import Sequence

from app.access import Caller
from app.administration.models import Account
from app.administration.owned import Takeover
from app.errors import InvalidInput
from app.house import House
from app.identity.visit import Visit
from app.integrations.models import Connection, Integration
from app.integrations.takers import CHOOSE, name_of_taker, taker_in_project, why_not_theirs


async def takeover_by(
    house: House,
    visit: Visit,
    leaving: Account,
    things: Sequence[Integration | Connection],
    taker: str,
) -> Takeover:
    """That ``taker`` could have created each of the things; ``InvalidInput`` with the reason."""
    name = None if taker == leaving.account else await name_of_taker(house, visit, taker)
    if name is None:
        raise _refused(CHOOSE)
    callers: dict[str | None, Caller] = {}
    for thing in things:
        if thing.project_id not in callers:
            callers[thing.project_id] = await taker_in_project(house, visit, taker, thing)
        if why := why_not_theirs(visit.facts, callers[thing.project_id], thing):
            raise _refused(f"{name} could not own {thing.name}. They would be told: {why}")
    return Takeover(taker, frozenset(thing.id for thing in things))


def _refused(why: str) -> InvalidInput:
    return InvalidInput(fields={"taker": why})
