"""Looking at what a run would do, what stops one, and the report of what came of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from app.access import Action
from app.errors import InvalidInput
from app.house import house_of
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.runs.life import preview_by_hand
from app.runs.report_pages import report_lines, report_section
from app.runs.reporting_guard import AtRun, run_seen, the_run
from app.runs.reporting_log import note_opening
from app.runs.reporting_pages import run_main
from app.runs.start_pages import start_section
from app.sync.side_schemas import Reader
from app.web.page_router import page_router
from app.web.pages import Flag, fragment

starting = page_router("/integrations", "runs")
pages = page_router("/runs", "runs")
Reading = Annotated[AtRun, Depends(the_run(Action.READ_LOG))]


@starting.get("/{integration_id}/start")
async def start(
    request: Request,
    at: Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION))],
    reader: Reader,
) -> HTMLResponse:
    """What can be started, and what stops it, found by asking both sides."""
    house = house_of(request)
    section = await start_section(
        house, at.visit, at.thing, lambda: reader.of(house, at.visit, at.thing)
    )
    return fragment(section)


@starting.post("/{integration_id}/preview")
async def preview(
    request: Request,
    at: Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))],
) -> HTMLResponse:
    """Begin a preview, and show it."""
    house = house_of(request)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        run = await preview_by_hand(session, at.visit, at.thing)
    seen = await run_seen(house, at.visit, run.id)
    return fragment(await run_main(house, seen), flag=Flag("The preview has started"))


@pages.get("/{run_id}/report")
async def report(request: Request, at: Reading) -> HTMLResponse:
    """What a preview found, or what became of a migration's items."""
    return fragment(await report_section(house_of(request), at))


@pages.get("/{run_id}/report/download", response_class=StreamingResponse)
async def download(request: Request, at: Reading) -> StreamingResponse:
    """The same as CSV, with all items that fail."""
    if "hx-target" in request.headers:
        raise InvalidInput("This is a file, not a page.", mend="Use the button of the report.")
    house = house_of(request)
    await note_opening(house, at, {"report": "downloaded"})
    return StreamingResponse(
        report_lines(house, at),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="report.csv"'},
    )


router = APIRouter()
router.include_router(starting)
router.include_router(pages)
