"""Who one is, people, projects, their members, labels and milestones."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from sandbox.gitlab.events import VERSION
from sandbox.gitlab.rest import beans, params
from sandbox.gitlab.rest.caller import Me, Place
from sandbox.gitlab.rest.errors import GitLabError, not_found, not_valid
from sandbox.gitlab.rest.paging import by_offset
from sandbox.gitlab.rest.params import Params
from sandbox.gitlab.running import Here
from sandbox.gitlab.state import REPORTER, Label, Milestone, Project, User

router = APIRouter()


@router.get("/version")
@router.get("/metadata")
async def get_version(me: Me) -> dict[str, Any]:
    del me
    return {"version": VERSION, "revision": "5a6b7c8d", "enterprise": True}


@router.get("/personal_access_tokens/self")
async def get_own_token(me: Me) -> dict[str, Any]:
    return {
        "id": me.token.id,
        "name": "sandbox",
        "revoked": me.token.revoked,
        "scopes": me.token.scopes,
        "user_id": me.user.id,
        "active": True,
        "expires_at": None,
    }


@router.get("/user")
async def get_current_user(gitlab: Here, me: Me) -> dict[str, Any]:
    return beans.current_user(gitlab.state, me.user)


@router.get("/users")
async def list_users(request: Request, gitlab: Here, me: Me, given: Params) -> JSONResponse:
    """`username` exactly; `search` in names, and an e-mail only if its owner shows it."""
    del me
    found = [user for user in gitlab.state.users if not user.bot or "username" in given]
    if "username" in given:
        wanted = str(given["username"]).lower()
        found = [user for user in found if user.username.lower() == wanted]
    if "public_email" in given:
        found = [user for user in found if user.public_email == given["public_email"]]
    if given.get("search"):
        found = [user for user in found if _matches(user, str(given["search"]))]
    state = gitlab.state
    return by_offset(request, state.base_url, given, found, lambda u: beans.user_basic(state, u))


def _matches(user: User, text: str) -> bool:
    wanted = text.lower()
    if "@" in wanted:
        return user.public_email.lower() == wanted
    return wanted in user.name.lower() or wanted in user.username.lower()


@router.get("/users/{user_id}")
async def get_user(gitlab: Here, me: Me, user_id: Annotated[int, Path()]) -> dict[str, Any]:
    del me
    user = gitlab.state.user(user_id)
    if user is None:
        raise not_found("User")
    return beans.user_basic(gitlab.state, user)


@router.get("/projects")
async def list_projects(request: Request, gitlab: Here, me: Me, given: Params) -> JSONResponse:
    wanted = str(given.get("search") or "").lower()
    found = [
        project
        for project in gitlab.state.projects
        if me.level(project) and wanted in f"{project.path} {project.name}".lower()
    ]
    return by_offset(
        request,
        gitlab.state.base_url,
        given,
        sorted(found, key=lambda project: project.created_at, reverse=True),
        lambda project: beans.project(gitlab.state, project, me),
    )


@router.get("/projects/{project_id}")
async def get_project(gitlab: Here, place: Place) -> dict[str, Any]:
    return beans.project(gitlab.state, *place)


@router.get("/projects/{project_id}/members")
@router.get("/projects/{project_id}/members/all")
async def list_members(request: Request, gitlab: Here, place: Place, given: Params) -> JSONResponse:
    project, _ = place
    state = gitlab.state
    found = [user for user in state.users if user.id in project.members]
    if given.get("query"):
        found = [user for user in found if _matches(user, str(given["query"]))]
    return by_offset(
        request,
        state.base_url,
        given,
        found,
        lambda user: beans.member(state, user, project.members[user.id]),
    )


@router.get("/projects/{project_id}/members/{user_id}")
@router.get("/projects/{project_id}/members/all/{user_id}")
async def get_member(gitlab: Here, place: Place, user_id: Annotated[int, Path()]) -> dict[str, Any]:
    user = gitlab.state.user(user_id)
    if user is None or user_id not in place[0].members:
        raise not_found()
    return beans.member(gitlab.state, user, place[0].members[user_id])


@router.get("/projects/{project_id}/labels")
async def list_labels(request: Request, gitlab: Here, place: Place, given: Params) -> JSONResponse:
    labels = sorted(place[0].labels, key=lambda label: label.name.lower())
    return by_offset(request, gitlab.state.base_url, given, labels, beans.label)


@router.post("/projects/{project_id}/labels", status_code=201)
async def add_label(gitlab: Here, place: Place, given: Params) -> dict[str, Any]:
    project, caller = place
    caller.require(project, REPORTER)
    name, color = params.required(given, "name"), params.required(given, "color")
    if any(label.name == name for label in project.labels):
        raise GitLabError(409, {"message": "Label already exists"})
    if "," in name:
        raise not_valid("title", "is invalid")
    label = Label(gitlab.state.new_id(), name, color, given.get("description"))
    project.labels.append(label)
    gitlab.changed()
    return beans.label(label)


def _label(project: Project, wanted: str) -> Label:
    name = unquote(wanted)
    found = next((each for each in project.labels if name in (each.name, str(each.id))), None)
    if found is None:
        raise not_found("Label")
    return found


@router.get("/projects/{project_id}/labels/{label}")
async def get_label(place: Place, label: str) -> dict[str, Any]:
    return beans.label(_label(place[0], label))


@router.delete("/projects/{project_id}/labels/{label}", status_code=204)
async def delete_label(gitlab: Here, place: Place, label: str) -> Response:
    """It goes from the issues that have it, too; `updated_at` of these stays."""
    project, caller = place
    caller.require(project, REPORTER)
    found = _label(project, label)
    project.labels.remove(found)
    for issue in project.issues.values():
        issue.labels = [name for name in issue.labels if name != found.name]
    gitlab.changed()
    return Response(status_code=204)


@router.get("/projects/{project_id}/milestones")
async def list_milestones(
    request: Request, gitlab: Here, place: Place, given: Params
) -> JSONResponse:
    project, _ = place
    found = [
        each
        for each in project.milestones
        if given.get("state") in (None, "all", each.state)
        and given.get("title") in (None, each.title)
    ]
    return by_offset(
        request,
        gitlab.state.base_url,
        given,
        found,
        lambda each: beans.milestone(gitlab.state, project, each),
    )


@router.post("/projects/{project_id}/milestones", status_code=201)
async def add_milestone(gitlab: Here, place: Place, given: Params) -> dict[str, Any]:
    project, caller = place
    caller.require(project, REPORTER)
    title = params.required(given, "title")
    if any(each.title == title for each in project.milestones):
        raise not_valid("title", "already being used for another group or project milestone.")
    now = gitlab.clock.now()
    milestone = Milestone(
        gitlab.state.new_id(),
        len(project.milestones) + 1,
        title,
        now,
        now,
        str(given.get("description") or ""),
        params.day("due_date", given.get("due_date")),
        params.day("start_date", given.get("start_date")),
    )
    project.milestones.append(milestone)
    gitlab.changed()
    return beans.milestone(gitlab.state, project, milestone)
