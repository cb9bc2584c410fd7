"""Creating and editing a connection. Credentials go in and are never shown again."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action, Tool
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations import connection_service as service
from app.integrations.changing import changing, require_version
from app.integrations.choices import require_any_tool, tool_of
from app.integrations.connection_form import (
    Dependants,
    credential_errors,
    form_main,
    tool_fields,
    values_of,
)
from app.integrations.connection_list import connections_main
from app.integrations.guards import At, the_connection
from app.integrations.models import Connection
from app.integrations.pages import place_of
from app.integrations.schemas import ChangedConnection, NewConnection
from app.integrations.tool_access import AddressRefused, Lookup, Rule, checked_address
from app.news.hooks import clear_up, hooks_of
from app.tools.catalogue import CATALOGUE, ToolEntry
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show

router = page_router("/connections", "connections")
Creating = Annotated[Visit, Depends(context(Action.CREATE_CONNECTION))]
Changing = Annotated[At[Connection], Depends(the_connection(Action.CHANGE_CONNECTION))]
CONFIRM = "Confirm that the integrations named above may stop working."
ANEW = "The address is another one, so enter this again."


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
    entry = CATALOGUE[form.tool]
    errors = credential_errors(entry, form, all_needed=True)
    address, problem = await _address(entry, rule, lookup, form.address)
    if problem:
        errors["address"] = problem
    if errors:
        return fragment(form_main(visit, entered.values, errors), status=422)
    credentials = {field.name: form.credential(field.name) for field in entry.credentials}
    async with house.database.of_instance(visit.caller.instance_id) as session:
        connection = await service.create(session, visit, form, address, credentials)
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
        entry = CATALOGUE[Tool(connection.tool)]
        address, problem = await _address(entry, rule, lookup, form.address)
        errors = _errors(entry, connection, form, "" if problem else address, bool(users))
        if problem:
            errors["address"] = problem
        if not errors:
            left = await _save(house, visit, connection, form, address)
    if errors:
        values = {**values_of(connection), **entered.values}
        main = form_main(visit, values, errors, connection=connection, dependants=users)
        return fragment(main, status=422)
    main = await connections_main(request, visit)
    flag = Flag(f"{connection.name} was saved", left, "warning" if left else "success")
    return fragment(main, flag=flag)


async def dependants_of(house: House, visit: Visit, connection: Connection) -> Dependants:
    """Who uses it: names that the visitor may know, and how many others."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        rows = await service.dependants(session, visit, connection)
    named = [name for name, is_seen in rows if is_seen]
    return Dependants(named, len(rows) - len(named))


def _errors(
    entry: ToolEntry, connection: Connection, form: ChangedConnection, address: str, in_use: bool
) -> dict[str, str]:
    moved = bool(address) and address != connection.address
    errors = credential_errors(entry, form, all_needed=False)
    if moved:
        # Else whoever may edit it could have the secret sent to a host of their own.
        for field in entry.credentials:
            if not form.credential(field.name):
                errors[f"credential_{field.name}"] = ANEW
    if (moved or form.entered) and in_use and form.confirmed != "yes":
        errors["confirmed"] = CONFIRM
    return errors


async def _save(
    house: House, visit: Visit, connection: Connection, form: ChangedConnection, address: str
) -> str:
    """Set it, and take away webhooks of the address that it had; what people have to do there."""
    hooks = await hooks_of(house, visit, connection)
    credentials = None
    if form.entered:
        kept = service.opened(visit, connection)
        credentials = kept | {name: form.credential(name) for name in form.entered}
    async with changing(house, visit, connection) as session:
        await service.change(
            session, visit, connection, name=form.name, address=address, credentials=credentials
        )
    return await clear_up(house, visit.facts, hooks)


async def _address(entry: ToolEntry, rule: Rule, lookup: Lookup, text: str) -> tuple[str, str]:
    """The address to keep, and what is wrong with the one that was entered."""
    if entry.address is not None:
        return entry.address, "" if text in {"", entry.address} else "The address is fixed."
    if not text:
        return "", "The address is needed."
    try:
        return await checked_address(rule, lookup, text), ""
    except AddressRefused as refused:
        return "", str(refused)
