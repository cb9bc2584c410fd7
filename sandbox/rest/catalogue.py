"""What issues can hold: fields, screens, types, statuses, priorities, resolutions, labels."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from sandbox.issues.catalogue import (
    DEFAULT_PRIORITY,
    FIELDS,
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    Named,
    type_by_id,
)
from sandbox.permissions import Holder
from sandbox.rest import beans, issue_beans
from sandbox.rest.caller import Anybody, Reader
from sandbox.rest.errors import JiraError
from sandbox.rest.field_beans import field_details, field_metadata
from sandbox.rest.issue_input import edit_screen, required_fields, visible_issue
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here
from sandbox.site import NotOnThisSiteError, Project, SiteState

router = APIRouter()
META_LIMIT = 200
LABEL_LIMIT = 1000


def _project(
    site: SiteState, caller: Holder, id_or_key: str, permission: str = "BROWSE_PROJECTS"
) -> Project:
    try:
        project = site.project(id_or_key)
    except NotOnThisSiteError:
        project = None
    if project is None or not caller.has_in_project(permission, project):
        raise JiraError(404, f"No project could be found with key '{id_or_key}'.")
    return project


@router.get("/field")
async def get_fields(request: Request, _: Anybody) -> list[dict[str, Any]]:
    charge(request, len(FIELDS), CORE_POINTS)
    return [field_details(field) for field in FIELDS]


@router.get("/issue/createmeta/{id_or_key}/issuetypes")
async def get_create_types(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> dict[str, Any]:
    _project(sandbox.site, caller, id_or_key, "CREATE_ISSUES")
    shown = ISSUE_TYPES[start_at : start_at + min(max_results, META_LIMIT)]
    charge(request, len(shown), CORE_POINTS)
    return {
        "startAt": start_at,
        "maxResults": min(max_results, META_LIMIT),
        "total": len(ISSUE_TYPES),
        "issueTypes": [issue_beans.issue_type(sandbox.site, each) for each in shown],
    }


@router.get("/issue/createmeta/{id_or_key}/issuetypes/{issue_type_id}")
async def get_create_fields(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    issue_type_id: str,
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> dict[str, Any]:
    project = _project(sandbox.site, caller, id_or_key, "CREATE_ISSUES")
    kind = type_by_id.get(issue_type_id)
    if kind is None:
        raise JiraError(404, f"There is no issue type {issue_type_id} in this project.")
    required = {"project", "issuetype", *required_fields(project, kind)}
    names = ["project", *edit_screen()]
    shown = names[start_at : start_at + min(max_results, META_LIMIT)]
    charge(request, len(shown), CORE_POINTS)
    return {
        "startAt": start_at,
        "maxResults": min(max_results, META_LIMIT),
        "total": len(names),
        "fields": [
            {**field_metadata(sandbox.site, name, required=name in required), "fieldId": name}
            for name in shown
        ],
    }


@router.get("/issue/{id_or_key}/editmeta")
async def get_edit_fields(
    request: Request, sandbox: Here, caller: Reader, id_or_key: str
) -> dict[str, Any]:
    issue = visible_issue(sandbox, caller, id_or_key)
    names = edit_screen(issue)
    charge(request, len(names), CORE_POINTS)
    return {
        "fields": {
            name: field_metadata(sandbox.site, name, required=name == "summary") for name in names
        }
    }


@router.get("/project/{id_or_key}/statuses")
async def get_statuses(
    request: Request, sandbox: Here, caller: Anybody, id_or_key: str
) -> list[dict[str, Any]]:
    """By issue type, as one workflow could differ from the next."""
    _project(sandbox.site, caller, id_or_key)
    charge(request, len(ISSUE_TYPES), CORE_POINTS)
    statuses = [issue_beans.status(sandbox.site, each) for each in STATUSES]
    return [
        {
            "self": f"{sandbox.site.base_url}{beans.API}/issuetype/{kind.id}",
            "id": kind.id,
            "name": kind.name,
            "subtask": kind.subtask,
            "statuses": statuses,
        }
        for kind in ISSUE_TYPES
    ]


@router.get("/status")
async def get_all_statuses(request: Request, sandbox: Here, _: Anybody) -> list[dict[str, Any]]:
    charge(request, len(STATUSES), CORE_POINTS)
    return [issue_beans.status(sandbox.site, each) for each in STATUSES]


@router.get("/issuetype")
async def get_issue_types(request: Request, sandbox: Here, _: Anybody) -> list[dict[str, Any]]:
    charge(request, len(ISSUE_TYPES), CORE_POINTS)
    return [issue_beans.issue_type(sandbox.site, each) for each in ISSUE_TYPES]


def _priority(site: SiteState, found: Named) -> dict[str, Any]:
    return {
        **issue_beans.priority(site, found),
        "statusColor": found.colour,
        "description": found.description,
    }


@router.get("/priority")
async def get_priorities(request: Request, sandbox: Here, _: Reader) -> list[dict[str, Any]]:
    """Deprecated by Atlassian in favour of priority/search; Python clients still call it."""
    charge(request, len(PRIORITIES), CORE_POINTS)
    return [_priority(sandbox.site, each) for each in PRIORITIES]


@router.get("/priority/search")
async def search_priorities(
    *,
    request: Request,
    sandbox: Here,
    _: Reader,
    ids: Annotated[list[str] | None, Query(alias="id")] = None,
    name: Annotated[str, Query(alias="priorityName")] = "",
    start_at: StartAt = 0,
    max_results: MaxResults = 50,
) -> dict[str, Any]:
    found = [
        each
        for each in PRIORITIES
        if (ids is None or each.id in ids) and name.lower() in each.name.lower()
    ]
    answer = beans.page(
        f"{sandbox.site.base_url}{beans.API}/priority/search",
        request.query_params.multi_items(),
        found,
        start_at=start_at,
        max_results=max_results,
        bean=lambda each: {
            **_priority(sandbox.site, each),
            "isDefault": each.id == DEFAULT_PRIORITY,
        },
    )
    charge(request, len(answer["values"]), CORE_POINTS)
    return answer


@router.get("/resolution")
async def get_resolutions(request: Request, sandbox: Here, _: Reader) -> list[dict[str, Any]]:
    charge(request, len(RESOLUTIONS), CORE_POINTS)
    return [issue_beans.resolution(sandbox.site, each) for each in RESOLUTIONS]


@router.get("/label")
async def get_labels(
    *,
    request: Request,
    sandbox: Here,
    _: Reader,
    start_at: StartAt = 0,
    max_results: MaxResults = LABEL_LIMIT,
) -> dict[str, Any]:
    issues = sandbox.site.issues.all()
    labels = sorted({label for issue in issues for label in issue.fields.get("labels", [])})
    answer: dict[str, Any] = beans.page(
        f"{sandbox.site.base_url}{beans.API}/label",
        request.query_params.multi_items(),
        labels,
        start_at=start_at,
        max_results=min(max_results, LABEL_LIMIT),
        bean=lambda label: label,
    )
    charge(request, len(answer["values"]), CORE_POINTS)
    return answer
