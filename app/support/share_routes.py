"""Reporting > a run > Share with Support, and Stop sharing."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import BaseModel, Field

from app.access import Action
from app.errors import Conflict
from app.house import House, house_of
from app.runs.models import OPEN_STATES
from app.runs.reporting_guard import AtRun, the_run
from app.runs.reporting_words import CHANGED
from app.support.account_view import CHANGED as SUPPORT_CHANGED
from app.support.ends import CHOICES, PROPOSED, End
from app.support.force import grant_in_force
from app.support.shares import share, stop_sharing
from app.support.sharing import share_off, shareable, sharing_section
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render

router = page_router("/runs", "runs")
Seen = Annotated[AtRun, Depends(the_run(Action.SEE_RUN))]
Sharing = Annotated[AtRun, Depends(the_run(Action.SHARE_RUN))]
Stopping = Annotated[AtRun, Depends(the_run(Action.STOP_SHARING_RUN))]


class ShareForm(BaseModel):
    """Until when."""

    end: End = Field(title="An end")


@router.get("/{run_id}/sharing")
async def sharing(request: Request, at: Seen) -> HTMLResponse:
    """Whether it is shared, by whom and until when."""
    return fragment(await sharing_section(house_of(request), at))


@router.get("/{run_id}/share")
async def share_dialog(request: Request, at: Sharing) -> HTMLResponse:
    """Asks until when; Conflict where the run has nothing to share."""
    house = house_of(request)
    if reason := share_off(house, at.visit, shareable(at)):
        raise Conflict(reason, title="This run can't be shared")
    return fragment(await _form(house, at))


@router.post("/{run_id}/share", openapi_extra=takes_form(ShareForm))
async def share_run(request: Request, at: Sharing) -> HTMLResponse:
    """Let support read the run's log."""
    house = house_of(request)
    sent = await filled(request, ShareForm)
    if (form := sent.form) is None:
        again = await _form(house, at, values=sent.values, errors=sent.errors)
        return fragment(again, status=422)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        await share(
            session, at.visit, at.run, at.integration, end=form.end, keys=house.support_keys
        )
    return _done(Flag("The run is shared with support"))


@router.post("/{run_id}/stop-sharing")
async def stop(request: Request, at: Stopping) -> HTMLResponse:
    """Take it back at once."""
    house = house_of(request)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        await stop_sharing(session, at.visit, at.run, at.integration)
    return _done(Flag("The run is no longer shared", "Its key was taken from support."))


async def _form(
    house: House,
    at: AtRun,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Markup:
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        is_approved = await grant_in_force(session) is not None
    return render(
        "support/share.html",
        run_id=str(at.run.id),
        name=at.integration.name,
        is_open=at.run.state in OPEN_STATES,
        is_approved=is_approved,
        ends=CHOICES,
        end=(values or {}).get("end", PROPOSED.value),
        errors={"end": "", **(errors or {})},
    )


def _done(flag: Flag) -> HTMLResponse:
    events: dict[str, object] = {CHANGED: {}, SUPPORT_CHANGED: {}}
    return fragment("", flag=flag, close_dialog=True, events=events)
