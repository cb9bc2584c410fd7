"""Links between issues."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Path

from sandbox.gitlab.rest import beans, params
from sandbox.gitlab.rest.caller import TheIssue
from sandbox.gitlab.rest.errors import GitLabError, not_found
from sandbox.gitlab.rest.params import Params
from sandbox.gitlab.state import Issue, Link

router = APIRouter(prefix="/projects/{project_id}/issues/{iid}/links")
OPPOSITES = {
    "relates_to": "relates_to",
    "blocks": "is_blocked_by",
    "is_blocked_by": "blocks",
}


@router.get("")
async def list_links(one: TheIssue) -> list[dict[str, Any]]:
    answer = []
    for link in one.issue.links:
        found = one.gitlab.state.issue(link.other)
        if found is not None:
            answer.append(beans.linked_issue(one.gitlab.state, *found, link))
    return answer


@router.post("", status_code=201)
async def add_link(one: TheIssue, given: Params) -> dict[str, Any]:
    kind = params.one_of(given, "link_type", tuple(OPPOSITES), "relates_to")
    target_id = unquote(params.required(given, "target_project_id"))
    target_iid = params.number("target_issue_iid", params.required(given, "target_issue_iid"))
    state = one.gitlab.state
    project = state.project(target_id)
    other = project.issues.get(target_iid or 0) if project is not None else None
    if project is None or other is None:
        raise not_found()
    if any(link.other == other.id for link in one.issue.links):
        raise GitLabError(409, {"message": "Issue(s) already assigned"})
    link_id = state.new_id()
    one.issue.links.append(Link(link_id, other.id, kind))
    other.links.append(Link(link_id, one.issue.id, OPPOSITES[kind]))
    one.gitlab.changed()
    return {
        "source_issue": beans.issue(state, one.project, one.issue),
        "target_issue": beans.issue(state, project, other),
        "link_type": kind,
    }


@router.delete("/{link_id}")
async def delete_link(one: TheIssue, link_id: Annotated[int, Path()]) -> dict[str, Any]:
    link = next((each for each in one.issue.links if each.id == link_id), None)
    other = one.gitlab.state.issue(link.other) if link is not None else None
    if link is None or other is None:
        raise not_found()
    for issue in (one.issue, other[1]):
        _cut(issue, link_id)
    one.gitlab.changed()
    return {
        "source_issue": beans.issue(one.gitlab.state, one.project, one.issue),
        "target_issue": beans.issue(one.gitlab.state, *other),
        "link_type": link.link_type,
    }


def _cut(issue: Issue, link_id: int) -> None:
    issue.links = [link for link in issue.links if link.id != link_id]
