"""A customer's runs, and the logs of those that were shared."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.requests import Request

from app.access import Action
from app.errors import InvalidInput
from app.runs.models import OPEN_STATES
from app.runs.openings import lasts, opening
from app.runs.reporting_log import (
    Mark,
    checked_mark,
    checked_wanted,
    newest_chunks,
    newest_part,
    read_part,
)
from app.runs.reporting_pages import log_lines, log_section
from app.runs.reporting_words import STATES
from app.support.console import run_pages as pages
from app.support.console.customer import SharedOrNot, newest_runs, run_at, shared_runs
from app.support.console.guard import looking
from app.support.console.looking import Look, Looking
from app.support.console.shared_log import export_of, reader_of
from app.support.console.show import show
from app.web.pages import fragment

router = APIRouter(
    prefix="/instances/{instance_id}/runs", tags=["runs"], default_response_class=HTMLResponse
)
AtRuns = Annotated[Looking, Depends(looking(Action.SEE_RUN))]
AtLog = Annotated[Looking, Depends(looking(Action.READ_LOG))]


@router.get("")
async def runs(
    request: Request,
    at: AtRuns,
    *,
    integration: str = "",
    state: str = "",
    after: str = "",
) -> HTMLResponse:
    """All runs, their states and counts."""
    if state and state not in STATES:
        raise InvalidInput("There is no such state.", mend="Clear the filter.")
    async with at.opened() as look:
        part = await newest_runs(look, integration, state, after)
        shared = await shared_runs(look.session)
        look.note(page="Runs")
    main = pages.runs_main(look, part, shared, integration=integration, state=state)
    return show(request, at.agent, main, active="find", title="Runs")


@router.get("/{run_id}")
async def run(request: Request, at: AtRuns, run_id: str) -> HTMLResponse:
    """One run: its state and counts, and whether its log was shared."""
    async with at.opened() as look:
        found = await run_at(look.session, look.visit, run_id)
        look.visit.require(found.place)
        look.note("run", found.run.id, integration=found.integration.name)
    main = pages.run_main(look, found)
    return show(request, at.agent, main, active="find", title=found.integration.name)


@router.get("/{run_id}/log")
async def log(
    at: AtLog,
    run_id: str,
    *,
    level: str = "debug",
    item: str = "",
    begin: str = "",
    token: str = "",
) -> HTMLResponse:
    """A shared log from its beginning, or while the run goes on its last lines."""
    wanted, mark = checked_wanted(level, item), Mark(0, 0)
    async with at.opened() as look:
        found = await _shared(look, run_id)
        reader = reader_of(at, found)
        if found.run.state in OPEN_STATES and begin != "first":
            mark = newest_part(await look.session.execute(newest_chunks(found.run.id)))
        token = _noted(at, look, found, "shown", token)
    part = await read_part(reader, mark, wanted)
    base = _base(at, found)
    return fragment(log_section(found.run, part, wanted, token, base=base, begin=mark))


@router.get("/{run_id}/log/more")
async def more_of_the_log(
    at: AtLog,
    run_id: str,
    *,
    level: str = "debug",
    item: str = "",
    mark: str = "0.0",
    token: str = "",
) -> HTMLResponse:
    """The lines after those that are shown, also those that have come since."""
    wanted, begin = checked_wanted(level, item), checked_mark(mark)
    async with at.opened() as look:
        found = await _shared(look, run_id)
        reader = reader_of(at, found)
        token = _noted(at, look, found, "followed", token)
    part = await read_part(reader, begin, wanted)
    return fragment(log_lines(found.run, part, wanted, token, base=_base(at, found)))


@router.get("/{run_id}/log/download", response_class=StreamingResponse)
async def export(request: Request, at: AtLog, run_id: str) -> StreamingResponse:
    """What was shared as one file for the ticket: it says of whom, for whom and when it is."""
    if "hx-target" in request.headers:
        raise InvalidInput("This is a file, not a page.", mend="Use the button of the log.")
    async with at.opened() as look:
        found = await _shared(look, run_id)
        reader = reader_of(at, found)
        look.note("run", found.run.id, log="exported", integration=found.integration.name)
    name = f"getint-run-{found.run.id}.jsonl"
    return StreamingResponse(
        export_of(at, found, reader),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _shared(look: Look, run_id: str) -> SharedOrNot:
    """The run, if its log may be read; the refusal names it in the trail."""
    found = await run_at(look.session, look.visit, run_id)
    look.about(run_id=str(found.run.id))
    look.visit.require(found.place)
    return found


def _noted(at: Looking, look: Look, found: SharedOrNot, how: str, token: str) -> str:
    """Note an opening, unless ``token`` is of one of this share that still lasts; its token."""
    assert found.share is not None  # noqa: S101 - reading was granted
    keys, now = at.console.keys, datetime.now(UTC)
    place = ("log opening", at.agent.session_id, found.run.id, found.share.id)
    if token and lasts(keys, place, token, now):
        look.is_noted = True
        return token
    look.note("run", found.run.id, log=how, integration=found.integration.name)
    return opening(keys, place, now)


def _base(at: Looking, found: SharedOrNot) -> str:
    return f"/instances/{at.instance_id}/runs/{found.run.id}"
