"""Account > Access tokens, and for administrators those of everybody."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Select

from app.access import Action
from app.administration.models import AccessToken
from app.errors import NotFound
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations.reading import things
from app.tokens import service
from app.tokens.pages import (
    CHANGED,
    EVERYBODYS,
    OWN,
    everybodys_main,
    made_dialog,
    new_dialog,
    own_main,
    revoke_dialog,
)
from app.tokens.service import NewToken
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show

own = page_router(OWN, "account")
everybodys = page_router(EVERYBODYS, "administration")
Having = Annotated[Visit, Depends(context(Action.HAVE_TOKENS))]
Managing = Annotated[Visit, Depends(context(Action.MANAGE_USERS))]


@own.get("")
async def listed(request: Request, visit: Having) -> HTMLResponse:
    """The visitor's own tokens."""
    main = await own_main(house_of(request), visit)
    return show(request, visit, main, active="account", title="Access tokens")


@own.get("/new")
async def ask_for_new(visit: Having) -> HTMLResponse:
    """The dialog: a name, what for, until when."""
    return fragment(new_dialog(visit, {}, {}))


@own.post("", openapi_extra=takes_form(NewToken))
async def make(request: Request, visit: Having) -> HTMLResponse:
    """Make one, and show it this once."""
    house = house_of(request)
    sent = await filled(request, NewToken)
    if (form := sent.form) is None:
        return fragment(new_dialog(visit, sent.values, sent.errors), status=422)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        token = await service.make(session, visit, form)
    return fragment(made_dialog(house, token), events={CHANGED: {}})


@own.get("/{token_id}/revoke")
async def ask_to_revoke(request: Request, visit: Having, token_id: UUID) -> HTMLResponse:
    """Asks whether it is meant."""
    wanted = service.of_account(visit.caller.account)
    return fragment(await _asked(house_of(request), visit, wanted, token_id, OWN))


@own.post("/{token_id}/revoke")
async def revoke(request: Request, visit: Having, token_id: UUID) -> HTMLResponse:
    """Make it worthless, at once and everywhere."""
    return await _revoked(house_of(request), visit, token_id, anybodys=False)


@everybodys.get("")
async def all_listed(request: Request, visit: Managing) -> HTMLResponse:
    """The tokens of everybody."""
    main = await everybodys_main(house_of(request), visit)
    return show(request, visit, main, active="tokens", title="Access tokens")


@everybodys.get("/{token_id}/revoke")
async def ask_to_revoke_any(request: Request, visit: Managing, token_id: UUID) -> HTMLResponse:
    """Asks whether it is meant."""
    return fragment(
        await _asked(house_of(request), visit, service.everybodys(), token_id, EVERYBODYS)
    )


@everybodys.post("/{token_id}/revoke")
async def revoke_any(request: Request, visit: Managing, token_id: UUID) -> HTMLResponse:
    """Make a token of anybody worthless, at once and everywhere."""
    return await _revoked(house_of(request), visit, token_id, anybodys=True)


async def _asked(
    house: House, visit: Visit, among: Select[AccessToken], token_id: UUID, base: str
) -> str:
    found = await things(house, visit, among.where(AccessToken.id == token_id))
    if not found:
        raise NotFound
    return revoke_dialog(found[0], base)


async def _revoked(house: House, visit: Visit, token_id: UUID, *, anybodys: bool) -> HTMLResponse:
    async with house.database.of_instance(visit.caller.instance_id) as session:
        revoked = await service.revoke(session, visit, token_id, anybodys=anybodys)
        await house.changes.announce(session, visit.caller.instance_id)
    flag = Flag(f"{revoked.name} is revoked", "Nothing can be done with it any more.")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


router = APIRouter()
router.include_router(own)
router.include_router(everybodys)
