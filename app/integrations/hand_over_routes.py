"""Handing an integration to somebody who could have created it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action
from app.house import House, house_of
from app.integrations import service
from app.integrations.changing import changing, require_version
from app.integrations.form_page import NO_ERRORS
from app.integrations.guards import At, the_integration
from app.integrations.jira_projects import SearchResult
from app.integrations.models import Integration
from app.integrations.pages import CHANGED
from app.integrations.schemas import HandOver
from app.integrations.takers import accepted_taker, find_takers
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render

router = page_router("/integrations", "integrations")
HandingOver = Annotated[At[Integration], Depends(the_integration(Action.HAND_OVER_INTEGRATION))]


@router.get("/{integration_id}/hand-over")
async def ask_whom(at: HandingOver) -> HTMLResponse:
    """The dialog: search for the new owner."""
    values = {"version": str(at.thing.version)}
    return fragment(_dialog(at.thing, values, NO_ERRORS, SearchResult()))


@router.get("/{integration_id}/hand-over/people")
async def find_people(request: Request, at: HandingOver, *, q: str = "") -> HTMLResponse:
    """The people whom the search finds."""
    found = await _search(house_of(request), at, q)
    return fragment(
        render("integrations/people_part.html", people=found.options, trouble=found.trouble)
    )


@router.post("/{integration_id}/hand-over", openapi_extra=takes_form(HandOver))
async def hand_over(request: Request, at: HandingOver) -> HTMLResponse:
    """Make somebody else the owner, if they could have created it."""
    house = house_of(request)
    visit, integration = at.visit, at.thing
    entered = await filled(request, HandOver)
    errors = entered.errors
    name = ""
    if (form := entered.form) is not None:
        await require_version(house, visit, integration, form.version)
        name, problem = await accepted_taker(house, visit, integration, form.taker)
        errors = {"taker": problem} if problem else NO_ERRORS
    if form is None or not name:
        found = await _search(house, at, entered.values.get("q", ""))
        values = {"version": str(integration.version), **entered.values}
        return fragment(_dialog(integration, values, errors, found), status=422)
    async with changing(house, visit, integration) as session:
        await service.hand_over(session, visit, integration, form.taker)
    flag = Flag(f"{integration.name} now belongs to {name}")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


async def _search(house: House, at: At[Integration], query: str) -> SearchResult:
    its = at.thing
    return await find_takers(house, at.visit, query, but=its.owner, workspace_id=its.workspace_id)


def _dialog(
    integration: Integration,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    found: SearchResult,
) -> str:
    return render(
        "integrations/hand_over.html",
        integration=integration,
        values=values,
        errors=errors,
        people=found.options,
        trouble=found.trouble,
    )
