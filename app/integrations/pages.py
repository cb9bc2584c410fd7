"""The main views of integrations: the list and one integration."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from fastapi import Request
from markupsafe import Markup, escape
from sqlalchemy import select

from app.access import (
    Action,
    Caller,
    Decision,
    Reason,
    Thing,
    Tool,
    decide,
    seen_by_the_rules,
    visible,
)
from app.house import House, house_of
from app.identity.people import Person
from app.identity.visit import Visit
from app.integrations.listing import NO_FILTERS, Filters, Listed, ListPage, list_page
from app.integrations.models import Connection, Integration
from app.integrations.place import place_of
from app.integrations.wording import (
    CONFLICT_RULES,
    DIRECTIONS,
    direction_words,
    logs_words,
    start_words,
    when,
    why_not,
)
from app.tools.catalogue import CATALOGUE
from app.web.templates import render

CHANGED = "getint:integrations-changed"
# Places in what is drawn once; no name that people enter can hold such a sign.
_ID, _NAME, _ROWS = "\ue000", "\ue001", "\ue002"


@dataclass(frozen=True, slots=True)
class Actions:
    """Why not, for each button of an integration; empty where it may be pressed."""

    change: str
    hand_over: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the list as it is drawn; ``id`` is safe as it is."""

    id: Markup
    name: str
    is_migration: bool
    tool: str
    project_key: str
    direction: str
    state: str
    state_look: str
    is_paused: bool
    owner: Markup
    updated: str
    updated_iso: str
    actions: Actions
    menu: Markup


@dataclass(frozen=True, slots=True)
class DetailView:
    """One integration as it is drawn. ``connection`` is None where it may not be known."""

    row: RowView
    place_label: str
    place: str
    direction: str
    jql: str
    tool_query: str
    starts: str
    conflict_rule: str
    deletions: str
    logs: str
    created: str
    has_connection: bool
    connection: str | None


async def list_main(request: Request, visit: Visit, filters: Filters = NO_FILTERS) -> Markup:
    """The list, as far as the visitor may see it; from project settings, of that project."""
    house = house_of(request)
    page = await list_page(house, visit, filters)
    people = await house.people.named(visit.facts, page.owners)
    return _drawn_list(
        visit.caller,
        page,
        tuple(people.values()),
        filters,
        project_key=visit.project.key if visit.project else "",
        create_off=why_not(may_create_something(visit)),
    )


@lru_cache(256)
def _drawn_list(
    caller: Caller,
    page: ListPage,
    owners: tuple[Person, ...],
    filters: Filters,
    *,
    project_key: str,
    create_off: str,
) -> Markup:
    """The list as drawn for this caller; the same again as long as all that goes into it is."""
    before, after = _around_rows(
        filters,
        project_key=project_key,
        create_off=create_off,
        has_rows=bool(page.rows),
        next_href=page.next_href,
        previous_href=page.previous_href,
    )
    return before + _drawn_rows(caller, page.rows, owners) + after


@lru_cache(512)
def _around_rows(
    filters: Filters,
    *,
    project_key: str,
    create_off: str,
    has_rows: bool,
    next_href: str,
    previous_href: str,
) -> tuple[Markup, Markup]:
    """What stands before and after the rows; drawn once for all who see the same of it."""
    html = render(
        "integrations/list.html",
        rows=_ROWS if has_rows else "",
        next_href=next_href,
        previous_href=previous_href,
        filters=filters,
        filter_form=_filter_form(filters, project_key),
        create_off=create_off,
        project_key=project_key,
        changed=CHANGED,
    )
    before, _, after = html.partition(_ROWS)
    return before, after


async def detail_main(request: Request, visit: Visit, integration: Integration) -> Markup:
    """One integration: its configuration, whose it is, and what may be done."""
    house = house_of(request)
    people = await house.people.named(visit.facts, [integration.owner])
    owner, actions = drawn(people[integration.owner]), actions_of(visit.caller, integration)
    connection = await _connection_name(house, visit, integration)
    view = detail_view(integration, owner, actions, connection)
    return render("integrations/detail.html", it=view, changed=CHANGED)


