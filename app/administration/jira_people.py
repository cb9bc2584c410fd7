"""Administration > Users > People from Jira: who owns something here, and why they have access.

Atlassian lets no app with our scopes list the members of a group, and asking for everybody would
cost quota. So those are shown who own something; anybody else is found by name.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Select, func, literal, select, union_all

from app.access import Action
from app.errors import CannotTell
from app.house import House, house_of
from app.identity.guard import context
from app.identity.people import Person
from app.identity.visit import ProjectInView, Visit
from app.instances.explain import HeldRole, held_roles
from app.integrations.models import Connection, Integration
from app.web.page_router import page_router
from app.web.show import show
from app.web.templates import render

ROOT = "/administration/jira-people"
# Each costs Jira's quota a few points, unless they were here within the last minute.
ROWS = 10
router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_USERS))]


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """Somebody of Jira, what they own, and what lets them in; None where Jira cannot tell."""

    account_id: str
    person: Person
    integrations: int
    connections: int
    roles: Sequence[HeldRole] | None


@router.get("")
async def listed(
    request: Request,
    visit: Managing,
    *,
    after: Annotated[str, Query(pattern=r"^(jira:[A-Za-z0-9:_-]{1,128})?$")] = "",
) -> HTMLResponse:
    """People of Jira who own something, a page at a time."""
    house = house_of(request)
    rows: Sequence[Any] = ()
    if visit.facts.linked_site is not None:
        rows = await house.database.rows(visit.caller.instance_id, _owners(after))
    shown = rows[:ROWS]
    people = await house.people.named(visit.facts, [row.owner for row in shown])
    next_href = f"{ROOT}?{urlencode({'after': shown[-1].owner})}" if len(rows) > ROWS else ""
    main = render(
        "administration/jira_people.html",
        rows=await asyncio.gather(*(_row(house, visit, row, people[row.owner]) for row in shown)),
        next_href=next_href,
        has_jira=visit.facts.linked_site is not None,
    )
    return show(request, visit, main, active="users", title="People from Jira")


def _owners(after: str) -> Select[Any]:
    """Owners of anything, with one of their projects: by it they may come in as its admin."""
    of_integrations = select(
        Integration.owner,
        literal(1).label("integrations"),
        literal(0).label("connections"),
        Integration.project_id,
        Integration.project_key,
    )
    of_connections = select(
        Connection.owner,
        literal(0),
        literal(1),
        Connection.project_id,
        literal(None),
    )
    each = union_all(of_integrations, of_connections).subquery()
    columns: Any = (
        each.c.owner,
        func.sum(each.c.integrations).label("integrations"),
        func.sum(each.c.connections).label("connections"),
        func.min(each.c.project_id).label("project_id"),
        func.min(each.c.project_key).label("project_key"),
    )
    return (
        select(*columns)
        .where(each.c.owner.startswith("jira:"), each.c.owner > after)
        .group_by(each.c.owner)
        .order_by(each.c.owner)
        .limit(ROWS + 1)
    )


async def _row(house: House, visit: Visit, row: Any, person: Person) -> OwnerRow:
    return OwnerRow(
        account_id=row.owner.removeprefix("jira:"),
        person=person,
        integrations=row.integrations,
        connections=row.connections,
        roles=await _roles(house, visit, row),
    )


async def _roles(house: House, visit: Visit, row: Any) -> Sequence[HeldRole] | None:
    project = ProjectInView(row.project_id, row.project_key or "") if row.project_id else None
    account_id = row.owner.removeprefix("jira:")
    try:
        caller = await house.doors.caller_of(visit.facts, row.owner, project, visit.licence)
        standing = await house.standings.of(
            visit.facts, account_id, project.id if project else None
        )
    except CannotTell:
        return None
    key = row.project_key if project else None
    return held_roles(caller, visit.facts, standing.groups or (), key)
