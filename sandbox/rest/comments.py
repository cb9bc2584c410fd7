"""issue/{key}/comment: list, add, get, update, delete; and the properties of a comment."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from sandbox.issues.adf import Document
from sandbox.issues.models import Comment, Issue
from sandbox.issues.values import NOT_ADF, BadValueError, read_document
from sandbox.permissions import Holder
from sandbox.rest.caller import Deleter, Reader, Writer
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_beans import IssueBeans
from sandbox.rest.issue_input import (
    account_of,
    may,
    properties_of,
    visible_issue,
    writable_issue,
)
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here, Sandbox

router = APIRouter()
PAGE_LIMIT = 100
ORDERS = {None: False, "created": False, "+created": False, "-created": True}
Expand = Annotated[str | None, Query()]


class CommentBody(BaseModel):
    """Comment, as it is written."""

    model_config = ConfigDict(extra="ignore")
    body: Any = None
    properties: list[dict[str, Any]] = []


def _document(given: CommentBody) -> Document:
    try:
        document = read_document(given.body)
    except BadValueError as bad:
        text = "Comment body is not valid!" if str(bad) == NOT_ADF else str(bad)
        raise JiraError(400, errors={"comment": text}) from None
    if document is None or not document["content"]:
        raise JiraError(400, errors={"comment": "Comment body can not be empty!"})
    return document


def _comment(issue: Issue, comment_id: str) -> Comment:
    for comment in issue.comments:
        if str(comment.id) == comment_id:
            return comment
    raise JiraError(404, f"Can not find a comment for the id: {comment_id}.")


def _require_over(
    sandbox: Sandbox, caller: Holder, issue: Issue, comment: Comment, verb: str
) -> None:
    """EDIT_ALL_COMMENTS, or EDIT_OWN_COMMENTS for one's own; the same with DELETE."""
    own = comment.author == caller.account_id
    if may(sandbox.site, caller, f"{verb}_ALL_COMMENTS", issue):
        return
    if not own or not may(sandbox.site, caller, f"{verb}_OWN_COMMENTS", issue):
        raise JiraError(400, f"You do not have the permission for this comment ({verb.lower()}).")


@router.get("/issue/{id_or_key}/comment")
async def get_comments(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    start_at: StartAt = 0,
    max_results: MaxResults = PAGE_LIMIT,
    order_by: Annotated[str | None, Query(alias="orderBy")] = None,
    expand: Expand = None,
) -> dict[str, Any]:
    """Pages of 100 at most; oldest first unless `-created`."""
    issue = visible_issue(sandbox, caller, id_or_key)
    if order_by not in ORDERS:
        raise JiraError(400, f"'{order_by}' is not a valid value for orderBy.")
    size = min(max_results, PAGE_LIMIT)
    comments = issue.comments[::-1] if ORDERS[order_by] else issue.comments
    shown = comments[start_at : start_at + size]
    charge(request, len(shown), CORE_POINTS)
    made = IssueBeans(sandbox.site, caller)
    properties = "properties" in (expand or "")
    return {
        "startAt": start_at,
        "maxResults": size,
        "total": len(comments),
        "comments": [made.comment(issue, each, properties=properties) for each in shown],
    }


@router.post("/issue/{id_or_key}/comment", status_code=201)
async def add_comment(
    request: Request, sandbox: Here, caller: Writer, id_or_key: str, body: CommentBody
) -> dict[str, Any]:
    issue = writable_issue(request, sandbox, caller, id_or_key, "ADD_COMMENTS")
    document, properties = _document(body), properties_of(body.properties)
    comment = sandbox.site.issues.comment(issue, account_of(caller), document, properties)
    return IssueBeans(sandbox.site, caller).comment(issue, comment)


@router.get("/issue/{id_or_key}/comment/{comment_id}")
async def get_comment(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    id_or_key: str,
    comment_id: str,
    expand: Expand = None,
) -> dict[str, Any]:
    issue = visible_issue(sandbox, caller, id_or_key)
    charge(request, 1, CORE_POINTS)
    comment = _comment(issue, comment_id)
    properties = "properties" in (expand or "")
    return IssueBeans(sandbox.site, caller).comment(issue, comment, properties=properties)


@router.put("/issue/{id_or_key}/comment/{comment_id}")
async def update_comment(
    *,
    request: Request,
    sandbox: Here,
    caller: Writer,
    id_or_key: str,
    comment_id: str,
    body: CommentBody,
) -> dict[str, Any]:
    issue = writable_issue(request, sandbox, caller, id_or_key, "BROWSE_PROJECTS")
    comment = _comment(issue, comment_id)
    _require_over(sandbox, caller, issue, comment, "EDIT")
    changed = sandbox.site.issues.edit_comment(
        issue, comment, account_of(caller), _document(body), properties_of(body.properties)
    )
    return IssueBeans(sandbox.site, caller).comment(issue, changed)


@router.delete("/issue/{id_or_key}/comment/{comment_id}", status_code=204)
async def delete_comment(
    request: Request, sandbox: Here, caller: Deleter, id_or_key: str, comment_id: str
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "BROWSE_PROJECTS")
    comment = _comment(issue, comment_id)
    _require_over(sandbox, caller, issue, comment, "DELETE")
    sandbox.site.issues.delete_comment(issue, comment, account_of(caller))
    return Response(status_code=204)
