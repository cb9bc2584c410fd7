"""Issues of a project: list with filters, get, create, edit, delete."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sandbox.gitlab import work
from sandbox.gitlab.differences import ISSUE_TYPES
from sandbox.gitlab.rest import beans, params
from sandbox.gitlab.rest.caller import Caller, Place, TheIssue
from sandbox.gitlab.rest.errors import forbidden
from sandbox.gitlab.rest.paging import by_keyset, by_offset
from sandbox.gitlab.rest.params import Given, Params
from sandbox.gitlab.running import GitLab, Here
from sandbox.gitlab.state import OWNER, REPORTER, Issue, Project

router = APIRouter()
KEYSET_ORDERS = ("created_at", "updated_at", "title", "id")
ORDERS = (*KEYSET_ORDERS, "due_date", "weight", "priority", "popularity", "relative_position")
PAGING = ("page", "per_page", "cursor")
Test = Callable[[Issue], bool]


@router.get("/projects/{project_id}/issues")
async def list_issues(request: Request, gitlab: Here, place: Place, given: Params) -> JSONResponse:
    project, caller = place
    order = params.one_of(given, "order_by", ORDERS, "created_at")
    descending = params.one_of(given, "sort", ("asc", "desc"), "desc") == "desc"

    def key(issue: Issue) -> tuple[Any, int]:
        value = getattr(issue, order, None)
        return (value if value is not None else issue.iid, issue.id)

    def find() -> list[Issue]:
        tests = _tests(gitlab, project, caller, given)
        found = [issue for issue in project.issues.values() if all(test(issue) for test in tests)]
        if order in KEYSET_ORDERS:
            found.sort(key=key, reverse=descending)
        return found

    asked = tuple((name, str(value)) for name, value in given.items() if name not in PAGING)
    found = gitlab.once((project.id, caller.level(project), asked), find)
    with_labels = params.flag("with_labels_details", given.get("with_labels_details", False))

    def bean(issue: Issue) -> dict[str, Any]:
        return beans.issue(gitlab.state, project, issue, with_labels=with_labels)

    base_url = gitlab.state.base_url
    if given.get("pagination") == "keyset" and order in KEYSET_ORDERS:
        return by_keyset(request, base_url, given, found, bean, key=key, descending=descending)
    return by_offset(request, base_url, given, found, bean)


def _tests(gitlab: GitLab, project: Project, caller: Caller, given: Given) -> list[Test]:
    tests: list[Test] = [*_tests_of_time(gitlab, given)]
    state = params.one_of(given, "state", ("opened", "closed", "all"), "all")
    if state != "all":
        tests.append(lambda issue: issue.state == state)
    if "iids" in given:
        iids = set(params.numbers("iids", given["iids"]))
        tests.append(lambda issue: issue.iid in iids)
    if "labels" in given:
        tests.append(_label_test(params.words(given["labels"])))
    if given.get("search"):
        tests.append(_search_test(given))
    if "issue_type" in given:
        kind = params.one_of(given, "issue_type", ISSUE_TYPES, "issue")
        tests.append(lambda issue: issue.issue_type == kind)
    tests += _tests_of_people(project, caller, given)
    return tests


def _tests_of_time(gitlab: GitLab, given: Given) -> list[Test]:
    """Bounds belong to it on both sides. While `lag` lasts, lists do not know of a change."""
    tests: list[Test] = []
    for name in ("created", "updated"):
        field = f"{name}_at"
        if f"{name}_after" in given:
            after = params.moment(f"{name}_after", given[f"{name}_after"])
            tests.append(lambda issue, f=field, a=after: getattr(issue, f) >= a)  # type: ignore[misc]
        if f"{name}_before" in given:
            before = params.moment(f"{name}_before", given[f"{name}_before"])
            tests.append(lambda issue, f=field, b=before: getattr(issue, f) <= b)  # type: ignore[misc]
    if gitlab.lag:
        known = gitlab.clock.now() - gitlab.lag
        field = "updated_at" if "updated_after" in given else "created_at"
        tests.append(lambda issue: getattr(issue, field) <= known)
    return tests


def _tests_of_people(project: Project, caller: Caller, given: Given) -> list[Test]:
    tests: list[Test] = []
    if "author_id" in given:
        author = params.number("author_id", given["author_id"])
        tests.append(lambda issue: issue.author_id == author)
    if "assignee_id" in given:
        wanted = str(given["assignee_id"])
        tests.append(
            lambda issue: {
                "None": not issue.assignee_ids,
                "Any": bool(issue.assignee_ids),
            }.get(wanted, wanted in map(str, issue.assignee_ids))
        )
    if "milestone" in given:
        stones = {each.id for each in project.milestones if each.title == given["milestone"]}
        tests.append(lambda issue: issue.milestone_id in stones)
    if caller.level(project) < REPORTER:
        tests.append(lambda issue: not issue.confidential)
    return tests


def _label_test(wanted: list[str]) -> Test:
    if wanted in (["None"], ["Any"]):
        return lambda issue: bool(issue.labels) == (wanted == ["Any"])
    return lambda issue: set(wanted) <= set(issue.labels)


def _search_test(given: Given) -> Test:
    text = str(given["search"]).lower()
    places = params.words(given.get("in") or "title,description")

    def test(issue: Issue) -> bool:
        return any(text in (getattr(issue, place, None) or "").lower() for place in places)

    return test


def _bean(gitlab: GitLab, project: Project, issue: Issue) -> dict[str, Any]:
    return {**beans.issue(gitlab.state, project, issue), "subscribed": False}


@router.get("/projects/{project_id}/issues/{iid}")
async def get_issue(one: TheIssue) -> dict[str, Any]:
    return _bean(one.gitlab, one.project, one.issue)


@router.post("/projects/{project_id}/issues", status_code=201)
async def create_issue(gitlab: Here, place: Place, given: Params) -> dict[str, Any]:
    project, caller = place
    may_date = caller.level(project) >= OWNER
    issue = work.create_issue(gitlab, project, caller.user, given, may_date=may_date)
    return _bean(gitlab, project, issue)


@router.put("/projects/{project_id}/issues/{iid}")
async def edit_issue(one: TheIssue, given: Params) -> dict[str, Any]:
    if not one.may_edit:
        raise forbidden()
    work.edit_issue(
        one.gitlab, one.project, one.issue, one.caller.user, given, may_date=one.is_owner
    )
    return _bean(one.gitlab, one.project, one.issue)


@router.delete("/projects/{project_id}/issues/{iid}", status_code=204)
async def delete_issue(one: TheIssue) -> Response:
    one.caller.require(one.project, OWNER)
    work.delete_issue(one.gitlab, one.project, one.issue)
    return Response(status_code=204)
