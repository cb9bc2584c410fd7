"""The type mappings of an integration: the list, one of them, and what can be done to it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action, Tool
from app.errors import InvalidInput
from app.house import house_of
from app.integrations.changing import changing
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.integrations.pages import detail_main
from app.integrations.reading import things
from app.sync import mapping_service as service
from app.sync.export import MappingInFile
from app.sync.mapping_dialog_routes import router as dialogs
from app.sync.mapping_forms import Move, Switch, Types
from app.sync.mapping_guard import AtMapping, the_mapping
from app.sync.mapping_pages import (
    MAPPINGS_CHANGED,
    desk_of,
    mapping_main,
    problems_piece,
    section,
    title_of,
)
from app.sync.mapping_views import require_read
from app.sync.proposal import propose_rules, propose_types
from app.sync.side_schemas import Reader
from app.sync.weighing import SideSchemas
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

pages = page_router("/integrations/{integration_id}/mappings", "mappings")
Seen = Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION))]
Changed = Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))]
SeenOne = Annotated[AtMapping, Depends(the_mapping(Action.SEE_INTEGRATION))]
ChangedOne = Annotated[AtMapping, Depends(the_mapping(Action.CHANGE_INTEGRATION))]
NOTHING: Mapping[str, str] = {}
NO_SUCH_TYPE = "There is no such type, or it cannot be seen. Choose one of those that are there."


@pages.get("")
async def listed(request: Request, at: Seen) -> HTMLResponse:
    """The section of an integration's page."""
    return fragment(await section(request, at.visit, at.thing))


@pages.get("/problems")
async def problems(request: Request, at: Seen, reader: Reader, *, anew: str = "") -> HTMLResponse:
    """What will not work, found by asking both sides."""
    house = house_of(request)
    return fragment(await problems_piece(house, at.visit, at.thing, reader, anew=bool(anew)))


