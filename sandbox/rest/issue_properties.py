"""issue/{key}/properties and comment/{id}/properties: JSON that apps keep with things."""

import json
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from sandbox.issues.models import Comment, Issue
from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.caller import Deleter, Reader, Writer
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_input import properties_of, visible_issue, writable_issue
from sandbox.running import Here, Sandbox

router = APIRouter()
VALUE_LIMIT = 32_768


async def _value(request: Request) -> Any:
    """Any JSON of at most 32,768 characters."""
    raw = await request.body()
    if len(raw.decode(errors="replace")) > VALUE_LIMIT:
        raise JiraError(400, "The property value cannot exceed 32768 characters.")
    try:
        return json.loads(raw)
    except ValueError:
        raise JiraError(400, "The property value is not valid JSON.") from None


def _missing(key: str) -> JiraError:
    return JiraError(404, f"The property with key '{key}' does not exist.")


@router.get("/issue/{id_or_key}/properties")
async def get_keys(sandbox: Here, caller: Reader, id_or_key: str) -> dict[str, Any]:
    issue = visible_issue(sandbox, caller, id_or_key)
    here = f"{sandbox.site.base_url}{beans.API}/issue/{issue.id}/properties"
    keys = [{"self": f"{here}/{quote(key)}", "key": key} for key in issue.properties]
    return {"keys": keys}


@router.get("/issue/{id_or_key}/properties/{key}")
async def get_property(sandbox: Here, caller: Reader, id_or_key: str, key: str) -> dict[str, Any]:
    issue = visible_issue(sandbox, caller, id_or_key)
    if key not in issue.properties:
        raise _missing(key)
    return {"key": key, "value": issue.properties[key]}


@router.put("/issue/{id_or_key}/properties/{key}")
async def set_property(
    request: Request, sandbox: Here, caller: Writer, id_or_key: str, key: str
) -> Response:
    """201 for a new one, 200 for one that was there."""
    value = await _value(request)
    issue = writable_issue(request, sandbox, caller, id_or_key, "EDIT_ISSUES")
    added = properties_of([{"key": key, "value": value}])
    sandbox.site.issues.set_properties(issue, {**issue.properties, **added})
    return Response("{}", 200 if key in issue.properties else 201, media_type="application/json")


@router.delete("/issue/{id_or_key}/properties/{key}", status_code=204)
async def delete_property(
    request: Request, sandbox: Here, caller: Deleter, id_or_key: str, key: str
) -> Response:
    issue = writable_issue(request, sandbox, caller, id_or_key, "EDIT_ISSUES")
    if key not in issue.properties:
        raise _missing(key)
    kept = {name: value for name, value in issue.properties.items() if name != key}
    sandbox.site.issues.set_properties(issue, kept)
    return Response(status_code=204)


def _comment(sandbox: Sandbox, caller: Holder, comment_id: str) -> tuple[Issue, Comment]:
    for issue in sandbox.site.issues.all():
        for comment in issue.comments:
            if str(comment.id) == comment_id:
                return visible_issue(sandbox, caller, issue.key), comment
    raise JiraError(404, "The comment was not found.")


@router.get("/comment/{comment_id}/properties")
async def get_comment_keys(sandbox: Here, caller: Reader, comment_id: str) -> dict[str, Any]:
    _, comment = _comment(sandbox, caller, comment_id)
    here = f"{sandbox.site.base_url}{beans.API}/comment/{comment.id}/properties"
    keys = [{"self": f"{here}/{quote(key)}", "key": key} for key in comment.properties]
    return {"keys": keys}


@router.get("/comment/{comment_id}/properties/{key}")
async def get_comment_property(
    sandbox: Here, caller: Reader, comment_id: str, key: str
) -> dict[str, Any]:
    _, comment = _comment(sandbox, caller, comment_id)
    if key not in comment.properties:
        raise _missing(key)
    return {"key": key, "value": comment.properties[key]}


@router.put("/comment/{comment_id}/properties/{key}")
async def set_comment_property(
    request: Request, sandbox: Here, caller: Writer, comment_id: str, key: str
) -> Response:
    """201 for a new one, 200 for one that was there."""
    value = await _value(request)
    found, comment = _comment(sandbox, caller, comment_id)
    issue = writable_issue(request, sandbox, caller, found.key, "BROWSE_PROJECTS")
    added = properties_of([{"key": key, "value": value}])
    sandbox.site.issues.set_comment_properties(issue, comment, {**comment.properties, **added})
    return Response("{}", 200 if key in comment.properties else 201, media_type="application/json")


@router.delete("/comment/{comment_id}/properties/{key}", status_code=204)
async def delete_comment_property(
    request: Request, sandbox: Here, caller: Deleter, comment_id: str, key: str
) -> Response:
    found, comment = _comment(sandbox, caller, comment_id)
    issue = writable_issue(request, sandbox, caller, found.key, "BROWSE_PROJECTS")
    if key not in comment.properties:
        raise _missing(key)
    kept = {name: value for name, value in comment.properties.items() if name != key}
    sandbox.site.issues.set_comment_properties(issue, comment, kept)
    return Response(status_code=204)
