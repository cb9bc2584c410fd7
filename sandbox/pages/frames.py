"""The app's pages in Jira's frame, and what Atlassian's bridge asks the site for."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from sandbox.conditions import Situation, all_hold
from sandbox.modules import Module, module_of
from sandbox.pages.projects import render_settings
from sandbox.pages.visit import NoAccessError, Visit, Visiting
from sandbox.site import Addon, NotOnThisSiteError, Project

router = APIRouter()
PROJECT_KINDS = ("jiraProjectAdminTabPanels", "jiraProjectPages")
ADMIN_KINDS = ("adminPages", "configurePage", "postInstallPage")
CUSTOM_PREFIX = "ac."


@router.get("/plugins/servlet/ac/{app_key}/{module_key}")
def show_module(visit: Visiting, app_key: str, module_key: str) -> Response:
    """A page of the app, with the menu of the place where Jira shows it."""
    addon = _app(visit, app_key)
    module = module_of(addon, module_key)
    query = visit.request.query_params
    named = query.get("project.key") or query.get("project.id")
    project = visit.sandbox.site.project(named) if named is not None else None
    _require_shown(visit, addon, module, project)
    frame = _frame(visit, addon, module, project)
    if module.kind in PROJECT_KINDS and project is not None:
        return render_settings(
            visit, project, "frame_in_project.html", module.name, module=module, frame=frame
        )
    template = "frame_in_admin.html" if module.kind in ADMIN_KINDS else "frame.html"
    return visit.render(template, title=module.name, module=module, frame=frame)


def _app(visit: Visit, app_key: str) -> Addon:
    if visit.addon is None or visit.addon.key != app_key:
        raise NotOnThisSiteError("This app is not installed here, or it is disabled.")
    return visit.addon


def _require_shown(visit: Visit, addon: Addon, module: Module, project: Project | None) -> None:
    if module.kind in ADMIN_KINDS:
        visit.require_admin()
    if module.kind in PROJECT_KINDS:
        if project is None:
            raise NotOnThisSiteError("This page belongs to a project's settings.")
        visit.require_project_admin(project)
    if not all_hold(module.conditions, Situation(visit.holder, addon, project)):
        raise NoAccessError("The app's conditions for this page do not hold for you.")


def _custom(query: Mapping[str, str]) -> dict[str, str]:
    """The page's own `ac.` parameters, which the app's URL may take up."""
    return {
        name.removeprefix(CUSTOM_PREFIX): value
        for name, value in query.items()
        if name.startswith(CUSTOM_PREFIX)
    }


def _frame(visit: Visit, addon: Addon, module: Module, project: Project | None) -> dict[str, Any]:
    """What the bridge needs to make the iframe, as the page hands it to its script."""
    project_key = project.key if project is not None else None
    custom = _custom(visit.request.query_params)
    return {
        "appKey": addon.key,
        "moduleKey": module.key,
        "moduleKind": module.kind,
        "projectKey": project_key,
        "url": visit.sandbox.host.frame_url(
            visit.person.account_id, module.key, project_key, custom
        ),
        "context": visit.sandbox.host.context(project_key),
        "user": {
            "atlassianAccountId": visit.person.account_id,
            "timeZone": visit.person.time_zone,
            "locale": visit.person.locale,
        },
    }


class FrameQuestion(BaseModel):
    project_key: str | None = Field(default=None, alias="projectKey")


@router.post("/bridge/token")
def context_token(visit: Visiting, body: FrameQuestion) -> dict[str, str]:
    """What AP.context.getToken brings back."""
    project = _project_for(visit, body.project_key)
    return {"token": visit.sandbox.host.context_token(visit.person.account_id, project)}


@router.get("/bridge/frame/{module_key}")
def resolve_frame(visit: Visiting, request: Request, module_key: str) -> dict[str, str]:
    """The content resolver: a fresh address for a dialog's page or an outlived frame."""
    addon = _app(visit, visit.addon.key if visit.addon else "")
    module = module_of(addon, module_key)
    project_key = _project_for(visit, request.query_params.get("project.key"))
    project = visit.sandbox.site.project(project_key) if project_key else None
    if not all_hold(module.conditions, Situation(visit.holder, addon, project)):
        raise NoAccessError("The app's conditions for this page do not hold for you.")
    custom = _custom(request.query_params)
    return {
        "url": visit.sandbox.host.frame_url(
            visit.person.account_id, module_key, project_key, custom
        )
    }


def _project_for(visit: Visit, key: str | None) -> str | None:
    """Jira signs a project into a token only for those who may see the project."""
    if key is None:
        return None
    project = visit.sandbox.site.project(key)
    if not visit.holder.has_in_project("BROWSE_PROJECTS", project):
        raise NoAccessError("You can not see this project.")
    return project.key
