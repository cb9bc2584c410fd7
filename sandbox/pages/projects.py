"""The projects, and each project's settings with the people who administer it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from sandbox.pages.visit import Visit, Visiting
from sandbox.site import Project

router = APIRouter(prefix="/projects")


@router.get("")
def list_projects(visit: Visiting) -> Response:
    administered = {
        project.key
        for project in visit.sandbox.site.projects
        if visit.holder.has_in_project("ADMINISTER_PROJECTS", project)
    }
    leads = {
        project.key: visit.sandbox.site.person(project.lead).display_name
        for project in visit.sandbox.site.projects
    }
    return visit.render("projects.html", title="Projects", administered=administered, leads=leads)


def render_settings(
    visit: Visit, project: Project, template: str, title: str, **values: Any
) -> Response:
    """A page of Project settings, with its own menu at the left."""
    panels = visit.modules("jiraProjectAdminTabPanels", project=project)
    return visit.render(template, title=title, project=project, panels=panels, **values)


@router.get("/{key}/settings")
def settings(visit: Visiting, key: str) -> Response:
    project = visit.sandbox.site.project(key)
    visit.require_project_admin(project)
    lead = visit.sandbox.site.person(project.lead)
    return render_settings(visit, project, "project_details.html", "Details", lead=lead)


@router.get("/{key}/settings/people")
def people(visit: Visiting, key: str) -> Response:
    project = visit.sandbox.site.project(key)
    visit.require_project_admin(project)
    return render_settings(visit, project, "project_people.html", "People")


@router.post("/{key}/settings/people")
def change_people(
    visit: Visiting,
    key: str,
    account_id: Annotated[str, Form()],
    admin: Annotated[bool, Form()],
) -> Response:
    site = visit.sandbox.site
    project = site.project(key)
    visit.require_project_admin(project)
    site.set_project_admin(key, account_id, admin=admin)
    name = site.person(account_id).display_name
    done = "now administers" if admin else "no longer administers"
    return visit.back_to(f"/projects/{key}/settings/people", f"{name} {done} {project.name}.")
