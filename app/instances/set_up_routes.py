"""The first page of an administrator: licence, groups, Integration or Migration."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from pydantic import BaseModel
from starlette.responses import Response

from app.access import Action
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.instances.access_routes import found_by_name, read_groups
from app.instances.licence_words import licence_words, manage_apps_url
from app.instances.set_up import Kind, finish_set_up
from app.instances.tool_access import tool_access
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import fragment
from app.web.show import show
from app.web.templates import render

router = page_router("/set-up", "set-up")
SettingUp = Annotated[Visit, Depends(context(Action.SET_UP))]


class SetUpForm(BaseModel):
    """What the administrator wants to begin with."""

    kind: Kind


@router.get("")
async def set_up(request: Request, visit: SettingUp) -> HTMLResponse:
    """Licence, groups and the choice."""
    house = house_of(request)
    main = await set_up_main(house, visit)
    return show(request, visit, main, active="integrations", title="Set up Getint")


@router.post("", openapi_extra=takes_form(SetUpForm))
async def finish(request: Request, visit: SettingUp) -> Response:
    """Finish the set-up and go on to the form of what was chosen."""
    house = house_of(request)
    form = (await filled(request, SetUpForm)).form
    if form is None:
        main = await set_up_main(house, visit, error="Choose Integration or Migration.")
        return fragment(main, status=422)
    bindings, known = await read_groups(house, visit)
    found = found_by_name(house, bindings, known) if known is not None else {}
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await finish_set_up(session, house.changes, visit, kind=form.kind, standard_groups=found)
    return RedirectResponse(f"/integrations/new?kind={form.kind}", status_code=303)


async def set_up_main(house: House, visit: Visit, *, error: str = "") -> Markup:
    """The page's content."""
    bindings, known = await read_groups(house, visit)
    return render(
        "instances/set_up.html",
        is_configured=visit.facts.is_configured,
        licence=licence_words(visit.licence),
        manage_apps=manage_apps_url(visit.facts),
        groups=tool_access(house.settings.group_prefix, bindings, known),
        jira_answers=known is not None,
        error=error,
    )
