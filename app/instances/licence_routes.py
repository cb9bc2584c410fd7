"""Settings > Licence."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.access import Action
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.instances.licence_words import all_licence_words, licence_words, manage_apps_url
from app.integrations.wording import when
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render
from connect import LicenceFact, LicenceState

router = page_router("/settings/licence", "settings")
Seeing = Annotated[Visit, Depends(context(Action.SEE_LICENCE))]
_SOURCES = {"api": "Atlassian's licence service", "page": "a page that Jira signed"}


@router.get("")
async def licence(request: Request, visit: Seeing) -> HTMLResponse:
    """What is known of the licence."""
    house = house_of(request)
    # This very visit may have been the first to ask, after its facts were read.
    facts = await house.directory.find(visit.facts.site.client_key) or visit.facts
    main = _main(visit, visit.licence, facts.licence)
    return show(request, visit, main, active="settings", title="Licence")


@router.post("/check-again")
async def check_again(request: Request, visit: Seeing) -> HTMLResponse:
    """Ask Atlassian now."""
    house = house_of(request)
    state = await house.licences.check_again(visit.facts)
    facts = await house.directory.load(visit.facts.site.client_key) or visit.facts
    before, after = visit.facts.licence, facts.licence
    if after is not None and (before is None or after.learnt_at > before.learnt_at):
        flag = Flag("Atlassian has answered", f"The licence is: {licence_words(state).label}.")
    else:
        flag = Flag("Atlassian did not answer", "What was known before still counts.", "warning")
    return fragment(_main(visit, state, after), flag=flag)


def _main(visit: Visit, state: LicenceState, fact: LicenceFact | None) -> Markup:
    return render(
        "instances/licence.html",
        licence=licence_words(state),
        type=(fact.type if fact else None) or "Not told",
        entitlement=(fact.entitlement_number if fact else None) or "",
        confirmed_at=fact.learnt_at.isoformat() if fact else "",
        confirmed_text=when(fact.learnt_at) if fact else "",
        confirmed_by=_SOURCES[fact.source] if fact else "",
        manage_apps=manage_apps_url(visit.facts),
        states=all_licence_words(),
    )
