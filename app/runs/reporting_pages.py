"""The views of Reporting: all runs, and one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup
from sqlalchemy import select

from app.access import Action, Tool
from app.house import House
from app.identity.visit import Visit
from app.integrations.pages import drawn
from app.integrations.reading import things
from app.integrations.wording import when, why_not
from app.runs.chart import chart_of
from app.runs.log_lines import Line, Wanted
from app.runs.models import OPEN_STATES, Run
from app.runs.reporting_guard import AtRun
from app.runs.reporting_list import (
    ListedRun,
    RunFilters,
    days_of,
    integrations_to_choose,
    run_page,
)
from app.runs.reporting_log import LONGEST_SHOWN, Mark, Part, why_no_log
from app.runs.reporting_words import (
    CHANGED,
    LEVEL_CHOICES,
    LEVEL_LOOKS,
    SINCE,
    STATES,
    TRIGGERS,
    span,
    state_words,
    took,
    trigger_words,
)
from app.support.sharing import sharing_entry, sharing_section
from app.sync.models import Link
from app.web.templates import render

_FAILED_SHOWN = 50
_AGAIN_S = {"waiting": 4, "running": 2, "cancelling": 2}
_AGAIN_AT_REST_S = 10


@dataclass(frozen=True, slots=True)
class RunView:
    """A run in words; ``id`` is safe as it is."""

    id: str
    integration_id: str
    name: str
    trigger: str
    state: str
    state_look: str
    began: str
    began_iso: str
    took: str
    created: int
    updated: int
    skipped: int
    failed: int
    expected: int
    looked_at: int


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the log as it is drawn."""

    at: str
    at_iso: str
    level: str
    look: str
    items: str
    message: str
    data: Sequence[tuple[str, str, int]]


async def runs_main(house: House, visit: Visit, filters: RunFilters) -> Markup:
    """All runs that the visitor may see, filtered, a page at a time."""
    page = await run_page(house, visit, filters)
    now = datetime.now(UTC)
    return render(
        "runs/list.html",
        rows=[
            (
                run_view(row, row.name, row.tool, now),
                sharing_entry(house, visit, row.id, row.sharing),
            )
            for row in page.rows
        ],
        changed=CHANGED,
        is_live=page.has_open,
        next_href=page.next_href,
        previous_href=page.previous_href,
        filters=filters,
        integrations=await integrations_to_choose(house, visit, filters.integration),
        states=[(name, words) for name, (words, _) in STATES.items()],
        triggers=list(TRIGGERS.items()),
        since=list(SINCE.items()),
        project_key=visit.project.key if visit.project else "",
    )


async def chart_section(house: House, visit: Visit, filters: RunFilters) -> Markup:
    """The last 30 days as a picture and as a table."""
    days = await days_of(house, visit, filters)
    told = [
        (f"{day.day:%d %b}", day.day.isoformat(), day.well, day.with_failures, day.other)
        for day in days
    ]
    return render("runs/chart.html", chart=chart_of(days), days=told)


async def run_main(house: House, at: AtRun) -> Markup:
    """One run: how it stands, what failed, and its log as far as the visitor may read it."""
    people = await house.people.named(at.visit.facts, [at.integration.owner])
    owner = people[at.integration.owner]
    reading = at.visit.can(Action.READ_LOG, at.place)
    is_preview = at.run.preview_of is not None
    return render(
        "runs/preview.html" if is_preview else "runs/run.html",
        has_report=is_preview or at.integration.kind == "migration",
        run=run_view(at.run, at.integration.name, at.integration.tool, datetime.now(UTC)),
        state=state_section(at),
        sharing=await sharing_section(house, at),
        may_read=bool(reading),
        why_not=reading.reason_text,
        owner=drawn(owner),
        owner_is_known=owner.is_known,
        no_log=why_no_log(house, at) if reading else "",
        awaits_log=_awaits_log(at),
        kept=_kept(at.run),
        changed=CHANGED,
    )


def _awaits_log(at: AtRun) -> bool:
    """Whether a log will begin with the run, once it is its turn."""
    is_to_come = at.run.state in OPEN_STATES and at.run.log_expires_at is None
    return is_to_come and at.integration.keep_logs_days > 0


def state_section(at: AtRun) -> Markup:
    """State, progress and counts, and what can be done now; asks for itself while it changes."""
    run = at.run
    done = run.created + run.updated + run.skipped + run.failed
    return render(
        "runs/state.html",
        run=run_view(at.run, at.integration.name, at.integration.tool, datetime.now(UTC)),
        state=run.state,
        is_open=run.state in OPEN_STATES,
        reason=run.reason or "",
        done=done,
        expected=max(run.expected, done) if run.expected else None,
        left=time_left(run, done, datetime.now(UTC)) if run.state == "running" else "",
        is_preview=run.preview_of is not None,
        off=why_not(at.visit.can(Action.CHANGE_INTEGRATION, at.integration)),
        again_s=_AGAIN_S.get(run.state, _AGAIN_AT_REST_S),
    )


