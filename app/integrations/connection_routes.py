"""Connections: the list, the form, the test, what others may do, deleting."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action, Tool
from app.errors import InvalidInput
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations import connection_editing as editing
from app.integrations import connection_service as service
from app.integrations.changing import changing, require_version
from app.integrations.choices import tool_of
from app.integrations.connection_editing import dependants_of
from app.integrations.connection_form import level_cards
from app.integrations.connection_form_routes import router as forms
from app.integrations.connection_list import CHANGED, connections_main
from app.integrations.cursors import position_of
from app.integrations.guards import At, the_connection
from app.integrations.models import Connection
from app.integrations.schemas import Sharing
from app.integrations.tool_access import ToolClient
from app.tools.catalogue import CATALOGUE
from app.tools.probe import probe
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

pages = page_router("/connections", "connections")
Usable = Annotated[At[Connection], Depends(the_connection(Action.USE_CONNECTION))]
Governed = Annotated[At[Connection], Depends(the_connection(Action.GOVERN_CONNECTION))]


@pages.get("")
async def listed(
    request: Request,
    visit: Annotated[Visit, Depends(context(Action.SEE_CONNECTION))],
    *,
    tool: str = "",
    after: str = "",
) -> HTMLResponse:
    """The connections that the visitor may see."""
    if tool and tool_of(tool) is None:
        raise InvalidInput("There is no such filter.", mend="Clear the filter.")
    if after:
        position_of(after)
    main = await connections_main(request, visit, tool, after)
    return show(request, visit, main, active="connections", title="Connections")


@pages.post("/{connection_id}/test")
async def test(request: Request, at: Usable, client: ToolClient) -> HTMLResponse:
    """Try the credentials on the tool."""
    house = house_of(request)
    connection = at.thing
    credentials = service.opened(at.visit, connection)
    entry = CATALOGUE[Tool(connection.tool)]
    result = await probe(client, entry, connection.address, credentials)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        await service.note_test(session, at.visit, connection, result)
    title = f"{connection.name} works" if result.ok else f"{connection.name} does not work"
    flag = Flag(title, result.message, "success" if result.ok else "error")
    return fragment("", flag=flag, events={CHANGED: {}})


@pages.get("/{connection_id}/sharing")
async def ask_what_others_may(at: Governed) -> HTMLResponse:
    """The dialog with the three levels."""
    return fragment(_sharing(at.thing, at.thing.others_may, {}))


@pages.post("/{connection_id}/sharing", openapi_extra=takes_form(Sharing))
async def share(request: Request, at: Governed) -> HTMLResponse:
    """Set what others may do with it."""
    house = house_of(request)
    entered = await filled(request, Sharing)
    if (form := entered.form) is None:
        chosen = entered.values.get("others_may", "")
        return fragment(_sharing(at.thing, chosen, entered.errors), status=422)
    await require_version(house, at.visit, at.thing, form.version)
    async with changing(house, at.visit, at.thing) as session:
        await service.share(session, at.visit, at.thing, form.others_may.value)
    flag = Flag(f"{at.thing.name} was saved")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


@pages.get("/{connection_id}/delete")
async def ask_to_delete(request: Request, at: Governed) -> HTMLResponse:
    """The dialog: what would be lost, or what stands in the way."""
    users = await dependants_of(house_of(request), at.visit, at.thing)
    return fragment(
        render("integrations/connection_delete.html", connection=at.thing, dependants=users)
    )


@pages.post("/{connection_id}/delete")
async def delete(request: Request, at: Governed) -> HTMLResponse:
    """Take it away, unless an integration depends on it."""
    await editing.delete(house_of(request), at.visit, at.thing)
    flag = Flag(f"{at.thing.name} was deleted")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


def _sharing(connection: Connection, chosen: str, errors: object) -> str:
    return render(
        "integrations/sharing.html",
        connection=connection,
        chosen=chosen,
        errors=errors,
        levels=level_cards(),
    )


router = APIRouter()
router.include_router(forms)  # before the addresses with an id: /new is no id
router.include_router(pages)
