"""Webhooks of a project."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from sandbox.gitlab.events import EVENTS, test_hook
from sandbox.gitlab.rest import beans, params
from sandbox.gitlab.rest.caller import Place
from sandbox.gitlab.rest.errors import GitLabError, not_found, not_valid
from sandbox.gitlab.rest.paging import by_offset
from sandbox.gitlab.rest.params import Given, Params
from sandbox.gitlab.running import Here
from sandbox.gitlab.state import OWNER, Hook, Project

router = APIRouter(prefix="/projects/{project_id}/hooks")
SIGNING_TOKEN = re.compile(r"whsec_[A-Za-z0-9+/]{43}=").fullmatch


def _managed(place: Place) -> Project:
    """Maintainers and owners; here only owners are."""
    project, caller = place
    caller.require(project, OWNER)
    return project


def _hook(project: Project, hook_id: int) -> Hook:
    found = next((hook for hook in project.hooks if hook.id == hook_id), None)
    if found is None:
        raise not_found()
    return found


def _set(hook: Hook, given: Given) -> None:
    if "url" in given:
        hook.url = params.required(given, "url")
        if urlsplit(hook.url).scheme not in ("http", "https"):
            raise not_valid("url", "is blocked: Only allowed schemes are http, https")
    hook.token = str(given.get("token", hook.token) or "")
    hook.name = given.get("name", hook.name)
    hook.signing_token = str(given.get("signing_token", hook.signing_token) or "")
    if hook.signing_token and not SIGNING_TOKEN(hook.signing_token):
        raise not_valid("signing_token", "must be whsec_ and 32 bytes in base64")
    for name in EVENTS:
        if name in given:
            hook.events[name] = params.flag(name, given[name])


@router.post("", status_code=201)
async def add_hook(gitlab: Here, place: Place, given: Params) -> dict[str, Any]:
    project = _managed(place)
    params.required(given, "url")
    events = {name: name == "push_events" for name in EVENTS}
    hook = Hook(0, "", "", gitlab.clock.now(), events)
    _set(hook, given)
    hook.id = gitlab.state.new_id()
    project.hooks.append(hook)
    gitlab.changed()
    return beans.hook(project, hook)


@router.get("")
async def list_hooks(request: Request, gitlab: Here, place: Place, given: Params) -> JSONResponse:
    project = _managed(place)
    return by_offset(
        request, gitlab.state.base_url, given, project.hooks, lambda h: beans.hook(project, h)
    )


@router.get("/{hook_id}")
async def get_hook(place: Place, hook_id: Annotated[int, Path()]) -> dict[str, Any]:
    project = _managed(place)
    return beans.hook(project, _hook(project, hook_id))


@router.put("/{hook_id}")
async def edit_hook(
    gitlab: Here, place: Place, hook_id: Annotated[int, Path()], given: Params
) -> dict[str, Any]:
    project = _managed(place)
    hook = _hook(project, hook_id)
    _set(hook, given)
    gitlab.changed()
    return beans.hook(project, hook)


@router.post("/{hook_id}/test/{trigger}", status_code=201)
async def test(
    gitlab: Here, place: Place, hook_id: Annotated[int, Path()], trigger: Annotated[str, Path()]
) -> dict[str, Any]:
    """Of the triggers only that of issues has something to send here."""
    project = _managed(place)
    hook = _hook(project, hook_id)
    if trigger != "issues_events" or not project.issues:
        raise GitLabError(422, {"message": "Ensure the project has issues."})
    test_hook(gitlab, project, hook, place[1].user)
    return {"message": "201 Created"}


@router.delete("/{hook_id}", status_code=204)
async def delete_hook(gitlab: Here, place: Place, hook_id: Annotated[int, Path()]) -> Response:
    project = _managed(place)
    project.hooks.remove(_hook(project, hook_id))
    gitlab.changed()
    return Response(status_code=204)
