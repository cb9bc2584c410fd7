"""issue/{key}/remotelink: links out of Jira, found again by their globalId."""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from sandbox.issues.models import Issue, RemoteLink
from sandbox.rest import beans
from sandbox.rest.caller import Deleter, Reader, Writer
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_input import account_of, visible_issue, writable_issue
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.running import Here
from sandbox.site import SiteState

router = APIRouter()
GlobalId = Annotated[str | None, Query(alias="globalId")]


class Target(BaseModel):
    """RemoteObject."""

    model_config = ConfigDict(extra="allow")
    url: str
    title: str


class LinkBody(BaseModel):
    """RemoteIssueLinkRequest."""

    model_config = ConfigDict(extra="ignore")
    globalId: str | None = None  # noqa: N815 - Jira's name
    object: Target
    application: dict[str, Any] | None = None
    relationship: str | None = None

    def link(self, number: int) -> RemoteLink:
        target = self.object.model_dump()
        return RemoteLink(number, self.globalId, target, self.application, self.relationship)


def _address(site: SiteState, issue: Issue, link: RemoteLink) -> str:
    return f"{site.base_url}{beans.API}/issue/{issue.key}/remotelink/{link.id}"


def _bean(site: SiteState, issue: Issue, link: RemoteLink) -> dict[str, Any]:
    bean = {
        "id": link.id,
        "self": _address(site, issue, link),
        "globalId": link.global_id,
        "application": link.application or {},
        "relationship": link.relationship,
        "object": dict(link.target),
    }
    return {name: value for name, value in bean.items() if value is not None}


def _one(issue: Issue, matches: Callable[[RemoteLink], bool], what: str) -> RemoteLink:
    for link in issue.remote_links:
        if matches(link):
            return link
    raise JiraError(404, f"There is no remote issue link with {what} on this issue.")


def _by_id(issue: Issue, link_id: str) -> RemoteLink:
    return _one(issue, lambda link: str(link.id) == link_id, f"id {link_id}")


@router.get("/issue/{id_or_key}/remotelink")
async def get_links(
    request: Request, sandbox: Here, caller: Reader, id_or_key: str, global_id: GlobalId = None
) -> Any:
    """All of them, or the one with this globalId."""
    issue = visible_issue(sandbox, caller, id_or_key)
    charge(request, len(issue.remote_links), CORE_POINTS)
    if global_id is None:
        return [_bean(sandbox.site, issue, link) for link in issue.remote_links]
    found = _one(issue, lambda link: link.global_id == global_id, "this globalId")
    return _bean(sandbox.site, issue, found)


@router.post("/issue/{id_or_key}/remotelink")
async def put_link(
    request: Request, sandbox: Here, caller: Writer, id_or_key: str, body: LinkBody
) -> Response:
    """201 for a new link; 200 where one with the same globalId was replaced."""
    issue = writable_issue(request, sandbox, caller, id_or_key, "LINK_ISSUES")
    known = [x for x in issue.remote_links if body.globalId and x.global_id == body.globalId]
    issues = sandbox.site.issues
    link = body.link(known[0].id if known else issues.new_id())
    others = [each for each in issue.remote_links if each.id != link.id]
    issues.set_remote_links(issue, [*others, link], account_of(caller))
    answer = {"id": link.id, "self": _address(sandbox.site, issue, link)}
    return JSONResponse(answer, 200 if known else 201)


@router.get("/issue/{id_or_key}/remotelink/{link_id}")
async def get_link(
    request: Request, sandbox: Here, caller: Reader, id_or_key: str, link_id: str
) -> dict[str, Any]:
    issue = visible_issue(sandbox, caller, id_or_key)
    charge(request, 1, CORE_POINTS)
    return _bean(sandbox.site, issue, _by_id(issue, link_id))


@router.put("/issue/{id_or_key}/remotelink/{link_id}", status_code=204)
async def update_link(
    *,
    request: Request,
    sandbox: Here,
    caller: Writer,
    id_or_key: str,
    link_id: str,
    body: LinkBody,
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "LINK_ISSUES")
    old = _by_id(issue, link_id)
    new = dataclasses.replace(body.link(old.id), global_id=body.globalId or old.global_id)
    links = [new if each.id == old.id else each for each in issue.remote_links]
    sandbox.site.issues.set_remote_links(issue, links, account_of(caller))
    return Response(status_code=204)


@router.delete("/issue/{id_or_key}/remotelink", status_code=204)
async def delete_by_global_id(
    *,
    request: Request,
    sandbox: Here,
    caller: Deleter,
    id_or_key: str,
    global_id: Annotated[str, Query(alias="globalId")],
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "LINK_ISSUES")
    old = _one(issue, lambda link: link.global_id == global_id, "this globalId")
    kept = [each for each in issue.remote_links if each.id != old.id]
    sandbox.site.issues.set_remote_links(issue, kept, account_of(caller))
    return Response(status_code=204)


@router.delete("/issue/{id_or_key}/remotelink/{link_id}", status_code=204)
async def delete_link(
    request: Request, sandbox: Here, caller: Deleter, id_or_key: str, link_id: str
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "LINK_ISSUES")
    old = _by_id(issue, link_id)
    kept = [each for each in issue.remote_links if each.id != old.id]
    sandbox.site.issues.set_remote_links(issue, kept, account_of(caller))
    return Response(status_code=204)
