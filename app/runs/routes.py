"""Reporting: the list of runs, one run, and its log."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from app.access import Action
from app.errors import InvalidInput
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.runs.change_routes import router as changes
from app.runs.gone_routes import router as gone
from app.runs.models import OPEN_STATES
from app.runs.preview_routes import router as previews
from app.runs.reporting_guard import AtRun, the_run
from app.runs.reporting_list import checked_run_filters
from app.runs.reporting_log import (
    Mark,
    checked_mark,
    checked_wanted,
    newest_chunks,
    newest_part,
    opened,
    read_part,
    reader_of,
    whole_file,
)
from app.runs.reporting_pages import (
    chart_section,
    failed_section,
    log_lines,
    log_section,
    run_main,
    runs_main,
    state_section,
)
from app.runs.reporting_words import CHANGED
from app.web.page_router import page_router
from app.web.pages import fragment
from app.web.show import show

pages = page_router("/runs", "runs")
Seeing = Annotated[Visit, Depends(context(Action.SEE_RUN))]
Seen = Annotated[AtRun, Depends(the_run(Action.SEE_RUN))]
Reading = Annotated[AtRun, Depends(the_run(Action.READ_LOG))]


@pages.get("")
async def listed(
    request: Request,
    visit: Seeing,
    *,
    integration: str = "",
    state: str = "",
    trigger: str = "",
    mine: str = "",
    since: str = "",
    after: str = "",
    before: str = "",
) -> HTMLResponse:
    """All runs that the visitor may see, filtered, a page at a time."""
    filters = checked_run_filters(
        integration=integration,
        state=state,
        trigger=trigger,
        mine=mine,
        since=since,
        after=after,
        before=before,
    )
    main = await runs_main(house_of(request), visit, filters)
    return show(request, visit, main, active="reporting", title="Reporting")


@pages.get("/days")
async def days(
    request: Request,
    visit: Seeing,
    *,
    integration: str = "",
    state: str = "",
    trigger: str = "",
    mine: str = "",
) -> HTMLResponse:
    """The last 30 days as a chart and a table."""
    filters = checked_run_filters(integration=integration, state=state, trigger=trigger, mine=mine)
    return fragment(await chart_section(house_of(request), visit, filters))


@pages.get("/{run_id}")
async def detail(request: Request, at: Seen) -> HTMLResponse:
    """One run."""
    main = await run_main(house_of(request), at)
    return show(request, at.visit, main, active="reporting", title=at.integration.name)


@pages.get("/{run_id}/state")
async def state(at: Seen, *, seen: str = "") -> HTMLResponse:
    """How it stands now; tells the rest of the page if that is not what was ``seen``."""
    events: dict[str, object] = {CHANGED: {}} if seen != at.run.state else {}
    return fragment(state_section(at), events=events)


@pages.get("/{run_id}/failed")
async def failed(request: Request, at: Reading) -> HTMLResponse:
    """The items that failed, with their reasons."""
    return fragment(await failed_section(house_of(request), at))


@pages.get("/{run_id}/log")
async def log(
    request: Request,
    at: Reading,
    *,
    level: str = "debug",
    item: str = "",
    begin: str = "",
    token: str = "",
) -> HTMLResponse:
    """The log from its beginning, or while the run goes on its last lines."""
    house = house_of(request)
    wanted = checked_wanted(level, item)
    reader = reader_of(house, at)
    token = await opened(house, at, "shown", token)
    mark = Mark(0, 0)
    if at.run.state in OPEN_STATES and begin != "first":
        newest = newest_chunks(at.run.id)
        mark = newest_part(await house.database.rows(at.visit.caller.instance_id, newest))
    part = await read_part(reader, mark, wanted)
    base = f"/runs/{at.run.id}"
    return fragment(log_section(at.run, part, wanted, token, base=base, begin=mark))


@pages.get("/{run_id}/log/more")
async def more_of_the_log(
    request: Request,
    at: Reading,
    *,
    level: str = "debug",
    item: str = "",
    mark: str = "0.0",
    token: str = "",
) -> HTMLResponse:
    """The lines after those that are shown, also those that have come since."""
    house = house_of(request)
    wanted, begin = checked_wanted(level, item), checked_mark(mark)
    reader = reader_of(house, at)
    token = await opened(house, at, "followed", token)
    part = await read_part(reader, begin, wanted)
    return fragment(log_lines(at.run, part, wanted, token, base=f"/runs/{at.run.id}"))


@pages.get("/{run_id}/log/download", response_class=StreamingResponse)
async def download(request: Request, at: Reading) -> StreamingResponse:
    """The whole log as JSON lines."""
    if "hx-target" in request.headers:
        # It holds what people wrote as it is; see the export of the audit trail.
        raise InvalidInput("This is a file, not a page.", mend="Use the button of the log.")
    house = house_of(request)
    reader = reader_of(house, at)
    await opened(house, at, "downloaded")
    return StreamingResponse(
        whole_file(reader),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="run.jsonl"'},
    )


router = APIRouter()
router.include_router(pages)
router.include_router(changes)
router.include_router(gone)
router.include_router(previews)
