"""The list of connections."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request
from markupsafe import Markup
from sqlalchemy import Select, select, tuple_

from app.access import Action, Tool, visible
from app.house import house_of
from app.identity.people import Person
from app.identity.visit import Visit
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.guards import in_view, in_workspace
from app.integrations.models import Connection
from app.integrations.pages import may_create_something
from app.integrations.reading import things
from app.integrations.wording import OTHERS_MAY, when, why_not
from app.web.templates import render

ROWS = 25
CHANGED = "getint:connections-changed"


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection as it is drawn; the last four say why not, or are empty."""

    id: str
    name: str
    tool: str
    address: str
    owner: Person
    others_may: str
    credentials: str
    tested: str
    test_problem: str
    use_off: str
    change_off: str
    govern_off: str


async def connections_main(
    request: Request, visit: Visit, tool: str = "", after: str = ""
) -> Markup:
    """Those that the visitor may see; from project settings, of that project and of none."""
    house = house_of(request)
    rows = await things(house, visit, _statement(visit, tool, after))
    shown = rows[:ROWS]
    people = await house.people.named(visit.facts, [row.owner for row in shown])
    next_href = ""
    if len(rows) > ROWS:
        next_href = _href(tool, cursor_of(Position(shown[-1].created_at, shown[-1].id)))
    return render(
        "integrations/connections.html",
        rows=[_row(visit, row, people[row.owner]) for row in shown],
        tool=tool,
        after=after,
        here=_href(tool, after),
        next_href=next_href,
        tools=[(each.value, each.label) for each in Tool],
        create_off=why_not(may_create_something(visit, Action.CREATE_CONNECTION)),
        changed=CHANGED,
    )


def _statement(visit: Visit, tool: str, after: str) -> Select[Connection]:
    statement = select(Connection).where(
        visible(visit.caller, Action.SEE_CONNECTION, Connection),
        in_view(visit.project, Connection),
        in_workspace(visit.project, visit.workspace_id, Connection),
    )
    if tool:
        statement = statement.where(Connection.tool == tool)
    if after:
        order = tuple_(Connection.created_at, Connection.id)
        statement = statement.where(order < tuple_(*position_of(after)))
    return statement.order_by(Connection.created_at.desc(), Connection.id.desc()).limit(ROWS + 1)


def _href(tool: str, after: str) -> str:
    query = urlencode({name: value for name, value in (("tool", tool), ("after", after)) if value})
    return f"/connections?{query}" if query else "/connections"


def _row(visit: Visit, row: Connection, owner: Person) -> ConnectionRow:
    return ConnectionRow(
        id=str(row.id),
        name=row.name,
        tool=Tool(row.tool).label,
        address=row.address,
        owner=owner,
        others_may=OTHERS_MAY[row.others_may][0],
        credentials=when(row.credentials_changed_at),
        tested=when(row.tested_at) if row.tested_at else "",
        test_problem=row.test_problem or "",
        use_off=why_not(visit.can(Action.USE_CONNECTION, row)),
        change_off=why_not(visit.can(Action.CHANGE_CONNECTION, row)),
        govern_off=why_not(visit.can(Action.GOVERN_CONNECTION, row)),
    )
