"""Attachments: upload, metadata, content (with ranges), delete, and the site's limit."""

import re
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import UploadFile

from sandbox.issues.models import Attachment, Issue
from sandbox.rest.caller import Deleter, Reader, Writer
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_beans import IssueBeans
from sandbox.rest.issue_input import account_of, may, writable_issue
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.running import Here, Sandbox

router = APIRouter()
media_router = APIRouter()
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
# Jira takes both spellings.
_NO_CHECK = {"no-check", "nocheck"}


def _found(sandbox: Sandbox, caller: Reader, attachment_id: str) -> tuple[Issue, Attachment]:
    found = sandbox.site.issues.attachment(int(attachment_id)) if attachment_id.isdigit() else None
    if found is None or not may(sandbox.site, caller, "BROWSE_PROJECTS", found[0]):
        raise JiraError(404, f"The attachment with id '{attachment_id}' does not exist")
    return found


@router.get("/attachment/meta")
async def get_settings(request: Request, sandbox: Here, _: Reader) -> dict[str, Any]:
    charge(request, 1, CORE_POINTS)
    return {"enabled": True, "uploadLimit": sandbox.upload_limit}


@router.post("/issue/{id_or_key}/attachments")
async def add_attachment(
    request: Request,
    sandbox: Here,
    caller: Writer,
    id_or_key: str,
    x_atlassian_token: Annotated[str | None, Header()] = None,
) -> Response:
    """Every part named `file`; all or, where one is too large, none."""
    if x_atlassian_token not in _NO_CHECK:
        return Response("XSRF check failed", 403, media_type="text/plain")
    issue = writable_issue(request, sandbox, caller, id_or_key, "CREATE_ATTACHMENTS")
    async with request.form() as form:
        files = [each for each in form.getlist("file") if isinstance(each, UploadFile)]
        if any((file.size or 0) > sandbox.upload_limit for file in files):
            raise JiraError(
                413,
                "The field file exceeds its maximum permitted size of "
                f"{sandbox.upload_limit} bytes.",
            )
        made = [await _attach(sandbox, caller, issue, file) for file in files]
    shown = IssueBeans(sandbox.site, caller)
    return JSONResponse([shown.attachment(each) for each in made])


async def _attach(sandbox: Sandbox, caller: Writer, issue: Issue, file: UploadFile) -> Attachment:
    data = await file.read()
    current = sandbox.site.issues.find(issue.key)
    if current is None:
        raise JiraError(404, "Issue does not exist or you do not have permission to see it.")
    kind = file.content_type or "application/octet-stream"
    name = (file.filename or "file").replace("\\", "/").rpartition("/")[2]
    return sandbox.site.issues.attach(current, account_of(caller), name, kind, data)


@router.get("/attachment/{attachment_id}")
async def get_attachment(
    request: Request, sandbox: Here, caller: Reader, attachment_id: str
) -> dict[str, Any]:
    """AttachmentMetadata: the id is a number here, and text everywhere else."""
    _, attachment = _found(sandbox, caller, attachment_id)
    charge(request, 1, CORE_POINTS)
    bean = IssueBeans(sandbox.site, caller).attachment(attachment)
    return {**bean, "id": attachment.id, "properties": {}}


@router.get("/attachment/content/{attachment_id}")
async def get_content(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    attachment_id: str,
    redirect: bool = True,
    range_: Annotated[str | None, Header(alias="range")] = None,
) -> Response:
    """The bytes for `redirect=false`; otherwise 303 to the media service, as Jira does.

    The address of the redirect names the file as documents do (`media_id`).
    """
    _, attachment = _found(sandbox, caller, attachment_id)
    charge(request, 1, CORE_POINTS)
    if redirect:
        name = quote(attachment.filename)
        path = f"/sandbox/media/file/{attachment.media_id}/binary?name={name}"
        return RedirectResponse(sandbox.site.base_url + path, 303)
    return _content(sandbox, attachment, range_)


@media_router.get("/sandbox/media/file/{media_id}/binary")
async def get_media(sandbox: Here, media_id: str) -> Response:
    """The media service: whoever has the address has the file."""
    for issue in sandbox.site.issues.all():
        for attachment in issue.attachments:
            if attachment.media_id == media_id:
                return _content(sandbox, attachment, None)
    return Response("Not found", 404, media_type="text/plain")


def _content(sandbox: Sandbox, attachment: Attachment, wanted: str | None) -> Response:
    try:
        data = sandbox.site.issues.blobs.get(attachment.id)
    except KeyError:
        raise JiraError(404, "The file of the attachment is not there.") from None
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename)}",
        "Accept-Ranges": "bytes",
    }
    match = _RANGE.fullmatch(wanted or "")
    if match is None:
        return Response(data, 200, headers, attachment.mime_type)
    start, end = int(match[1]), int(match[2] or len(data) - 1)
    if start >= len(data) or end < start:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
    end = min(end, len(data) - 1)
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(data[start : end + 1], 206, headers, attachment.mime_type)


@router.delete("/attachment/{attachment_id}", status_code=204)
async def delete_attachment(sandbox: Here, caller: Deleter, attachment_id: str) -> Response:
    issue, attachment = _found(sandbox, caller, attachment_id)
    own = attachment.author == caller.account_id
    right = "DELETE_OWN_ATTACHMENTS" if own else "DELETE_ALL_ATTACHMENTS"
    if not may(sandbox.site, caller, right, issue):
        raise JiraError(403, "You do not have permission to delete this attachment.")
    sandbox.site.issues.detach(issue, attachment, account_of(caller))
    return Response(status_code=204)
