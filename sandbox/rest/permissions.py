"""permissions/check and mypermissions."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from sandbox.permissions import GLOBAL, PROJECT, Holder
from sandbox.rest.caller import Anybody
from sandbox.rest.errors import JiraError
from sandbox.rest.meter import charge
from sandbox.running import Here
from sandbox.site import NotOnThisSiteError, Project, SiteState

router = APIRouter()
MOST_PROJECTS = 1000


class ProjectPermissions(BaseModel):
    """Null values are ignored, as Jira ignores them."""

    model_config = ConfigDict(extra="forbid")
    permissions: list[str]
    projects: list[int | None] | None = None
    issues: list[int | None] | None = None


class PermissionQuestion(BaseModel):
    """BulkPermissionsRequestBean."""

    model_config = ConfigDict(extra="forbid")
    accountId: str | None = None  # noqa: N815 - Jira's name
    globalPermissions: list[str | None] | None = None  # noqa: N815
    projectPermissions: list[ProjectPermissions | None] | None = None  # noqa: N815


@router.post("/permissions/check")
def check_permissions(
    request: Request, sandbox: Here, caller: Anybody, body: PermissionQuestion
) -> dict[str, Any]:
    """Only what is granted comes back; without `accountId` the caller's own permissions do.

    A Connect app may ask for anybody, a person only as a Jira admin.
    """
    holder = _asked_for(sandbox.site, caller, body.accountId)
    wanted_global = [key for key in body.globalPermissions or [] if key]
    wanted_project = [each for each in body.projectPermissions or [] if each is not None]
    _refuse_unknown(wanted_global, GLOBAL)
    _refuse_unknown((key for each in wanted_project for key in each.permissions if key), PROJECT)
    if sum(len(each.projects or []) for each in wanted_project) > MOST_PROJECTS:
        raise JiraError(400, f"A maximum of {MOST_PROJECTS} projects can be checked.")
    granted = [key for key in wanted_global if holder.has_global(key)]
    grants = _project_grants(sandbox.site, holder, wanted_project)
    charge(request, len(granted) + len(grants))
    return {"globalPermissions": granted, "projectPermissions": grants}


def _asked_for(site: SiteState, caller: Holder, account_id: str | None) -> Holder:
    if account_id is None:
        return caller
    me = caller.person.account_id if caller.person else None
    if caller.addon is None and not caller.is_site_admin and account_id != me:
        raise JiraError(403, "You need Administer Jira to see another user's permissions.")
    return Holder(site, person=site.find_person(account_id))


def _refuse_unknown(keys: Iterable[str], known: dict[str, tuple[str, str]]) -> None:
    unknown = sorted(set(keys) - set(known))
    if unknown:
        raise JiraError(400, f"Unrecognized permission: {', '.join(unknown)}")


def _project_grants(
    site: SiteState, holder: Holder, wanted: list[ProjectPermissions]
) -> list[dict[str, Any]]:
    projects = {project.id: project for project in site.projects}
    grants = []
    for question in wanted:
        asked = [projects[each] for each in question.projects or [] if each in projects]
        for key in filter(None, question.permissions):
            granted = [p.id for p in asked if holder.has_in_project(key, p)]
            if granted:
                grants.append({"permission": key, "projects": granted, "issues": []})
    return grants


@router.get("/mypermissions")
def get_my_permissions(
    *,
    request: Request,
    sandbox: Here,
    caller: Anybody,
    permissions: str | None = None,
    project_key: Annotated[str | None, Query(alias="projectKey")] = None,
    project_id: Annotated[str | None, Query(alias="projectId")] = None,
) -> dict[str, Any]:
    """Without a project, a project permission means "in any project"."""
    keys = [key.strip() for key in (permissions or "").split(",") if key.strip()]
    if not keys:
        raise JiraError(400, "The 'permissions' query parameter is required.")
    _refuse_unknown(keys, {**GLOBAL, **PROJECT})
    project = _project(sandbox.site, caller, project_key or project_id)
    charge(request, len(keys))
    return {"permissions": {key: _user_permission(caller, key, project) for key in keys}}


def _project(site: SiteState, caller: Holder, name: str | None) -> Project | None:
    if name is None:
        return None
    try:
        project = site.project(name)
    except NotOnThisSiteError:
        project = None
    if project is None or not caller.has_in_project("BROWSE_PROJECTS", project):
        raise JiraError(404, f"No project could be found with key or id '{name}'.")
    return project


def _user_permission(caller: Holder, key: str, project: Project | None) -> dict[str, Any]:
    kind, table = ("GLOBAL", GLOBAL) if key in GLOBAL else ("PROJECT", PROJECT)
    number, name = table[key]
    return {
        "id": number,
        "key": key,
        "name": name,
        "type": kind,
        "description": f"{name}.",
        "havePermission": caller.has(key, project),
    }
