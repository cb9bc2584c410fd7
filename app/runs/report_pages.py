"""What a preview found, and what became of a migration's items: as a section and as a file."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Tool
from app.audit.export import csv_lines
from app.house import House
from app.integrations.wording import when
from app.runs.models import Run
from app.runs.previews import mappings_of, preview_state
from app.runs.reporting_guard import AtRun
from app.runs.reporting_words import CHANGED, span
from app.sync.findings import Findings, Misfit, findings_of
from app.sync.models import Link
from app.sync.stops import setup_of
from app.web.templates import render

PREVIEW_COLUMNS = {
    "new": "To be created",
    "linked": "Linked already",
    "left_alone": "Left alone",
}
RUN_COLUMNS = {
    "created": "Created",
    "updated": "Updated",
    "skipped": "Skipped",
    "failed": "Failed",
    "left_alone": "Left alone",
}
_FILE_COLUMNS = ("part", "side", "type", "status", "what", "count", "items")
_LINKS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RowView:
    """A line of the table: where, and a number for each column."""

    side: str
    type: str
    status: str
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class MisfitView:
    """Something that does not fit."""

    text: str
    count: int
    examples: str


async def report_section(house: House, at: AtRun) -> Markup:
    """The report as far as it has come."""
    found, state = await _found(house, at)
    columns = _columns(at.run)
    return render(
        "runs/report.html",
        run_id=str(at.run.id),
        is_preview=at.run.preview_of is not None,
        is_stale=state == "stale",
        is_done=at.run.state == "done",
        columns=list(columns.values()),
        rows=[*_rows(found, columns, Tool(at.integration.tool).label)],
        misfits=[_misfit(each, found) for each in found.misfits],
        calls=found.calls,
        takes=span(timedelta(seconds=found.seconds)),
        like_run_at=when(found.like_run_at) if found.like_run_at else "",
        like_run_moved=found.like_run_moved,
        changed=CHANGED,
        file_name=f"{_kind(at.run)}-{at.run.created_at:%Y%m%d}.csv",
    )


async def report_lines(house: House, at: AtRun) -> AsyncIterator[str]:
    """The report as CSV; the items that fail now are read a few at a time."""
    found, _ = await _found(house, at)
    label = Tool(at.integration.tool).label
    yield csv_lines([_FILE_COLUMNS])
    yield csv_lines([*_file_rows(found, _columns(at.run), label)])
    if at.run.preview_of is not None:
        return
    after: UUID | None = None
    while links := await _failed_links(house, at, after):
        yield csv_lines(
            [
                ("failed", "", "", "", link.problem, 1, f"{link.jira_key} {link.tool_key}".strip())
                for link in links
            ]
        )
        after = links[-1].id


async def _found(house: House, at: AtRun) -> tuple[Findings, str]:
    """What is stored with the run, and whether it is still so; labels are the last preview's."""
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        sealed = await session.scalar(select(Run.findings).where(Run.id == at.run.id))
        state = "current"
        labels: dict[str, str] = {}
        if at.run.preview_of is not None:
            mappings = await mappings_of(session, at.integration)
            state = preview_state(at.run, setup_of(at.integration, mappings))
        else:
            labels = await _labels(session, at)
    found = findings_of(sealed, at.visit.facts.key, at.run.id) or Findings()
    return found.model_copy(update={"labels": found.labels or labels}), state


async def _labels(session: AsyncSession, at: AtRun) -> dict[str, str]:
    """Names of fields as the last preview of the integration read them."""
    row = (
        await session.execute(
            select(Run.id, Run.findings)
            .where(Run.integration_id == at.integration.id, Run.preview_of.is_not(None))
            .order_by(Run.created_at.desc())
            .limit(1)
        )
    ).one_or_none()
    found = findings_of(row[1], at.visit.facts.key, row[0]) if row else None
    return found.labels if found else {}


async def _failed_links(house: House, at: AtRun, after: UUID | None) -> Sequence[Link]:
    statement = select(Link).where(Link.integration_id == at.integration.id, Link.state == "failed")
    if after is not None:
        statement = statement.where(Link.id > after)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        return (await session.scalars(statement.order_by(Link.id).limit(_LINKS_AT_ONCE))).all()


def _kind(run: Run) -> str:
    return "migration" if run.preview_of is None else "preview"


def _columns(run: Run) -> dict[str, str]:
    return RUN_COLUMNS if run.preview_of is None else PREVIEW_COLUMNS


def _rows(found: Findings, columns: dict[str, str], tool: str) -> Iterator[RowView]:
    for row in found.rows:
        side = "Jira" if row.side == "jira" else tool
        numbers = [row.counts.get(name, 0) for name in columns]
        yield RowView(side, row.type, row.status, numbers)


def _misfit(misfit: Misfit, found: Findings) -> MisfitView:
    """In the words of the sides: a field by its name."""
    head, colon, rest = misfit.text.partition(": ")
    text = f"{found.labels.get(head, head.capitalize())}: {rest}" if colon else head
    return MisfitView(text, misfit.count, ", ".join(misfit.examples))


def _file_rows(found: Findings, columns: dict[str, str], tool: str) -> Iterator[tuple[object, ...]]:
    for row in _rows(found, columns, tool):
        for name, number in zip(columns.values(), row.numbers, strict=True):
            if number:
                yield ("items", row.side, row.type, row.status, name, number, "")
    for each in found.misfits:
        told = _misfit(each, found)
        yield ("did not fit", "", "", "", told.text, told.count, told.examples)
