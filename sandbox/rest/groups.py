"""group/bulk, group/member, groups/picker, and the writes that no app may make."""

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from sandbox.rest import beans
from sandbox.rest.caller import Administrator, PersonOnly, Reader, require_browse_users
from sandbox.rest.errors import JiraError
from sandbox.rest.meter import charge
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here
from sandbox.site import Group, NotOnThisSiteError, SiteState

router = APIRouter()
MEMBER_LIMIT = 50
BULK_LIMIT = 1000


class NewGroup(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str


class NewMember(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    accountId: str  # noqa: N815 - Jira's name


def _group(site: SiteState, name: str | None, group_id: str | None) -> Group:
    if not name and not group_id:
        raise JiraError(400, "Query parameter 'groupname' or 'groupId' needs to be provided")
    try:
        return site.group(group_id or name or "")
    except NotOnThisSiteError:
        raise JiraError(404, f"The group named '{group_id or name}' does not exist.") from None


# Atlassian lowered this endpoint's Connect scope from ADMIN to READ; older descriptions say ADMIN.
@router.get("/group/bulk")
def bulk_get_groups(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    group_id: Annotated[list[str] | None, Query(alias="groupId")] = None,
    group_name: Annotated[list[str] | None, Query(alias="groupName")] = None,
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> dict[str, Any]:
    """All groups by name, or those asked for; names without regard to case."""
    require_browse_users(caller)
    groups = sorted(sandbox.site.groups, key=lambda group: group.name.lower())
    if group_id or group_name:
        names = {name.lower() for name in group_name or []}
        groups = [g for g in groups if g.group_id in (group_id or []) or g.name.lower() in names]
    answer = beans.page(
        f"{sandbox.site.base_url}{beans.API}/group/bulk",
        request.query_params.multi_items(),
        groups,
        start_at=start_at,
        max_results=min(max_results, BULK_LIMIT),
        bean=lambda group: {"name": group.name, "groupId": group.group_id},
    )
    charge(request, len(answer["values"]))
    return answer


@router.get("/group/member")
def get_users_from_group(
    *,
    request: Request,
    sandbox: Here,
    caller: Administrator,
    groupname: str | None = None,
    group_id: Annotated[str | None, Query(alias="groupId")] = None,
    include_inactive: Annotated[bool, Query(alias="includeInactiveUsers")] = False,
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> dict[str, Any]:
    if not (caller.has_global("USER_PICKER") or caller.is_site_admin):
        raise JiraError(403, "Browse users and groups permission is required.")
    group = _group(sandbox.site, groupname, group_id)
    people = [sandbox.site.person(each) for each in group.members]
    answer = beans.page(
        f"{sandbox.site.base_url}{beans.API}/group/member",
        request.query_params.multi_items(),
        [person for person in people if person.active or include_inactive],
        start_at=start_at,
        max_results=min(max_results, MEMBER_LIMIT),
        bean=lambda person: beans.user_details(sandbox.site, person, caller),
    )
    charge(request, len(answer["values"]))
    return answer


@router.get("/groups/picker")
def find_groups(
    request: Request,
    sandbox: Here,
    caller: Reader,
    query: str = "",
    max_results: MaxResults = 20,
) -> dict[str, Any]:
    groups = sandbox.site.groups if caller.has_global("USER_PICKER") else []
    found = [group for group in groups if query.lower() in group.name.lower()]
    shown = sorted(found, key=lambda group: group.name)[:max_results]
    charge(request, len(shown))
    return {
        "header": f"Showing {len(shown)} of {len(found)} matching groups",
        "total": len(found),
        "groups": [
            {
                "name": group.name,
                "groupId": group.group_id,
                "html": escape(group.name),
                "labels": [],
            }
            for group in shown
        ],
    }


@router.post("/group", status_code=201)
def create_group(sandbox: Here, caller: PersonOnly, body: NewGroup) -> dict[str, Any]:
    _require_site_admin(caller.is_site_admin)
    try:
        group = sandbox.site.create_group(body.name)
    except ValueError as refused:
        raise JiraError(400, str(refused)) from None
    return {**beans.group_name(sandbox.site, group), "expand": "users"}


@router.post("/group/user", status_code=201)
def add_user_to_group(
    sandbox: Here,
    caller: PersonOnly,
    body: NewMember,
    groupname: str | None = None,
    group_id: Annotated[str | None, Query(alias="groupId")] = None,
) -> dict[str, Any]:
    _require_site_admin(caller.is_site_admin)
    group = _group(sandbox.site, groupname, group_id)
    try:
        sandbox.site.add_member(group.group_id, body.accountId)
    except NotOnThisSiteError as missing:
        raise JiraError(404, str(missing)) from None
    return {**beans.group_name(sandbox.site, group), "expand": "users"}


@router.delete("/group/user", status_code=200)
def remove_user_from_group(
    sandbox: Here,
    caller: PersonOnly,
    account_id: Annotated[str, Query(alias="accountId")],
    groupname: str | None = None,
    group_id: Annotated[str | None, Query(alias="groupId")] = None,
) -> None:
    _require_site_admin(caller.is_site_admin)
    group = _group(sandbox.site, groupname, group_id)
    sandbox.site.remove_member(group.group_id, account_id)


def _require_site_admin(site_admin: bool) -> None:
    if not site_admin:
        raise JiraError(403, "You need to be a site administrator to do this.")