@pages.get("/new")
async def new(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """The dialog in which two types are chosen, the likely next ones at first."""
    schemas = await reader.of(house_of(request), at.visit, at.thing)
    return fragment(await _new_dialog(request, at, schemas))


@pages.post("", openapi_extra=takes_form(Types))
async def add(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Add a mapping of two types, as it is proposed, and show it."""
    house, integration = house_of(request), at.thing
    schemas = await reader.of(house, at.visit, integration)
    entered = await filled(request, Types)
    if (form := entered.form) is None:
        dialog = await _new_dialog(request, at, schemas, entered.values, entered.errors)
        return fragment(dialog, status=422)
    require_read(integration, schemas)
    wanted = _proposed(schemas, [(form.jira_type, form.tool_type)])
    if not wanted:
        raise InvalidInput(NO_SUCH_TYPE)
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        (mapping,) = await service.add(session, at.visit, integration, wanted)
    desk = await desk_of(request, AtMapping(at.visit, integration, mapping), reader)
    flag = Flag(f"{title_of(mapping)} are mapped", "Check what was proposed.")
    return fragment(mapping_main(desk), flag=flag, close_dialog=True)


@pages.post("/propose")
async def propose(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Add a mapping for each type of Jira's that has none and has a likely counterpart."""
    house, integration = house_of(request), at.thing
    schemas = await reader.of(house, at.visit, integration)
    wanted = _proposed(schemas, await _likely(request, at, schemas))
    if wanted:
        async with house.database.of_instance(at.visit.caller.instance_id) as session:
            await service.add(session, at.visit, integration, wanted)
    said = ", ".join(f"{each.jira_type} with {each.tool_type}" for each in wanted)
    flag = Flag(f"{len(wanted)} added", said) if wanted else Flag("Nothing more to propose")
    return fragment("", flag=flag, events={MAPPINGS_CHANGED: {}})


@pages.get("/{mapping_id}")
async def one(request: Request, at: SeenOne, reader: Reader, *, anew: str = "") -> HTMLResponse:
    """One mapping with all that it holds."""
    desk = await desk_of(request, at, reader, anew=bool(anew))
    title = title_of(at.mapping)
    return show(request, at.visit, mapping_main(desk), active="integrations", title=title)


@pages.post("/{mapping_id}/switch", openapi_extra=takes_form(Switch))
async def switch(request: Request, at: ChangedOne) -> HTMLResponse:
    """Let it be used or not."""
    entered = await filled(request, Switch)
    if entered.form is None:
        raise InvalidInput("It can be switched on or off.")
    async with changing(house_of(request), at.visit, at.mapping) as session:
        await service.switch(
            session, at.visit, at.integration, at.mapping, enabled=entered.form.enabled
        )
    done = "on" if entered.form.enabled else "off"
    flag = Flag(f"{title_of(at.mapping)}: switched {done}")
    return fragment("", flag=flag, events={MAPPINGS_CHANGED: {}})


@pages.post("/{mapping_id}/copy")
async def copy(request: Request, at: ChangedOne) -> HTMLResponse:
    """Put the same again below it, switched off."""
    async with house_of(request).database.of_instance(at.visit.caller.instance_id) as session:
        await service.copy(session, at.visit, at.integration, at.mapping)
    flag = Flag(f"{title_of(at.mapping)} was copied", "The copy is below it, switched off.")
    return fragment("", flag=flag, events={MAPPINGS_CHANGED: {}})


@pages.post("/{mapping_id}/move", openapi_extra=takes_form(Move))
async def move(request: Request, at: ChangedOne) -> HTMLResponse:
    """Try it one place earlier or later."""
    entered = await filled(request, Move)
    if entered.form is None:
        raise InvalidInput("It can be moved up or down.")
    async with house_of(request).database.of_instance(at.visit.caller.instance_id) as session:
        await service.move(
            session, at.visit, at.integration, at.mapping, up=entered.form.way == "up"
        )
    return fragment(await section(request, at.visit, at.integration))


@pages.get("/{mapping_id}/delete")
async def ask_to_delete(at: ChangedOne) -> HTMLResponse:
    """The dialog that says what will be lost."""
    return fragment(
        render(
            "sync/delete.html",
            title=title_of(at.mapping),
            base=f"/integrations/{at.integration.id}/mappings/{at.mapping.id}",
        )
    )


@pages.post("/{mapping_id}/delete")
async def delete(request: Request, at: ChangedOne) -> HTMLResponse:
    """Take it away; back to the integration."""
    async with changing(house_of(request), at.visit, at.mapping) as session:
        await service.delete(session, at.visit, at.integration, at.mapping)
    main = await detail_main(request, at.visit, at.integration)
    flag = Flag(f"{title_of(at.mapping)} was deleted")
    return fragment(main, flag=flag, close_dialog=True)


async def _new_dialog(
    request: Request,
    at: At[Integration],
    schemas: SideSchemas,
    values: Mapping[str, str] = NOTHING,
    errors: Mapping[str, str] = NOTHING,
) -> str:
    likely = await _likely(request, at, schemas)
    first = dict(zip(("jira_type", "tool_type"), likely[0], strict=True)) if likely else {}
    return render(
        "sync/new.html",
        base=f"/integrations/{at.thing.id}/mappings",
        tool=Tool(at.thing.tool).label,
        jira_types=[(each.name, each.name) for each in schemas.by_side["jira"].types],
        tool_types=[(each.name, each.name) for each in schemas.by_side["tool"].types],
        values=values or first,
        errors=errors,
    )


async def _likely(
    request: Request, at: At[Integration], schemas: SideSchemas
) -> list[tuple[str, str]]:
    """Pairs of types that are likely the same, of those whose type in Jira is not mapped."""
    require_read(at.thing, schemas)
    mappings = await things(house_of(request), at.visit, service.of_integration(at.thing))
    taken = {mapping.jira_type for mapping in mappings}
    pairs = propose_types(schemas.by_side["jira"], schemas.by_side["tool"])
    return [pair for pair in pairs if pair[0] not in taken]


def _proposed(schemas: SideSchemas, pairs: list[tuple[str, str]]) -> list[MappingInFile]:
    """The mappings of these types, as they are proposed; without types that are not there."""
    jira, tool = schemas.by_side["jira"], schemas.by_side["tool"]
    found = []
    for jira_name, tool_name in pairs:
        types = jira.type_named(jira_name), tool.type_named(tool_name)
        if types[0] is not None and types[1] is not None:
            rules = propose_rules(jira, tool, types[0], types[1])
            found.append(
                MappingInFile(jira_type=jira_name, tool_type=tool_name, enabled=True, rules=rules)
            )
    return found


router = APIRouter()
router.include_router(dialogs)
router.include_router(pages)
