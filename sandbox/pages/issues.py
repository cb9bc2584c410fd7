"""The issues of a project, one issue, and its forms: what is written goes the way of the REST API.

So webhooks leave, permissions count and limits hold, whoever is logged in.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from sandbox.issues.catalogue import ISSUE_TYPES, PRIORITIES, RESOLUTIONS
from sandbox.pages import issue_forms
from sandbox.pages.issue_forms import form_of
from sandbox.pages.issue_views import Shown, issue_seen, listed, project_seen
from sandbox.pages.visit import Visit, Visiting
from sandbox.rest import comments, issues, transitions
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_input import IssueDetails
from sandbox.site import Project

router = APIRouter()
PAGE = 50
Form = Annotated[dict[str, str], Depends(form_of)]


@router.get("/projects/{key}/issues")
async def show_list(
    visit: Visiting, key: str, text: str = "", page: Annotated[int, Query(ge=1)] = 1
) -> Response:
    project = project_seen(visit, key)
    rows = listed(visit, project, text)
    last = max(1, -(-len(rows) // PAGE))
    page = min(page, last)
    return _render(
        visit,
        project,
        "issues.html",
        title=f"Issues of {project.name}",
        rows=rows[(page - 1) * PAGE : page * PAGE],
        first=(page - 1) * PAGE + 1,
        total=len(rows),
        page=page,
        last=last,
        text=text,
    )


@router.get("/projects/{key}/issues/new")
async def show_new(visit: Visiting, key: str) -> Response:
    return _new_form(visit, project_seen(visit, key), issue_forms.empty())


@router.post("/projects/{key}/issues/new")
async def create(visit: Visiting, key: str, form: Form) -> Response:
    project = project_seen(visit, key)
    body = IssueDetails(fields=issue_forms.new_fields(form, project))
    try:
        made = await issues.create_issue(visit.sandbox, visit.holder, body)
    except JiraError as refused:
        return _new_form(visit, project, form, refused)
    return visit.back_to(f"/browse/{made['key']}", f"{made['key']} was created.")


@router.get("/browse/{key}")
async def show_issue(visit: Visiting, key: str) -> Response:
    return _sheet(visit, key)


@router.get("/browse/{key}/edit")
async def show_edit(visit: Visiting, key: str) -> Response:
    shown = issue_seen(visit, key)
    return _edit_form(visit, shown, issue_forms.as_shown(shown.issue))


@router.post("/browse/{key}/edit")
async def edit(request: Request, visit: Visiting, key: str, form: Form) -> Response:
    shown = issue_seen(visit, key)
    body = IssueDetails(fields=issue_forms.changes(form))
    try:
        await issues.edit_issue(
            request=request, sandbox=visit.sandbox, caller=visit.holder, id_or_key=key, body=body
        )
    except JiraError as refused:
        return _edit_form(visit, shown, form, refused)
    told = f"{shown.key} was changed." if body.fields else "Nothing was changed."
    return visit.back_to(f"/browse/{shown.key}", told)


@router.post("/browse/{key}/transition")
async def move(request: Request, visit: Visiting, key: str, form: Form) -> Response:
    shown = issue_seen(visit, key)
    chosen = form.get("resolution")
    body = IssueDetails(
        transition={"id": form.get("id", "")},
        fields={"resolution": {"id": chosen}} if chosen else {},
    )
    try:
        await transitions.transition_issue(request, visit.sandbox, visit.holder, key, body)
    except JiraError as refused:
        return _sheet(visit, key, refused)
    moved = issue_seen(visit, key)
    return visit.back_to(f"/browse/{shown.key}", f"{shown.key} is now {moved.status.name}.")


@router.post("/browse/{key}/comment")
async def comment(request: Request, visit: Visiting, key: str, form: Form) -> Response:
    shown = issue_seen(visit, key)
    text = form.get("comment", "")
    body = comments.CommentBody(body=issue_forms.written(text))
    try:
        await comments.add_comment(request, visit.sandbox, visit.holder, key, body)
    except JiraError as refused:
        return _sheet(visit, key, refused, text)
    return visit.back_to(f"/browse/{shown.key}", "Your comment was added.")


def _sheet(visit: Visit, key: str, refused: JiraError | None = None, text: str = "") -> Response:
    shown = issue_seen(visit, key)
    return _render(
        visit,
        shown.project,
        "issue.html",
        refused,
        title=f"[{shown.key}] {shown.summary}",
        shown=shown,
        resolutions=RESOLUTIONS,
        text=text,
    )


def _edit_form(
    visit: Visit, shown: Shown, form: dict[str, str], refused: JiraError | None = None
) -> Response:
    return _render(
        visit,
        shown.project,
        "issue_form.html",
        refused,
        title=f"Edit {shown.key}",
        shown=shown,
        form=form,
        loses_formatting=issue_forms.loses_formatting(shown.issue),
        **_choices(visit),
    )


def _new_form(
    visit: Visit, project: Project, form: dict[str, str], refused: JiraError | None = None
) -> Response:
    return _render(
        visit,
        project,
        "issue_form.html",
        refused,
        title="Create issue",
        shown=None,
        form=form,
        loses_formatting=False,
        types=[(each.id, each.name) for each in ISSUE_TYPES],
        demanded=issue_forms.demanded(project),
        **_choices(visit),
    )


def _choices(visit: Visit) -> dict[str, Any]:
    people = [person for person in visit.sandbox.site.people if person.active]
    return {
        "priorities": [(each.id, each.name) for each in PRIORITIES],
        "people": [(person.account_id, person.display_name) for person in people],
        "before": issue_forms.SHOWN,
    }


def _render(
    visit: Visit,
    project: Project,
    template: str,
    refused: JiraError | None = None,
    **values: Any,
) -> Response:
    """A page with the project's menu at the left, and what Jira refused, if it did."""
    administers = visit.holder.has_in_project("ADMINISTER_PROJECTS", project)
    return visit.render(
        template,
        refused.status if refused else 200,
        project=project,
        administers=administers,
        messages=refused.messages if refused else [],
        errors=refused.errors if refused else {},
        **values,
    )
