"""What can be done to a run: start, pause, resume, cancel, try again."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action
from app.house import House, house_of
from app.identity.visit import Visit
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.runs import life
from app.runs.models import OPEN_STATES, Run
from app.runs.reporting_guard import AtRun, run_seen, the_run
from app.runs.reporting_pages import run_main, state_section
from app.runs.reporting_words import CHANGED
from app.sync.side_schemas import Reader
from app.sync.stops import NOT_READ
from app.web.page_router import page_router
from app.web.pages import Flag, fragment

starting = page_router("/integrations", "runs")
pages = page_router("/runs", "runs")
Changed = Annotated[AtRun, Depends(the_run(Action.CHANGE_INTEGRATION))]
Change = Callable[[AsyncSession, Visit, Integration, UUID], Awaitable[Run]]


@starting.post("/{integration_id}/run")
async def start(
    request: Request,
    at: Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))],
    reader: Reader,
) -> HTMLResponse:
    """Start a run now, and show it."""
    house = house_of(request)
    sides = await reader.of(house, at.visit, at.thing)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        run = await life.start_by_hand(session, at.visit, at.thing, sides)
    return await _shown(house, at.visit, run.id, Flag(f"{at.thing.name} runs"))


@pages.post("/{run_id}/pause")
async def pause(request: Request, at: Changed) -> HTMLResponse:
    """Stop it within a page, until it is resumed."""
    return await _changed(request, at, life.pause, "Paused")


@pages.post("/{run_id}/resume")
async def resume(request: Request, at: Changed) -> HTMLResponse:
    """Let it go on where it stopped."""
    return await _changed(request, at, life.resume, "Resumed")


@pages.post("/{run_id}/cancel")
async def cancel(request: Request, at: Changed) -> HTMLResponse:
    """End it within a page; what it did stays."""
    return await _changed(request, at, life.cancel, "It is being cancelled")


@pages.post("/{run_id}/retry")
async def retry(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Try what is held again, or what failed, in a new run; and show it."""
    house = house_of(request)
    sides = NOT_READ
    if at.run.state not in OPEN_STATES:
        sides = await reader.of(house, at.visit, at.integration)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        run = await life.retry(session, at.visit, at.integration, at.run.id, sides)
    return await _shown(house, at.visit, run.id, Flag("Trying again"))


async def _changed(request: Request, at: AtRun, change: Change, done: str) -> HTMLResponse:
    house = house_of(request)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        await change(session, at.visit, at.integration, at.run.id)
    now = await run_seen(house, at.visit, at.run.id)
    return fragment(state_section(now), flag=Flag(done), events={CHANGED: {}})


async def _shown(house: House, visit: Visit, run_id: UUID, flag: Flag) -> HTMLResponse:
    at = await run_seen(house, visit, run_id)
    return fragment(await run_main(house, at), flag=flag)


router = APIRouter()
router.include_router(starting)
router.include_router(pages)
