"""Handing an integration to somebody who could have created it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action, Place, decide
from app.errors import CannotTell
from app.house import House, house_of
from app.identity.visit import ProjectInView, Visit
from app.integrations import service
from app.integrations.changing import changing, require_version
from app.integrations.form_page import NO_ERRORS
from app.integrations.guards import At, the_integration
from app.integrations.jira_projects import SearchResult, asking_jira
from app.integrations.models import Integration
from app.integrations.pages import CHANGED
from app.integrations.schemas import HandOver
from app.integrations.wording import why_not
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render
from connect import User

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
    found = await _search(house_of(request), at.visit, q)
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
    person: User | None = None
    if (form := entered.form) is not None:
        await require_version(house, visit, integration, form.version)
        person, problem = await _taker(house, visit, integration, form.account_id)
        errors = {"account_id": problem} if problem else NO_ERRORS
    if person is None:
        found = await _search(house, visit, entered.values.get("q", ""))
        values = {"version": str(integration.version), **entered.values}
        return fragment(_dialog(integration, values, errors, found), status=422)
    async with changing(house, visit, integration) as session:
        await service.hand_over(session, visit, integration, f"jira:{person.account_id}")
    flag = Flag(f"{integration.name} now belongs to {person.display_name}")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


async def _taker(
    house: House, visit: Visit, integration: Integration, account_id: str
) -> tuple[User | None, str]:
    """The new owner, or why this person cannot be it."""
    person = await _person(house, visit, account_id)
    if person is None or not person.active:
        return None, "Choose a person who is active in this Jira."
    if integration.owner == f"jira:{person.account_id}":
        return None, f"{person.display_name} owns it already."
    project = ProjectInView(integration.project_id, integration.project_key)
    with asking_jira():
        taker = await house.doors.connect.caller_of(
            visit.facts, person.account_id, project, visit.licence
        )
    place = Place(
        integration.instance_id,
        workspace_id=integration.workspace_id,
        tool=integration.tool,
        project_id=integration.project_id,
    )
    decision = decide(taker, Action.CREATE_INTEGRATION, place)
    if not decision:
        return None, f"{person.display_name} could not own it. They would be told: " + why_not(
            decision
        )
    return person, ""


async def _person(house: House, visit: Visit, account_id: str) -> User | None:
    try:
        with asking_jira():
            users = await house.jira.users(visit.facts.site, [account_id])
    except ValueError:
        return None  # nothing that Jira could have given as an account id
    return next((user for user in users if user.account_id == account_id), None)


async def _search(house: House, visit: Visit, query: str) -> SearchResult:
    if not query.isprintable() or not query.strip():
        return SearchResult()
    try:
        with asking_jira():
            users = await house.jira.search_users(visit.facts.site, query[:200])
    except CannotTell as trouble:
        return SearchResult(trouble=f"{trouble.detail} Search again in a moment.")
    return SearchResult([(user.account_id, user.display_name) for user in users if user.active])


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