def time_left(run: Run, done: int, now: datetime) -> str:
    """How long the rest will take at the pace so far; empty where that is not known."""
    if run.started_at is None or not run.expected or not 0 < done < run.expected:
        return ""
    return span((now - run.started_at) / done * (run.expected - done))


async def failed_section(house: House, at: AtRun) -> Markup:
    """The integration's items that wait for another try or for a person."""
    statement = (
        select(Link)
        .where(Link.integration_id == at.integration.id, Link.state == "failed")
        .order_by(Link.updated_at.desc(), Link.id)
        .limit(_FAILED_SHOWN + 1)
    )
    links = await things(house, at.visit, statement)
    return render(
        "runs/failed.html",
        run_id=str(at.run.id),
        links=[_failed(link) for link in links[:_FAILED_SHOWN]],
        has_more=len(links) > _FAILED_SHOWN,
        tool=Tool(at.integration.tool).label,
        off=why_not(at.visit.can(Action.CHANGE_INTEGRATION, at.integration)),
        is_open=at.run.state in OPEN_STATES,
        changed=CHANGED,
    )


def log_section(
    run: Run, part: Part, wanted: Wanted, token: str, *, base: str, begin: Mark
) -> Markup:
    """The log with its filters; ``base`` is the address of the run."""
    return render(
        "runs/log.html",
        base=base,
        lines=log_lines(run, part, wanted, token, base=base),
        wanted=wanted,
        levels=list(LEVEL_CHOICES.items()),
        token=token,
        is_whole=begin == Mark(0, 0),
        file_name=f"run-{run.created_at.astimezone(UTC):%Y%m%d-%H%M}.jsonl",
        kept=_kept(run),
    )


def log_lines(run: Run, part: Part, wanted: Wanted, token: str, *, base: str) -> Markup:
    """Lines, and what fetches those after them."""
    query = {"level": wanted.level, "item": wanted.item, "mark": str(part.go_on), "token": token}
    return render(
        "runs/log_lines.html",
        lines=[_line(line) for line in part.lines],
        more=f"{base}/log/more?{urlencode(query)}" if part.go_on else "",
        is_all=part.is_all,
        again_s=_AGAIN_S.get(run.state, _AGAIN_AT_REST_S),
        problem=part.problem,
    )


def run_view(row: ListedRun | Run, name: str, tool: str, now: datetime) -> RunView:
    """A run in words; ``name`` and ``tool`` are its integration's."""
    words, look = state_words(row.state, row.failed)
    began = row.started_at or row.created_at
    looked_at = row.created + row.updated + row.skipped + row.failed
    is_open = row.state in OPEN_STATES
    return RunView(
        id=str(row.id),
        integration_id=str(row.integration_id),
        name=name,
        trigger=trigger_words(row.trigger, tool),
        state=words,
        state_look=look,
        began=when(began),
        began_iso=began.isoformat(),
        took=took(row.started_at, row.finished_at, now),
        created=row.created,
        updated=row.updated,
        skipped=row.skipped,
        failed=row.failed,
        expected=max(row.expected, looked_at) if row.expected and is_open else 0,
        looked_at=looked_at,
    )


def _failed(link: Link) -> dict[str, object]:
    return {
        "jira": link.jira_key or link.jira_id or "",
        "jira_url": _web_address(link.jira_url),
        "tool": link.tool_key or link.tool_id or "",
        "tool_url": _web_address(link.tool_url),
        "problem": link.problem or "",
        "attempts": link.attempts,
        "again": when(link.try_again_at) if link.try_again_at else "",
    }


def _web_address(url: str) -> str:
    """Tools say where their items are; only what a browser opens as a page becomes a link."""
    try:
        parts = urlsplit(url)
        return url if parts.scheme in {"http", "https"} and parts.hostname else ""
    except ValueError:
        return ""


def _kept(run: Run) -> str:
    if run.log_expires_at is None:
        return ""
    return when(run.log_expires_at) if run.finished_at else ""


def _line(line: Line) -> LineView:
    words, look = LEVEL_LOOKS[line.level]
    at = line.at.astimezone(UTC)
    return LineView(
        at=f"{at:%H:%M:%S}.{at.microsecond // 1000:03}",
        at_iso=at.isoformat(),
        level=words,
        look=look,
        items=" · ".join(key for key in (line.jira, line.tool) if key),
        message=line.message[:LONGEST_SHOWN],
        data=[
            (name, value[:LONGEST_SHOWN], max(0, len(value) - LONGEST_SHOWN))
            for name, value in line.data.items()
        ],
    )
