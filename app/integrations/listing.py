"""One page of integrations and migrations, read with one statement."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_

from app.access import Action, Caller, Tool, visible
from app.errors import InvalidInput
from app.house import House
from app.identity.visit import ProjectInView, Visit
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.guards import in_view, in_workspace
from app.integrations.models import Integration
from app.reads import Rows

ROWS = 25
LONGEST_SEARCH = 120
_COLUMNS: Any = (
    Integration.id,
    Integration.workspace_id,
    Integration.tool,
    Integration.project_id,
    Integration.owner,
    Integration.name,
    Integration.kind,
    Integration.project_key,
    Integration.direction,
    Integration.state,
    Integration.connection_id,
    Integration.created_at,
    Integration.updated_at,
    Integration.instance_id,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody looks for. ``after`` and ``before`` are cursors."""

    q: str = ""
    tool: str = ""
    project: str = ""
    mine: str = ""
    kind: str = ""
    state: str = ""
    after: str = ""
    before: str = ""

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered; paging is no filter."""
        return replace(self, after="", before="") != NO_FILTERS

    def href(self, **changes: str) -> str:
        """The address of the list with these filters, changed where said."""
        chosen = {name: getattr(self, name) for name in self.__slots__} | changes
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"/integrations?{query}" if query else "/integrations"


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Listed:
    """One row as the list needs it; has the shape of a ``Thing``."""

    id: UUID
    workspace_id: UUID
    tool: str
    project_id: str
    owner: str
    name: str
    kind: str
    project_key: str
    direction: str
    state: str
    connection_id: UUID | None
    created_at: datetime
    updated_at: datetime
    instance_id: UUID

    def __hash__(self) -> int:
        """Told apart by id and time of change, compared by everything."""
        return hash((self.id.int, self.updated_at))

    @property
    def position(self) -> Position:
        """Where it stands in the order."""
        return Position(self.created_at, self.id)


@dataclass(frozen=True, slots=True, eq=False)
class ListPage:
    """Rows, whose they are, and the addresses of the pages beside them, empty where none is.

    Rows that did not change are the same page, so what is drawn of it can be kept under it.
    """

    rows: tuple[Listed, ...] = ()
    owners: tuple[str, ...] = ()
    next_href: str = ""
    previous_href: str = ""


async def list_page(house: House, visit: Visit, filters: Filters) -> ListPage:
    """The rows that the visitor may see and asked for, newest first."""
    statement = list_statement(visit.caller, visit.project, visit.workspace_id, filters)
    return _page_of(await house.database.rows(visit.caller.instance_id, statement), filters)


@lru_cache(512)
def _page_of(rows: Rows, filters: Filters) -> ListPage:
    has_more = len(rows) > ROWS
    columns: Iterable[Any] = rows[:ROWS]
    listed = tuple(Listed(*row) for row in columns)
    if filters.before:
        listed = listed[::-1]
    if not listed:
        return ListPage()
    first, last = cursor_of(listed[0].position), cursor_of(listed[-1].position)
    older = has_more if not filters.before else True
    newer = has_more if filters.before else bool(filters.after)
    return ListPage(
        listed,
        tuple(dict.fromkeys(row.owner for row in listed)),
        filters.href(after=last, before="") if older else "",
        filters.href(before=first, after="") if newer else "",
    )


@lru_cache(512)
def list_statement(
    caller: Caller, project: ProjectInView | None, workspace_id: UUID, filters: Filters
) -> Select[Any]:
    """One row more than a page, to know whether there is another page.

    Kept for those who come again: making it takes longer than sending it.
    """
    order = tuple_(Integration.created_at, Integration.id)
    statement = select(*_COLUMNS).where(
        visible(caller, Action.SEE_INTEGRATION, Integration),
        in_view(project, Integration),
        in_workspace(project, workspace_id, Integration),
        *conditions_of(caller, filters),
    )
    if filters.before:
        position = position_of(filters.before)
        statement = statement.where(order > tuple_(*position))
        return statement.order_by(Integration.created_at, Integration.id).limit(ROWS + 1)
    if filters.after:
        statement = statement.where(order < tuple_(*position_of(filters.after)))
    newest_first = Integration.created_at.desc(), Integration.id.desc()
    return statement.order_by(*newest_first).limit(ROWS + 1)


def conditions_of(caller: Caller, filters: Filters) -> list[ColumnElement[bool]]:
    """The conditions of the filters, without those of paging."""
    conditions: list[ColumnElement[bool]] = []
    if filters.q:
        conditions.append(Integration.name.icontains(filters.q, autoescape=True))
    if filters.tool:
        conditions.append(Integration.tool == filters.tool)
    if filters.project:
        conditions.append(Integration.project_key == filters.project.upper())
    if filters.mine:
        conditions.append(Integration.owner == caller.account)
    if filters.kind:
        conditions.append(Integration.kind == filters.kind)
    if filters.state:
        conditions.append(Integration.state == filters.state)
    return conditions


def checked_filters(
    *, q: str, tool: str, project: str, mine: str, kind: str, state: str, after: str, before: str
) -> Filters:
    """Filters as an address carries them; ``InvalidInput`` for what no list of ours links to."""
    _check_text(q, project)
    choices = (
        (tool, {each.value for each in Tool}),
        (kind, {"integration", "migration"}),
        (state, {"active", "paused"}),
        (mine, {"yes"}),
    )
    if any(value and value not in known for value, known in choices) or (after and before):
        raise InvalidInput("There is no such filter.", mend="Clear the filters.")
    for cursor in (after, before):
        if cursor:
            position_of(cursor)
    return Filters(q.strip(), tool, project.strip(), mine, kind, state, after, before)


def _check_text(*texts: str) -> None:
    for text in texts:
        if len(text) > LONGEST_SEARCH or not text.isprintable():
            raise InvalidInput("This cannot be searched for.", mend="Search for a part of a name.")
