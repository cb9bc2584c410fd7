"""The list of integrations, one integration, and what can be done to it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action, Tool
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations import service
from app.integrations.changing import changing
from app.integrations.form_routes import router as forms
from app.integrations.guards import At, the_integration
from app.integrations.hand_over_routes import router as hand_over
from app.integrations.listing import checked_filters
from app.integrations.models import Integration
from app.integrations.pages import CHANGED, detail_main, list_main
from app.news.hooks import clear_up, hooks_of
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

pages = page_router("/integrations", "integrations")
Seen = Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION))]
Changed = Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))]


@pages.get("")
async def listed(
    request: Request,
    visit: Annotated[Visit, Depends(context(Action.SEE_INTEGRATION))],
    *,
    q: str = "",
    tool: str = "",
    project: str = "",
    mine: str = "",
    kind: str = "",
    state: str = "",
    after: str = "",
    before: str = "",
) -> HTMLResponse:
    """Everything the visitor may see, filtered, a page at a time."""
    filters = checked_filters(
        q=q,
        tool=tool,
        project=project,
        mine=mine,
        kind=kind,
        state=state,
        after=after,
        before=before,
    )
    main = await list_main(request, visit, filters)
    return show(request, visit, main, active="integrations", title="Integrations")


@pages.get("/{integration_id}")
async def detail(request: Request, at: Seen) -> HTMLResponse:
    """One integration."""
    main = await detail_main(request, at.visit, at.thing)
    return show(request, at.visit, main, active="integrations", title=at.thing.name)


@pages.post("/{integration_id}/pause")
async def pause(request: Request, at: Changed) -> HTMLResponse:
    """Stop it until it is resumed."""
    return await _set_state(request, at, "paused", "Paused")


@pages.post("/{integration_id}/resume")
async def resume(request: Request, at: Changed) -> HTMLResponse:
    """Let it go on."""
    return await _set_state(request, at, "active", "Resumed")


@pages.get("/{integration_id}/delete")
async def ask_to_delete(at: Changed) -> HTMLResponse:
    """The dialog that says what will be lost."""
    label = Tool(at.thing.tool).label
    return fragment(render("integrations/delete.html", integration=at.thing, label=label))


@pages.post("/{integration_id}/delete")
async def delete(request: Request, at: Changed) -> HTMLResponse:
    """Take it away; back to the list."""
    house = house_of(request)
    hooks = await hooks_of(house, at.visit, at.thing)
    async with changing(house, at.visit, at.thing) as session:
        await service.delete(session, at.visit, at.thing)
    left = await clear_up(house, at.visit.facts, hooks)
    main = await list_main(request, at.visit)
    flag = Flag(f"{at.thing.name} was deleted", left, "warning" if left else "success")
    return fragment(main, flag=flag, close_dialog=True)


async def _set_state(request: Request, at: At[Integration], state: str, done: str) -> HTMLResponse:
    house = house_of(request)
    async with changing(house, at.visit, at.thing) as session:
        await service.set_state(session, at.visit, at.thing, state)
    return fragment("", flag=Flag(f"{done}: {at.thing.name}"), events={CHANGED: {}})


router = APIRouter()
router.include_router(forms)  # before the addresses with an id: /new is no id
router.include_router(hand_over)
router.include_router(pages)
