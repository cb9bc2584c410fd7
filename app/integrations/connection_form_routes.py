"""Creating and editing a connection. Credentials go in and are never shown again."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations.changing import require_version
from app.integrations.choices import require_any_tool, tool_of
from app.integrations.connection_editing import (
    checked_change,
    checked_new,
    create_from_form,
    dependants_of,
    save_form,
)
from app.integrations.connection_form import form_main, tool_fields, values_of
from app.integrations.connection_list import connections_main
from app.integrations.guards import At, the_connection
from app.integrations.models import Connection
from app.integrations.place import place_of
from app.integrations.schemas import ChangedConnection, NewConnection
from app.integrations.tool_access import Lookup, Rule
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show

router = page_router("/connections", "connections")
Creating = Annotated[Visit, Depends(context(Action.CREATE_CONNECTION))]
Changing = Annotated[At[Connection], Depends(the_connection(Action.CHANGE_CONNECTION))]


@router.get("/new")
async def new(request: Request, visit: Creating, *, tool: str = "") -> HTMLResponse:
    """The empty form, for whoever may create a connection to any tool."""
    require_any_tool(visit)
    main = form_main(visit, {"tool": tool})
    return show(request, visit, main, active="connections", title="Create a connection")


@router.get("/tool-part")
async def show_tool_part(visit: Creating, *, tool: str = "") -> HTMLResponse:
    """The address and credentials of a tool."""
    require_any_tool(visit)
    return fragment(tool_fields(tool_of(tool)))


@router.post("", openapi_extra=takes_form(NewConnection))
async def create(request: Request, visit: Creating, rule: Rule, lookup: Lookup) -> HTMLResponse:
    """Create one, owned by the visitor."""
    house = house_of(request)
    entered = await filled(request, NewConnection)
    if (form := entered.form) is None:
        require_any_tool(visit)
        return fragment(form_main(visit, entered.values, entered.errors), status=422)
    visit.require(place_of(visit, form.tool.value))
    address, errors = await checked_new(rule, lookup, form)
    if errors:
        return fragment(form_main(visit, entered.values, errors), status=422)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        connection = await create_from_form(session, visit, form, address)
    main = await connections_main(request, visit)
    flag = Flag(f"{connection.name} was created", "Test it to see whether it works.")
    return fragment(main, flag=flag)


@router.get("/{connection_id}/edit")
async def edit(request: Request, at: Changing) -> HTMLResponse:
    """The form with what is set now, and the integrations that depend on it."""
    users = await dependants_of(house_of(request), at.visit, at.thing)
    main = form_main(at.visit, values_of(at.thing), connection=at.thing, dependants=users)
    title = f"Edit {at.thing.name}"
    return show(request, at.visit, main, active="connections", title=title)


@router.post("/{connection_id}", openapi_extra=takes_form(ChangedConnection))
async def save(request: Request, at: Changing, rule: Rule, lookup: Lookup) -> HTMLResponse:
    """Set what the form says, unless somebody was faster."""
    house = house_of(request)
    visit, connection = at.visit, at.thing
    entered = await filled(request, ChangedConnection)
    errors, left = dict(entered.errors), ""
    users = await dependants_of(house, visit, connection)
    if (form := entered.form) is not None:
        await require_version(house, visit, connection, form.version)
        address, errors = await checked_change(rule, lookup, connection, form, in_use=bool(users))
        if not errors:
            left = await save_form(house, visit, connection, form, address)
    if errors:
        values = {**values_of(connection), **entered.values}
        main = form_main(visit, values, errors, connection=connection, dependants=users)
        return fragment(main, status=422)
    main = await connections_main(request, visit)
    flag = Flag(f"{connection.name} was saved", left, "warning" if left else "success")
    return fragment(main, flag=flag)
