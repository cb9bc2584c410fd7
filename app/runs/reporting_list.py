"""One page of runs, read with one statement, and the runs of the last 30 days by day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select, tuple_

from app.access import Action, Caller, Place, visible
from app.errors import InvalidInput
from app.house import House
from app.identity.visit import ProjectInView, Visit
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.guards import in_view, in_workspace
from app.integrations.models import Integration
from app.runs.models import OPEN_STATES, Run
from app.runs.reporting_guard import OF_RUN, SHARE_OF_RUN
from app.runs.reporting_words import SINCE, STATES, TRIGGERS
from app.support.sharing import Shareable

ROWS = 25
DAYS = 30
MOST_CHOICES = 200
_SINCE: Mapping[str, ColumnElement[datetime]] = {
    name: literal_column(f"now() - interval '{hours} hours'")
    for name, hours in {"24h": 24, "7d": 7 * 24, "30d": 30 * 24}.items()
}


@dataclass(frozen=True, slots=True)
class RunFilters:
    """What somebody looks for. ``after`` and ``before`` are cursors."""

    integration: str = ""
    state: str = ""
    trigger: str = ""
    mine: str = ""
    since: str = ""
    after: str = ""
    before: str = ""

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered; paging is no filter."""
        return replace(self, after="", before="") != RunFilters()

    def href(self, path: str = "/runs", **changes: str) -> str:
        """The address of the list with these filters, changed where said."""
        chosen = {name: getattr(self, name) for name in self.__slots__} | changes
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One row of the list."""

    id: UUID
    integration_id: UUID
    name: str
    tool: str
    trigger: str
    state: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    created: int
    updated: int
    skipped: int
    failed: int
    expected: int | None
    sharing: Shareable

    @property
    def position(self) -> Position:
        """Where it stands in the order."""
        return Position(self.created_at, self.id)


@dataclass(frozen=True, slots=True)
class RunPage:
    """Rows, and the addresses of the pages beside them, empty where none is."""

    rows: tuple[ListedRun, ...] = ()
    next_href: str = ""
    previous_href: str = ""

    @property
    def has_open(self) -> bool:
        """Whether some row may soon be another."""
        return any(row.state in OPEN_STATES for row in self.rows)


@dataclass(frozen=True, slots=True)
class Day:
    """How the runs that began on a day (UTC) ended; ``other`` are open or were cancelled."""

    day: date
    well: int = 0
    with_failures: int = 0
    other: int = 0

    @property
    def runs(self) -> int:
        """All of them."""
        return self.well + self.with_failures + self.other


_COLUMNS: Any = (
    Run.id,
    Run.integration_id,
    Integration.name,
    Integration.tool,
    Run.trigger,
    Run.state,
    Run.created_at,
    Run.started_at,
    Run.finished_at,
    Run.created,
    Run.updated,
    Run.skipped,
    Run.failed,
    Run.expected,
)
_OF_SHARING: Any = (
    Integration.workspace_id,
    Integration.project_id,
    Integration.owner,
    exists().where(SHARE_OF_RUN),
    Run.log_expires_at,
    Run.wrapped_key.is_not(None),
)


async def run_page(house: House, visit: Visit, filters: RunFilters) -> RunPage:
    """The runs that the visitor may see and asked for, newest first."""
    statement = list_statement(visit.caller, visit.project, visit.workspace_id, filters)
    found: Iterable[Any] = await house.database.rows(visit.caller.instance_id, statement)
    rows = [_listed(visit.caller.instance_id, row) for row in found]
    has_more, listed = len(rows) > ROWS, rows[:ROWS]
    if not listed:
        return RunPage()
    if filters.before:
        listed.reverse()
    first, last = cursor_of(listed[0].position), cursor_of(listed[-1].position)
    older = has_more or bool(filters.before)
    newer = has_more if filters.before else bool(filters.after)
    return RunPage(
        tuple(listed),
        filters.href(after=last, before="") if older else "",
        filters.href(before=first, after="") if newer else "",
    )


def _listed(instance_id: UUID, row: Any) -> ListedRun:
    of_sharing = row[len(_COLUMNS) :]
    workspace_id, project_id, owner, is_shared, log_expires_at, has_key = of_sharing
    place = Place(
        instance_id,
        workspace_id=workspace_id,
        tool=row.tool,
        project_id=project_id,
        owner=owner,
        shared_with_support=is_shared,
    )
    sharing = Shareable(place, log_expires_at, row.finished_at, has_key)
    return ListedRun(*[*row[: len(_COLUMNS)], sharing])


def list_statement(
    caller: Caller, project: ProjectInView | None, workspace_id: UUID, filters: RunFilters
) -> Select[Any]:
    """One row more than a page, to know whether there is another page."""
    order = tuple_(Run.created_at, Run.id)
    statement = (
        select(*_COLUMNS, *_OF_SHARING)
        .join(Integration, OF_RUN)
        .where(
            in_workspace(project, workspace_id, Integration),
            *conditions_of(caller, project, filters),
        )
    )
    if filters.before:
        statement = statement.where(order > tuple_(*position_of(filters.before)))
        return statement.order_by(Run.created_at, Run.id).limit(ROWS + 1)
    if filters.after:
        statement = statement.where(order < tuple_(*position_of(filters.after)))
    return statement.order_by(Run.created_at.desc(), Run.id.desc()).limit(ROWS + 1)


async def days_of(house: House, visit: Visit, filters: RunFilters) -> tuple[Day, ...]:
    """The last 30 days, today last, with what the filters leave; their time does not count."""
    day = func.date_trunc("day", Run.created_at, "UTC")
    well = (Run.state == "done") & (Run.failed == 0)
    with_failures = (Run.state == "failed") | ((Run.state == "done") & (Run.failed > 0))
    statement = (
        select(day, func.count(), func.count().filter(well), func.count().filter(with_failures))
        .join(Integration, OF_RUN)
        .where(
            Run.created_at
            >= literal_column(f"date_trunc('day', now(), 'UTC') - interval '{DAYS - 1} days'"),
            in_workspace(visit.project, visit.workspace_id, Integration),
            *conditions_of(visit.caller, visit.project, replace(filters, since="")),
        )
        .group_by(literal_column("1"))
    )
    found: Iterable[Any] = await house.database.rows(visit.caller.instance_id, statement)
    by_day = {
        began.astimezone(UTC).date(): (well, with_failures, runs - well - with_failures)
        for began, runs, well, with_failures in found
    }
    today = datetime.now(UTC).date()
    days = (today - timedelta(days=ago) for ago in reversed(range(DAYS)))
    return tuple(Day(day, *by_day.get(day, ())) for day in days)


async def integrations_to_choose(house: House, visit: Visit, chosen: str) -> list[tuple[str, str]]:
    """Ids and names of what runs can be looked for, the chosen one first."""
    columns: Any = (Integration.id, Integration.name)
    statement: Select[Any] = (
        select(*columns)
        .where(
            visible(visit.caller, Action.SEE_RUN, Integration),
            in_view(visit.project, Integration),
            in_workspace(visit.project, visit.workspace_id, Integration),
        )
        .order_by(Integration.name, Integration.id)
        .limit(MOST_CHOICES)
    )
    if chosen:
        statement = statement.order_by(None).order_by(
            Integration.id != UUID(chosen), Integration.name, Integration.id
        )
    rows: Iterable[Any] = await house.database.rows(visit.caller.instance_id, statement)
    return [(str(integration_id), name) for integration_id, name in rows]


def conditions_of(
    caller: Caller, project: ProjectInView | None, filters: RunFilters
) -> list[ColumnElement[bool]]:
    """What may be seen, and the conditions of the filters without those of paging."""
    conditions = [
        Run.instance_id == caller.instance_id,  # the beginning of the index in use
        Run.preview_of.is_(None),
        visible(caller, Action.SEE_RUN, Integration),
        in_view(project, Integration),
    ]
    if filters.integration:
        conditions.append(Run.integration_id == UUID(filters.integration))
    if filters.state:
        conditions.append(Run.state == filters.state)
    if filters.trigger:
        conditions.append(Run.trigger == filters.trigger)
    if filters.mine:
        conditions.append(Integration.owner == caller.account)
    if filters.since:
        conditions.append(Run.created_at >= _SINCE[filters.since])
    return conditions


def checked_run_filters(**given: str) -> RunFilters:
    """Filters as an address carries them; ``InvalidInput`` for what no list of ours links to."""
    filters = RunFilters(**given)
    choices = (
        (filters.state, STATES),
        (filters.trigger, TRIGGERS),
        (filters.since, SINCE),
        (filters.mine, {"yes"}),
    )
    is_known = all(not value or value in known for value, known in choices)
    if not is_known or (filters.after and filters.before):
        raise _no_such()
    for cursor in (filters.after, filters.before):
        if cursor:
            position_of(cursor)
    if not filters.integration:
        return filters
    try:
        return replace(filters, integration=str(UUID(filters.integration)))
    except ValueError:
        raise _no_such() from None


def _no_such() -> InvalidInput:
    return InvalidInput("There is no such filter.", mend="Clear the filters.")
