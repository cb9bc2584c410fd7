"""The first page of an administrator: licence, groups, Integration or Migration."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from pydantic import BaseModel
from starlette.responses import Response

from app.access import Action
from app.house import House
from app.identity.guard import context
from app.identity.visit import Visit
from app.instances.access_routes import found_by_name, read_groups
from app.instances.licence_words import licence_words, manage_apps_url
from app.instances.set_up import Kind, finish_set_up
from app.instances.tool_access import tool_access
from app.web.forms import filled, takes_form
from app.web.pages import fragment
from app.web.routing import AuditedRoute
from app.web.show import show
from app.web.templates import render

router = APIRouter(
    prefix="/set-up",
    tags=["set-up"],
    route_class=AuditedRoute,
    default_response_class=HTMLResponse,
)
SettingUp = Annotated[Visit, Depends(context(Action.SET_UP))]


class SetUpForm(BaseModel):
    """What the administrator wants to begin with."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Choice:
    """A card of the page."""

    value: str
    label: str
    text: str
    icon: str


CHOICES = (
    Choice(
        "integration",
        "Integration",
        "Keeps a Jira project and another tool in step, again and again.",
        "integrations",
    ),
    Choice("migration", "Migration", "Moves work from one side to the other, once.", "migration"),
)


@router.get("")
async def set_up(request: Request, visit: SettingUp) -> HTMLResponse:
    """Licence, groups and the choice."""
    house: House = request.app.state.house
    main = await set_up_main(house, visit)
    return show(request, visit, main, active="integrations", title="Set up Getint")


@router.post("", openapi_extra=takes_form(SetUpForm))
async def finish(request: Request, visit: SettingUp) -> Response:
    """Finish the set-up and go on to the form of what was chosen."""
    house: House = request.app.state.house
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
        choices=CHOICES,
        error=error,
    )
