"""Creating and editing an integration or migration."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations.changing import require_version
from app.integrations.choices import require_any_tool
from app.integrations.editing import (
    NO_PROJECT,
    Mistake,
    create_from_form,
    place_to_create,
    save_form,
)
from app.integrations.form_page import (
    form_main,
    project_part,
    title_of,
    tool_fields,
    values_of,
)
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.integrations.pages import detail_main
from app.integrations.schemas import ChangedIntegration, NewIntegration
from app.web.forms import Filled, filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

router = page_router("/integrations", "integrations")
Creating = Annotated[Visit, Depends(context(Action.CREATE_INTEGRATION))]
Changing = Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))]


@router.get("/new")
async def new(
    request: Request, visit: Creating, *, kind: str = "integration", tool: str = ""
) -> HTMLResponse:
    """The empty form, for whoever may create anything at all."""
    require_any_tool(visit)
    house = house_of(request)
    main = await form_main(house, visit, {"kind": kind, "tool": tool})
    return show(request, visit, main, active="integrations", title=title_of(None))


@router.get("/projects")
async def find_projects(
    request: Request, visit: Creating, *, project_q: str = "", project_id: str = ""
) -> HTMLResponse:
    """The Jira projects that the search finds."""
    require_any_tool(visit)
    house = house_of(request)
    values = {"project_q": project_q[:200], "project_id": project_id}
    part = await project_part(house, visit, values)
    return fragment(render("integrations/project_part.html", project=part))


@router.get("/tool-part")
async def show_tool_part(
    request: Request,
    visit: Annotated[Visit, Depends(context(Action.SEE_CONNECTION))],
    *,
    tool: str = "",
) -> HTMLResponse:
    """What a tool's places are called, and the connections to it that the visitor can see."""
    house = house_of(request)
    return fragment(await tool_fields(house, visit, {"tool": tool}))


@router.post("", openapi_extra=takes_form(NewIntegration))
async def create(request: Request, visit: Creating) -> HTMLResponse:
    """Create one, owned by the visitor."""
    house = house_of(request)
    entered = await filled(request, NewIntegration)
    if (form := entered.form) is None:
        require_any_tool(visit)
        main = await form_main(house, visit, entered.values, _errors(visit, entered))
        return fragment(main, status=422)
    try:
        project = await place_to_create(house, visit, form)
        async with house.database.of_instance(visit.caller.instance_id) as session:
            integration = await create_from_form(session, visit, form, project)
    except Mistake as mistake:
        main = await form_main(house, visit, entered.values, dict([mistake.args]))
        return fragment(main, status=422)
    main = await detail_main(request, visit, integration)
    flag = Flag(f"{integration.name} was created")
    return fragment(main, flag=flag)


@router.get("/{integration_id}/edit")
async def edit(request: Request, at: Changing) -> HTMLResponse:
    """The form with what is set now."""
    house = house_of(request)
    main = await form_main(house, at.visit, values_of(at.thing), integration=at.thing)
    return show(request, at.visit, main, active="integrations", title=title_of(at.thing))


@router.post("/{integration_id}", openapi_extra=takes_form(ChangedIntegration))
async def save(request: Request, at: Changing) -> HTMLResponse:
    """Set what the form says, unless somebody was faster."""
    house = house_of(request)
    visit, integration = at.visit, at.thing
    entered = await filled(request, ChangedIntegration)
    errors = entered.errors
    left = ""
    if (form := entered.form) is not None:
        await require_version(house, visit, integration, form.version)
        try:
            left = await save_form(house, visit, integration, form)
        except Mistake as mistake:
            errors = dict([mistake.args])
    if errors:
        values = {**values_of(integration), **entered.values}
        main = await form_main(house, visit, values, errors, integration=integration)
        return fragment(main, status=422)
    main = await detail_main(request, visit, integration)
    flag = Flag(f"{integration.name} was saved", left, "warning" if left else "success")
    return fragment(main, flag=flag)


def _errors(visit: Visit, entered: Filled[NewIntegration]) -> dict[str, str]:
    """All that is missing at once, the project too, which only some pages ask for."""
    errors = dict(entered.errors)
    if visit.project is None and not entered.values.get("project_id"):
        errors.setdefault("project_id", NO_PROJECT)
    return errors
