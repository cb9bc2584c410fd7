"""So much is missing that it was not believed: a person says that it was deleted."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from app.access import Action
from app.errors import InvalidInput
from app.house import house_of
from app.runs.gone_pages import gone_dialog, gone_section
from app.runs.reporting_guard import AtRun, the_run
from app.runs.reporting_words import CHANGED
from app.sync.doubts import confirm
from app.sync.rules import SideName
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment

router = page_router("/runs", "runs")
Seen = Annotated[AtRun, Depends(the_run(Action.SEE_RUN))]
Changed = Annotated[AtRun, Depends(the_run(Action.CHANGE_INTEGRATION))]


class GoneForm(BaseModel):
    """On which side, and what was seen to be missing there."""

    side: SideName
    picture: str


@router.get("/{run_id}/gone")
async def gone(request: Request, at: Seen) -> HTMLResponse:
    """What is missing now and not believed."""
    return fragment(await gone_section(house_of(request), at))


@router.get("/{run_id}/gone/confirm")
async def confirm_dialog(request: Request, at: Changed, *, side: str = "") -> HTMLResponse:
    """Says how many and where, and what will become of them; Conflict where nothing is doubted."""
    return fragment(await gone_dialog(house_of(request), at, side))


@router.post("/{run_id}/gone/confirm", openapi_extra=takes_form(GoneForm))
async def confirm_gone(request: Request, at: Changed) -> HTMLResponse:
    """The next run believes it; Conflict where something else is missing by now."""
    form = (await filled(request, GoneForm)).form
    if form is None:
        raise InvalidInput("This does not say what was deleted.", mend="Use the button of the run.")
    async with house_of(request).database.of_instance(at.visit.caller.instance_id) as session:
        doubt = await confirm(session, at.visit, at.integration, form.side, form.picture)
    flag = Flag("Confirmed", f"The next run ends {doubt.count:,} links.")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})
