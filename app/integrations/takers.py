"""Who may become the owner of something: users of this instance and people of its Jira."""

from uuid import UUID

from sqlalchemy import Select, or_, select

from app.access import Action, Caller, Door, Place, decide
from app.administration.models import Account, WorkspaceAccess
from app.errors import CannotTell
from app.house import House
from app.identity.accounts import account_id_of
from app.identity.visit import ProjectInView, Visit
from app.identity.workspaces import projects_listed_for
from app.instances.facts import InstanceFacts
from app.integrations.jira_projects import NOT_LISTED, SearchResult, asking_jira
from app.integrations.models import Connection, Integration
from app.integrations.wording import why_not

_SHOWN = 20
CHOOSE = "Choose a person who can sign in."


async def find_takers(
    house: House, visit: Visit, query: str, *, but: str, workspace_id: UUID | None = None
) -> SearchResult:
    """People whose name or address begins so, ``but`` one; with a workspace those of it.

    Who works here without Jira is shown the others of that kind alone, and no addresses: they have
    no business with who else is in the customer's Jira.
    """
    if not query.strip() or not query.isprintable():
        return SearchResult()
    knows_all = _knows_all(visit)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = (
            await session.scalars(_users(query.strip(), workspace_id, by_address=knows_all))
        ).all()
    options = [
        (account.account, f"{account.name} ({account.email})" if knows_all else account.name)
        for account in found
        if account.account != but
    ]
    if visit.facts.linked_site is None or not knows_all:
        return SearchResult(options)
    try:
        with asking_jira():
            people = await house.jira.search_users(visit.facts.site, query[:200])
    except CannotTell as trouble:
        return SearchResult(options, f"{trouble.detail} Search again in a moment.")
    of_jira = [(f"jira:{it.account_id}", f"{it.display_name} (Jira)") for it in people if it.active]
    return SearchResult([*options, *(it for it in of_jira if it[0] != but)])


async def accepted_taker(
    house: House, visit: Visit, integration: Integration, taker: str
) -> tuple[str, str]:
    """What the new owner is called, or why this person cannot be it."""
    name = await name_of_taker(house, visit, taker)
    if name is None:
        return "", CHOOSE
    if integration.owner == taker:
        return "", f"{name} owns it already."
    caller = await taker_in_project(house, visit, taker, integration)
    if why := why_not_theirs(visit.facts, caller, integration):
        return "", f"{name} could not own it. They would be told: {why}"
    return name, ""


async def name_of_taker(house: House, visit: Visit, taker: str) -> str | None:
    """What they are called; None if there is nobody who can sign in."""
    if (account_id := account_id_of(taker)) is not None:
        known = await house.accounts.find(visit.caller.instance_id, account_id)
        return known.name if known is not None and known.enabled else None
    if not taker.startswith("jira:") or visit.facts.linked_site is None or not _knows_all(visit):
        return None
    known_as = taker.removeprefix("jira:")
    try:
        with asking_jira():
            users = await house.jira.users(visit.facts.site, [known_as])
    except ValueError:
        return None  # nothing that Jira could have given as an account id
    return next((it.display_name for it in users if it.account_id == known_as and it.active), None)


async def taker_in_project(
    house: House, visit: Visit, taker: str, thing: Integration | Connection
) -> Caller:
    """The taker as they would stand in the project of ``thing``."""
    key = thing.project_key if isinstance(thing, Integration) else ""
    project = ProjectInView(thing.project_id, key) if thing.project_id else None
    with asking_jira():
        return await house.doors.caller_of(visit.facts, taker, project, visit.licence)


def why_not_theirs(facts: InstanceFacts, caller: Caller, thing: Integration | Connection) -> str:
    """Why the taker could not have created it, as they would be told; empty if they could."""
    is_integration = isinstance(thing, Integration)
    action = Action.CREATE_INTEGRATION if is_integration else Action.CREATE_CONNECTION
    place = Place(
        thing.instance_id,
        workspace_id=thing.workspace_id,
        tool=thing.tool,
        project_id=thing.project_id,
    )
    decision = decide(caller, action, place)
    if not decision or thing.project_id is None:
        return why_not(decision)
    listed = projects_listed_for(facts, caller, thing.workspace_id)
    return NOT_LISTED if listed is not None and thing.project_id not in listed else ""


def _knows_all(visit: Visit) -> bool:
    return visit.caller.door is not Door.ACCOUNT or visit.caller.is_admin


def _users(query: str, workspace_id: UUID | None, *, by_address: bool) -> Select[Account]:
    """Of a workspace: those with access to it, and administrators."""
    begins = [
        Account.name.istartswith(query, autoescape=True),
        Account.name.icontains(f" {query}", autoescape=True),
    ]
    if by_address:
        begins.append(Account.email.istartswith(query, autoescape=True))
    statement = select(Account).where(Account.enabled, or_(*begins))
    if workspace_id is not None:
        has_access = select(WorkspaceAccess.account_id).where(
            WorkspaceAccess.account_id == Account.id, WorkspaceAccess.workspace_id == workspace_id
        )
        statement = statement.where(or_(Account.is_administrator, has_access.exists()))
    return statement.order_by(Account.name, Account.id).limit(_SHOWN)
