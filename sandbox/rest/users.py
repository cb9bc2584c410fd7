"""user, user/groups, user/bulk, user/search and myself."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.caller import Reader, require_browse_users
from sandbox.rest.errors import JiraError
from sandbox.rest.meter import charge
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here
from sandbox.site import NotOnThisSiteError, Person, SiteState

router = APIRouter()
NO_SUCH_USER = "Specified user does not exist or you do not have required permissions"
BULK_LIMIT = 200
SEARCH_LIMIT = 1000

AccountId = Annotated[str | None, Query(alias="accountId", max_length=128)]


def _person(site: SiteState, account_id: str | None) -> Person:
    if not account_id:
        raise JiraError(400, "The accountId query parameter needs to be provided")
    person = site.find_person(account_id)
    if person is None:
        raise JiraError(404, NO_SUCH_USER)
    return person


@router.get("/user")
def get_user(
    request: Request,
    sandbox: Here,
    caller: Reader,
    account_id: AccountId = None,
    expand: str | None = None,
) -> dict[str, Any]:
    require_browse_users(caller)
    person = _person(sandbox.site, account_id)
    charge(request, 1)
    return beans.user(sandbox.site, person, caller, expand)


@router.get("/user/groups")
def get_user_groups(
    request: Request, sandbox: Here, caller: Reader, account_id: AccountId = None
) -> list[dict[str, Any]]:
    require_browse_users(caller)
    groups = sandbox.site.groups_of(_person(sandbox.site, account_id).account_id)
    charge(request, len(groups))
    return [beans.group_name(sandbox.site, group) for group in groups]


@router.get("/user/bulk")
def bulk_get_users(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    account_id: Annotated[list[str] | None, Query(alias="accountId")] = None,
    start_at: StartAt = 0,
    max_results: MaxResults = 10,
) -> dict[str, Any]:
    """Ids that nobody has are left out, as Jira does."""
    if not account_id:
        raise JiraError(400, "The accountId query parameter needs to be provided")
    found = [person for person in sandbox.site.people if person.account_id in account_id]
    answer = beans.page(
        f"{sandbox.site.base_url}{beans.API}/user/bulk",
        request.query_params.multi_items(),
        found,
        start_at=start_at,
        max_results=min(max_results, BULK_LIMIT),
        bean=lambda person: beans.user(sandbox.site, person, caller),
    )
    charge(request, len(answer["values"]))
    return answer


@router.get("/user/search")
def find_users(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    query: str | None = None,
    account_id: AccountId = None,
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> list[dict[str, Any]]:
    """By the beginning of a word of the display name, or of the e-mail; empty if not allowed."""
    if query is None and account_id is None:
        raise JiraError(400, "Either query, property or accountId has to be provided")
    people = sandbox.site.people if caller.has_global("USER_PICKER") else []
    if account_id is not None:
        people = [person for person in people if person.account_id == account_id]
    if query is not None:
        people = [person for person in people if _matches(person, query)]
    shown = people[start_at : start_at + min(max_results, SEARCH_LIMIT)]
    charge(request, len(shown))
    return [beans.user(sandbox.site, person, caller) for person in shown]


def _matches(person: Person, query: str) -> bool:
    wanted = query.strip().lower()
    name = person.display_name.lower()
    words = [name, *name.split(), person.email.lower()]
    return any(word.startswith(wanted) for word in words)


@router.get("/user/assignable/search")
async def find_assignable(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    query: str = "",
    account_id: AccountId = None,
    project: str | None = None,
    issue_key: Annotated[str | None, Query(alias="issueKey")] = None,
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> list[dict[str, Any]]:
    """Who may be the assignee in this project, or of this issue."""
    key = project or (issue_key or "").rpartition("-")[0]
    if not key:
        raise JiraError(400, "One of the query parameters 'project', 'issueKey' is required.")
    try:
        found = sandbox.site.project(key)
    except NotOnThisSiteError:
        raise JiraError(404, f"No project could be found with key '{key}'.") from None
    people = [
        person
        for person in sandbox.site.people
        if Holder(sandbox.site, person=person).has_in_project("BROWSE_PROJECTS", found)
        and account_id in (None, person.account_id)
        and _matches(person, query)
    ]
    shown = people[start_at : start_at + min(max_results, SEARCH_LIMIT)]
    charge(request, len(shown))
    return [beans.user(sandbox.site, person, caller) for person in shown]


@router.get("/myself")
def get_current_user(
    request: Request, sandbox: Here, caller: Reader, expand: str | None = None
) -> dict[str, Any]:
    charge(request, 1)
    if caller.addon is not None:
        return beans.app_user(sandbox.site, caller.addon)
    return beans.user(sandbox.site, _signed_in(caller.person), caller, expand)


def _signed_in(person: Person | None) -> Person:
    if person is None:
        raise JiraError(401, NO_SUCH_USER)
    return person