def detail_view(
    integration: Integration, owner: Markup, actions: Actions, connection: str | None
) -> DetailView:
    """An integration in the words of its page; ``connection`` is its name where it may be known."""
    entry = CATALOGUE[Tool(integration.tool)]
    return DetailView(
        row=row_view(integration, owner, actions),
        place_label=f"{entry.place.label} in {entry.label}",
        place=integration.tool_place,
        direction=DIRECTIONS[integration.direction],
        jql=integration.jql,
        tool_query=integration.tool_query,
        starts=start_words(integration),
        conflict_rule=CONFLICT_RULES[integration.conflict_rule],
        deletions="Copied" if integration.copies_deletions else "Not copied",
        logs=logs_words(integration.keep_logs_days),
        created=when(integration.created_at),
        has_connection=integration.connection_id is not None,
        connection=connection,
    )


def _drawn_rows(caller: Caller, rows: Iterable[Listed], owners: Iterable[Person]) -> Markup:
    """All rows of a page; those that look the same to the rules are decided on once."""
    people = {owner.account: owner for owner in owners}
    decided: dict[tuple[object, ...], Actions] = {}
    drawn_rows = []
    for row in rows:
        seen = seen_by_the_rules(row)
        actions = decided.get(seen)
        if actions is None:
            actions = decided[seen] = actions_of(caller, row)
        drawn_rows.append(_drawn_row(row, people[row.owner], actions))
    return Markup("".join(drawn_rows))  # noqa: S704 - each was rendered


@lru_cache(4096)
def _drawn_row(row: Listed, owner: Person, actions: Actions) -> Markup:
    """A row of the list: the same again for everybody with the same answers."""
    return render("integrations/row.html", row=row_view(row, drawn(owner), actions))


def actions_of(caller: Caller, thing: Thing) -> Actions:
    """What of an integration's buttons is not for this caller, and why."""
    return Actions(
        change=why_not(decide(caller, Action.CHANGE_INTEGRATION, thing)),
        hand_over=why_not(decide(caller, Action.HAND_OVER_INTEGRATION, thing)),
    )


def row_view(row: Listed | Integration, owner: Markup, actions: Actions) -> RowView:
    """An integration in the words of the pages, with what may be done to it."""
    label = Tool(row.tool).label
    state, look = _state(row)
    return RowView(
        id=Markup(row.id),  # noqa: S704 - an id is hexadecimal
        name=row.name,
        is_migration=row.kind == "migration",
        tool=label,
        project_key=row.project_key,
        direction=direction_words(row.direction, label),
        state=state,
        state_look=look,
        is_paused=row.state == "paused",
        owner=owner,
        updated=when(row.updated_at),
        updated_iso=row.updated_at.isoformat(),
        actions=actions,
        menu=_menu_of(row, actions),
    )


@lru_cache(1024)
def drawn(person: Person) -> Markup:
    """Somebody's picture and name."""
    return render("integrations/person.html", person=person)


def may_create_something(visit: Visit, action: Action = Action.CREATE_INTEGRATION) -> Decision:
    """A yes if any tool may be used here, else the reason that would remain with a tool."""
    decisions = []
    for tool in Tool:
        decision = visit.can(action, place_of(visit, tool.value))
        if decision:
            return decision
        decisions.append(decision)
    for decision in decisions:
        if decision.reason is not Reason.NOT_THEIR_TOOL:
            return decision
    return decisions[0]


def _state(row: Listed | Integration) -> tuple[str, str]:
    if row.state == "paused":
        return "Paused", "default"
    if row.connection_id is None:
        return "No connection", "moved"
    return "Active", "success"


def _menu_of(row: Listed | Integration, actions: Actions) -> Markup:
    drawn_once = _menu(actions, row.state == "paused")
    with_id = drawn_once.replace(_ID, str(row.id))
    return Markup(with_id.replace(_NAME, escape(row.name)))  # noqa: S704 - escaped here


@lru_cache(512)
def _menu(actions: Actions, is_paused: bool) -> str:
    """The menu of all rows with the same answers; a list draws many."""
    menu = render(
        "integrations/row_menu.html", actions=actions, is_paused=is_paused, id=_ID, name=_NAME
    )
    return str(menu)


@lru_cache(256)
def _filter_form(filters: Filters, project_key: str) -> Markup:
    return render(
        "integrations/filters.html",
        filters=filters,
        project_key=project_key,
        tools=[(tool.value, tool.label) for tool in Tool],
    )


async def _connection_name(house: House, visit: Visit, integration: Integration) -> str | None:
    if integration.connection_id is None:
        return None
    statement = select(Connection.name).where(
        Connection.id == integration.connection_id,
        visible(visit.caller, Action.SEE_CONNECTION, Connection),
    )
    rows = await house.database.rows(visit.caller.instance_id, statement)
    return rows[0][0] if rows else None
