"""Runs: that they happened, their logs, and what can be done to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action
from app.api.once import SentOnce
from app.api.paging import Page, Paging, next_href, rows_of
from app.api.router import ROOT, api_router
from app.api.shapes import RunShape
from app.house import house_of
from app.identity.guard import api
from app.identity.visit import Proof, Visit
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.runs import life
from app.runs.models import OPEN_STATES, Run
from app.runs.reporting_guard import OF_RUN, AtRun, run_seen, the_run
from app.runs.reporting_list import RunFilters, conditions_of
from app.runs.reporting_log import (
    checked_mark,
    checked_wanted,
    opened,
    read_part,
    reader_of,
)
from app.sync.side_schemas import Reader
from app.sync.stops import NOT_READ

of_integrations = api_router("/integrations", "runs")
router = api_router("/runs", "runs")
Seeing = Annotated[Visit, Depends(api(Action.SEE_RUN))]
Seen = Annotated[AtRun, Depends(the_run(Action.SEE_RUN, Proof.TOKEN))]
Reading = Annotated[AtRun, Depends(the_run(Action.READ_LOG, Proof.TOKEN))]
Changed = Annotated[AtRun, Depends(the_run(Action.CHANGE_INTEGRATION, Proof.TOKEN))]
Starting = Annotated[
    At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION, Proof.TOKEN))
]
Change = Callable[[AsyncSession, Visit, Integration, UUID], Awaitable[Run]]


class RunQuery(Paging):
    """Which runs."""

    integration_id: UUID | None = None
    state: (
        Literal["waiting", "running", "held", "paused", "cancelling", "done", "failed", "cancelled"]
        | None
    ) = None
    trigger: Literal["schedule", "jira", "tool", "hand"] | None = None
    mine: Annotated[bool, Field(description="Only those of integrations that you own.")] = False
    since: Annotated[Literal["24h", "7d", "30d"] | None, Field(description="Begun within.")] = None


class LogQuery(BaseModel):
    """Which lines of a log, and from where on. ``mark`` and ``opening`` come in ``next``."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="This or a graver one.")
    ] = "debug"
    item: Annotated[str, Field(max_length=200, description="The key of an item.")] = ""
    mark: Annotated[str, Field(max_length=20)] = "0.0"
    opening: Annotated[str, Field(max_length=200)] = ""


class LogLine(BaseModel):
    """One thing that happened in a run; ``data`` is what moved, by field."""

    at: datetime
    level: str
    event: str
    message: str
    jira: str = Field(description="The key of the item in Jira, as far as it is known.")
    tool: str
    data: dict[str, str]


class LogPart(BaseModel):
    """Some lines. While the run goes on, ``next`` leads to those that are still to come."""

    lines: list[LogLine]
    is_all: bool = Field(description="Whether there are no more lines at the moment.")
    problem: str = Field(description="What is wrong with the log; empty if nothing is.")
    next: str | None


@router.get("")
async def list_runs(
    request: Request, visit: Seeing, asked: Annotated[RunQuery, Query()]
) -> Page[RunShape]:
    """Those that you may see, newest first; previews are not among them."""
    filters = RunFilters(
        integration=str(asked.integration_id or ""),
        state=asked.state or "",
        trigger=asked.trigger or "",
        mine="yes" if asked.mine else "",
        since=asked.since or "",
    )
    statement = (
        select(Run)
        .join(Integration, OF_RUN)
        .where(*conditions_of(visit.caller, visit.project, filters))
    )
    rows, cursor = await rows_of(house_of(request), visit, statement, Run, asked)
    return Page(items=[_shape(row) for (row,) in rows], next=next_href(request, cursor))


@router.get("/{run_id}")
async def get_run(at: Seen) -> RunShape:
    """One run as it is now."""
    return _shape(at.run)


@of_integrations.post("/{integration_id}/runs", status_code=201)
async def start_run(
    request: Request, response: Response, at: Starting, reader: Reader, once: SentOnce
) -> RunShape:
    """Start a run now, unless something stops it or another one is open."""
    house = house_of(request)
    made = await once.made()
    if made is None:
        sides = await reader.of(house, at.visit, at.thing)

        async def making(session: AsyncSession) -> UUID:
            return (await life.start_by_hand(session, at.visit, at.thing, sides)).id

        made = await once.make(making)
    return await _started(request, response, at.visit, made)


@of_integrations.post("/{integration_id}/previews", status_code=201)
async def start_preview(
    request: Request, response: Response, at: Starting, once: SentOnce
) -> RunShape:
    """Look at what a run would do. A migration is looked at before it is run."""
    made = await once.made()
    if made is None:

        async def making(session: AsyncSession) -> UUID:
            return (await life.preview_by_hand(session, at.visit, at.thing)).id

        made = await once.make(making)
    return await _started(request, response, at.visit, made)


@router.post("/{run_id}/pause")
async def pause_run(request: Request, at: Changed) -> RunShape:
    """Stop it within a page, until it is resumed."""
    return await _changed(request, at, life.pause)


@router.post("/{run_id}/resume")
async def resume_run(request: Request, at: Changed) -> RunShape:
    """Let it go on where it stopped."""
    return await _changed(request, at, life.resume)


@router.post("/{run_id}/cancel")
async def cancel_run(request: Request, at: Changed) -> RunShape:
    """End it within a page; what it did stays."""
    return await _changed(request, at, life.cancel)


@router.post("/{run_id}/retry", status_code=201)
async def retry_run(
    request: Request, response: Response, at: Changed, reader: Reader, once: SentOnce
) -> RunShape:
    """Try what is held again, or after its end what failed, in a new run."""
    house = house_of(request)
    made = await once.made()
    if made is None:
        sides = NOT_READ
        if at.run.state not in OPEN_STATES:
            sides = await reader.of(house, at.visit, at.integration)

        async def making(session: AsyncSession) -> UUID:
            return (await life.retry(session, at.visit, at.integration, at.run.id, sides)).id

        made = await once.make(making)
    return await _started(request, response, at.visit, made)


@router.get("/{run_id}/log")
async def read_log(request: Request, at: Reading, asked: Annotated[LogQuery, Query()]) -> LogPart:
    """Some lines of its log, from the beginning. Opening a log is noted in the audit trail."""
    house = house_of(request)
    wanted, begin = checked_wanted(asked.level, asked.item), checked_mark(asked.mark)
    reader = reader_of(house, at)
    opening = await opened(house, at, "read by a program", asked.opening)
    part = await read_part(reader, begin, wanted)
    ends = part.go_on is None or (part.is_all and at.run.state not in OPEN_STATES)
    further = {**asked.model_dump(), "mark": str(part.go_on), "opening": opening}
    return LogPart(
        lines=[LogLine.model_validate(line, from_attributes=True) for line in part.lines],
        is_all=part.is_all,
        problem=part.problem,
        next=None if ends else f"{request.url.path}?{urlencode(further)}",
    )


async def _changed(request: Request, at: AtRun, change: Change) -> RunShape:
    house = house_of(request)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        await change(session, at.visit, at.integration, at.run.id)
    return _shape((await run_seen(house, at.visit, at.run.id)).run)


async def _started(request: Request, response: Response, visit: Visit, run_id: UUID) -> RunShape:
    response.headers["Location"] = f"{ROOT}/runs/{run_id}"
    return _shape((await run_seen(house_of(request), visit, run_id)).run)


def _shape(run: Run) -> RunShape:
    held = {name: getattr(run, name) for name in RunShape.model_fields if name != "is_preview"}
    return RunShape(**held, is_preview=run.preview_of is not None)
