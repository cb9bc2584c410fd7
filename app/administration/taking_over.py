"""Who may take over what somebody owns: asked of Jira and the core before anything is changed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select

from app.access import Action, Caller, Place, decide
from app.administration.models import Account
from app.administration.owned import Takeover
from app.errors import CannotTell, InvalidInput
from app.house import House
from app.identity.accounts import account_id_of
from app.identity.visit import ProjectInView, Visit
from app.integrations.jira_projects import SearchResult, asking_jira
from app.integrations.models import Connection, Integration
from app.integrations.wording import why_not

_SHOWN = 20
_NOBODY = "Choose a person who can sign in."


async def find_takers(house: House, visit: Visit, leaving: Account, query: str) -> SearchResult:
    """Users of this instance and people of its Jira whose name or address begins so."""
    if not query.strip() or not query.isprintable():
        return SearchResult()
    options = await _users(house, visit, leaving, query.strip())
    if visit.facts.linked_site is None:
        return SearchResult(options)
    try:
        with asking_jira():
            found = await house.jira.search_users(visit.facts.site, query[:200])
    except CannotTell as trouble:
        return SearchResult(options, f"{trouble.detail} Search again in a moment.")
    of_jira = [
        (f"jira:{user.account_id}", f"{user.display_name} (Jira)") for user in found if user.active
    ]
    return SearchResult([*options, *of_jira])


async def takeover_by(
    house: House,
    visit: Visit,
    leaving: Account,
    things: Sequence[Integration | Connection],
    taker: str,
) -> Takeover:
    """That ``taker`` could have created each of the things; ``InvalidInput`` with the reason."""
    name = await _name_of(house, visit, leaving, taker)
    callers = await _callers(house, visit, taker, things)
    for thing in things:
        action = (
            Action.CREATE_INTEGRATION
            if isinstance(thing, Integration)
            else Action.CREATE_CONNECTION
        )
        place = Place(
            thing.instance_id,
            workspace_id=thing.workspace_id,
            tool=thing.tool,
            project_id=thing.project_id,
        )
        decision = decide(callers[thing.project_id], action, place)
        if not decision:
            raise _refused(
                f"{name} could not own {thing.name}. They would be told: {why_not(decision)}"
            )
    return Takeover(taker, frozenset(thing.id for thing in things))


async def _users(house: House, visit: Visit, leaving: Account, query: str) -> list[tuple[str, str]]:
    statement = (
        select(Account)
        .where(
            Account.enabled,
            Account.id != leaving.id,
            or_(
                Account.name.icontains(query, autoescape=True),
                Account.email.icontains(query, autoescape=True),
            ),
        )
        .order_by(Account.name, Account.id)
        .limit(_SHOWN)
    )
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = (await session.scalars(statement)).all()
    return [(account.account, f"{account.name} ({account.email})") for account in found]


async def _name_of(house: House, visit: Visit, leaving: Account, taker: str) -> str:
    """What the taker is called; ``InvalidInput`` if there is nobody who can sign in."""
    if taker != leaving.account and (account_id := account_id_of(taker)) is not None:
        known = await house.accounts.find(visit.caller.instance_id, account_id)
        if known is not None and known.enabled:
            return known.name
    if taker.startswith("jira:") and visit.facts.linked_site is not None:
        known_as = taker.removeprefix("jira:")
        try:
            with asking_jira():
                users = await house.jira.users(visit.facts.site, [known_as])
        except ValueError:
            users = ()  # nothing that Jira could have given as an account id
        for user in users:
            if user.account_id == known_as and user.active:
                return user.display_name
    raise _refused(_NOBODY)


async def _callers(
    house: House, visit: Visit, taker: str, things: Iterable[Integration | Connection]
) -> dict[str | None, Caller]:
    """The taker as they would stand in each of the projects."""
    keys = {thing.project_id: getattr(thing, "project_key", "") for thing in things}
    callers = {}
    for project_id, key in keys.items():
        project = ProjectInView(project_id, key) if project_id else None
        with asking_jira():
            callers[project_id] = await house.doors.caller_of(
                visit.facts, taker, project, visit.licence
            )
    return callers


def _refused(why: str) -> InvalidInput:
    return InvalidInput(fields={"taker": why})
