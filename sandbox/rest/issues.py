"""issue: create, in bulk too, get, edit, delete, assign; and its history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.issues.models import Issue
from sandbox.issues.values import differences
from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.caller import Deleter, Reader, Writer
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_beans import IssueBeans, names_and_schema, wanted_fields
from sandbox.rest.issue_input import (
    Input,
    IssueDetails,
    account_of,
    check_new_parent,
    edit_screen,
    may,
    properties_of,
    read_new_issue,
    visible_issue,
    writable_issue,
)
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here, Sandbox

router = APIRouter()
BULK_LIMIT = 50
FETCH_LIMIT = 100
HISTORY_PAGE = 100
Names = Annotated[list[str] | None, Query()]


class Bulk(BaseModel):
    """IssuesUpdateBean; each entry is read for itself, so that one may fail alone."""

    model_config = ConfigDict(extra="ignore")
    issueUpdates: list[dict[str, Any]] = []  # noqa: N815 - Jira's name


class BulkFetch(BaseModel):
    """BulkFetchIssueRequestBean."""

    model_config = ConfigDict(extra="forbid")
    issueIdsOrKeys: list[str]  # noqa: N815 - Jira's names
    fields: list[str] | None = None
    properties: list[str] | None = None
    expand: list[str] | None = None
    fieldsByKeys: bool = False  # noqa: N815


class Assignee(BaseModel):
    model_config = ConfigDict(extra="ignore")
    accountId: str | None = None  # noqa: N815 - Jira's name


def _create(sandbox: Sandbox, caller: Holder, body: IssueDetails) -> Issue:
    given = read_new_issue(sandbox.site, caller, body)
    properties = properties_of(body.properties)
    project = given.project
    issues = sandbox.site.issues
    issue = issues.add((project.id, project.key), given.values, account_of(caller), properties)
    for document in given.comments:
        issues.comment(issues.find(issue.key) or issue, account_of(caller), document, {})
    return issue


@router.post("/issue", status_code=201)
async def create_issue(sandbox: Here, caller: Writer, body: IssueDetails) -> dict[str, Any]:
    if body.transition is not None:
        raise JiraError(400, "This site creates issues in their first status only.")
    issue = _create(sandbox, caller, body)
    return IssueBeans(sandbox.site, caller).link(issue)


@router.post("/issue/bulk", status_code=201)
async def create_issues(sandbox: Here, caller: Writer, body: Bulk) -> Response:
    """At most 50; those that can be made are made, the others are listed with their errors."""
    if not body.issueUpdates:
        raise JiraError(400, "The issueUpdates are missing.")
    if len(body.issueUpdates) > BULK_LIMIT:
        raise JiraError(400, f"A maximum of {BULK_LIMIT} issues can be created at once.")
    made: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for number, entry in enumerate(body.issueUpdates):
        try:
            issue = _create(sandbox, caller, IssueDetails.model_validate(entry))
            made.append(IssueBeans(sandbox.site, caller).link(issue))
        except JiraError as refused:
            failed.append(_failure(number, refused))
        except ValidationError:
            failed.append(_failure(number, JiraError(400, "Invalid request payload.")))
    return JSONResponse({"issues": made, "errors": failed}, 201 if made else 400)


def _failure(number: int, refused: JiraError) -> dict[str, Any]:
    return {
        "status": refused.status,
        "elementErrors": {"errorMessages": refused.messages, "errors": refused.errors},
        "failedElementNumber": number,
    }


@router.get("/issue/{id_or_key}")
async def get_issue(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    fields: Names = None,
    properties: Names = None,
    expand: str | None = None,
) -> dict[str, Any]:
    issue = visible_issue(sandbox, caller, id_or_key)
    charge(request, 1, CORE_POINTS)
    made = IssueBeans(sandbox.site, caller)
    names = wanted_fields(fields, "*all")
    bean = made.issue(issue, names, properties=property_names(issue, properties))
    bean.update(names_and_schema(names, expand))
    if "changelog" in (expand or "").split(","):
        histories = [made.change(each) for each in reversed(issue.history)][:HISTORY_PAGE]
        bean["changelog"] = {
            "startAt": 0,
            "maxResults": len(histories),
            "total": len(issue.history),
            "histories": histories,
        }
    return bean


@router.post("/issue/bulkfetch")
async def fetch_issues(
    request: Request, sandbox: Here, caller: Writer, body: BulkFetch
) -> dict[str, Any]:
    """In the order of ids; what is not there, or not for the caller, is left out."""
    if not 1 <= len(body.issueIdsOrKeys) <= FETCH_LIMIT:
        raise JiraError(400, f"Between 1 and {FETCH_LIMIT} issues can be fetched at once.")
    issues = [sandbox.site.issues.find(each) for each in body.issueIdsOrKeys]
    seen = {
        issue.id: issue
        for issue in issues
        if issue is not None and may(sandbox.site, caller, "BROWSE_PROJECTS", issue)
    }
    made, names = IssueBeans(sandbox.site, caller), wanted_fields(body.fields, "*navigable")
    found = [seen[number] for number in sorted(seen)]
    charge(request, len(found), CORE_POINTS)
    return {
        "issues": [
            made.issue(issue, names, properties=property_names(issue, body.properties))
            for issue in found
        ],
        "issueErrors": [],
        **names_and_schema(names, ",".join(body.expand or ())),
    }


def property_names(issue: Issue, names: list[str] | None) -> list[str]:
    """`properties=*all` and lists with commas, as for fields."""
    asked = [part for name in names or [] for part in name.split(",") if part]
    return list(issue.properties) if "*all" in asked else asked


@router.put("/issue/{id_or_key}", status_code=204)
async def edit_issue(
    *,
    request: Request,
    sandbox: Here,
    caller: Writer,
    id_or_key: str,
    body: IssueDetails,
    return_issue: Annotated[bool, Query(alias="returnIssue")] = False,
) -> Response:
    """204, or 200 with the issue for `returnIssue`; nothing changes where one field is wrong."""
    issue = writable_issue(request, sandbox, caller, id_or_key, "EDIT_ISSUES")
    given = Input(sandbox.site, caller, sandbox.site.project(issue.project))
    given.take(body, edit_screen(issue), issue)
    check_new_parent(given, issue)
    given.refuse()
    properties = properties_of(body.properties)
    apply(sandbox, caller, issue, given)
    if properties:
        changed = sandbox.site.issues.find(issue.key) or issue
        sandbox.site.issues.set_properties(changed, {**changed.properties, **properties})
    if not return_issue:
        return Response(status_code=204)
    changed = visible_issue(sandbox, caller, issue.key)
    return JSONResponse(
        IssueBeans(sandbox.site, caller).issue(changed, wanted_fields(None, "*all"))
    )


def apply(sandbox: Sandbox, caller: Holder, issue: Issue, given: Input) -> None:
    """Write what was read: the fields in one change, then each comment."""
    issues = sandbox.site.issues
    account = account_of(caller)
    items = differences(sandbox.site, issue, given.values)
    changed = issues.change(issue, given.values, account, items)
    for document in given.comments:
        issues.comment(issues.find(changed.key) or changed, account, document, {})


@router.put("/issue/{id_or_key}/assignee", status_code=204)
async def assign_issue(
    request: Request, sandbox: Here, caller: Writer, id_or_key: str, body: Assignee
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "ASSIGN_ISSUES")
    given = Input(sandbox.site, caller, sandbox.site.project(issue.project))
    value = None if body.accountId in (None, "-1") else {"accountId": body.accountId}
    given.take(IssueDetails(fields={"assignee": value}), ["assignee"], issue)
    given.refuse()
    apply(sandbox, caller, issue, given)
    return Response(status_code=204)


@router.delete("/issue/{id_or_key}", status_code=204)
async def delete_issue(
    *,
    request: Request,
    sandbox: Here,
    caller: Deleter,
    id_or_key: str,
    delete_subtasks: Annotated[str, Query(alias="deleteSubtasks")] = "false",
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "DELETE_ISSUES")
    bean = IssueBeans(sandbox.site, caller)
    subtasks = bean.issue(issue, ["subtasks"])["fields"]["subtasks"]
    if subtasks and delete_subtasks != "true":
        raise JiraError(
            400,
            f"The issue '{issue.key}' has subtasks. You must specify the 'deleteSubtasks' "
            "parameter to delete this issue and all its subtasks.",
        )
    for child in subtasks:
        found = sandbox.site.issues.find(child["key"])
        if found is not None:
            sandbox.site.issues.delete(found, account_of(caller))
    sandbox.site.issues.delete(issue, account_of(caller))
    return Response(status_code=204)


@router.get("/issue/{id_or_key}/changelog")
async def get_changelog(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    start_at: StartAt = 0,
    max_results: MaxResults = HISTORY_PAGE,
) -> dict[str, Any]:
    """Oldest first."""
    issue = visible_issue(sandbox, caller, id_or_key)
    answer = beans.page(
        f"{sandbox.site.base_url}{beans.API}/issue/{issue.key}/changelog",
        request.query_params.multi_items(),
        issue.history,
        start_at=start_at,
        max_results=min(max_results, HISTORY_PAGE),
        bean=IssueBeans(sandbox.site, caller).change,
    )
    charge(request, len(answer["values"]), CORE_POINTS)
    return answer
