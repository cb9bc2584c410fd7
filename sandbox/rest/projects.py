"""project/search, project/{projectIdOrKey}, and the old list that clients still read."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.caller import Anybody
from sandbox.rest.errors import JiraError
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here
from sandbox.site import NotOnThisSiteError, Project, SiteState

router = APIRouter()
PAGE_LIMIT = 50
ACTIONS = {
    "view": "BROWSE_PROJECTS",
    "browse": "BROWSE_PROJECTS",
    "edit": "ADMINISTER_PROJECTS",
    "create": "CREATE_ISSUES",
}
Words = Annotated[list[str] | None, Query()]


def _permitted(site: SiteState, caller: Holder, action: str = "view") -> list[Project]:
    if action not in ACTIONS:
        raise JiraError(400, f"'{action}' is not a valid action.")
    return [p for p in site.projects if caller.has_in_project(ACTIONS[action], p)]


def _ordered(projects: list[Project], order_by: str) -> list[Project]:
    field = order_by.lstrip("+-")
    if field not in ("key", "name"):
        raise JiraError(400, f"'{order_by}' is not a valid value for orderBy.")
    return sorted(
        projects, key=lambda p: str(getattr(p, field)).lower(), reverse=order_by.startswith("-")
    )


@router.get("/project/search")
def search_projects(
    *,
    request: Request,
    sandbox: Here,
    caller: Anybody,
    query: str = "",
    ids: Annotated[list[str] | None, Query(alias="id")] = None,
    keys: Words = None,
    type_key: Annotated[str | None, Query(alias="typeKey")] = None,
    action: str = "view",
    order_by: Annotated[str, Query(alias="orderBy")] = "key",
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> dict[str, Any]:
    """Pages of 50 at most, whatever is asked for."""
    projects = _ordered(_permitted(sandbox.site, caller, action), order_by)
    found = [
        project
        for project in projects
        if (ids is None or str(project.id) in ids)
        and (keys is None or project.key in keys)
        and (type_key is None or project.type_key in type_key.split(","))
        and any(query.lower() in text.lower() for text in (project.key, project.name))
    ]
    answer = beans.page(
        f"{sandbox.site.base_url}{beans.API}/project/search",
        request.query_params.multi_items(),
        found,
        start_at=start_at,
        max_results=min(max_results, PAGE_LIMIT),
        bean=lambda project: beans.project(sandbox.site, project, caller),
    )
    charge(request, len(answer["values"]), CORE_POINTS)
    return answer


@router.get("/project")
def get_all_projects(request: Request, sandbox: Here, caller: Anybody) -> list[dict[str, Any]]:
    """Deprecated by Atlassian in favour of project/search; Python clients still call it."""
    projects = _permitted(sandbox.site, caller)
    charge(request, len(projects), CORE_POINTS)
    return [beans.project(sandbox.site, project, caller) for project in projects]


@router.get("/project/{id_or_key}")
def get_project(request: Request, sandbox: Here, caller: Anybody, id_or_key: str) -> dict[str, Any]:
    try:
        project = sandbox.site.project(id_or_key)
    except NotOnThisSiteError:
        project = None
    if project is None or not caller.has_in_project("BROWSE_PROJECTS", project):
        raise JiraError(404, f"No project could be found with key '{id_or_key}'.")
    charge(request, 1, CORE_POINTS)
    return beans.project(sandbox.site, project, caller)
