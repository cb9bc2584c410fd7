"""Settings > Account access: approving, revoking, answering, and seeing what support looks at."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import func, select

from app.access import Action
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.support.account_view import CHANGED, account_main, state_section
from app.support.agents import agents_named
from app.support.ends import CHOICES, PROPOSED, End
from app.support.force import grant_in_force
from app.support.grants import (
    approve,
    approve_request,
    decline_request,
    request_asked,
    revoke,
)
from app.support.models import RunShare
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

ROOT = "/settings/account-access"
router = page_router(ROOT, "settings")
Governing = Annotated[Visit, Depends(context(Action.GOVERN_SUPPORT_ACCESS))]
APPROVED = Flag("Getint access is approved", "Support sees what you approved from now on.")


def _printable(value: str) -> str:
    if value and not value.isprintable():
        raise ValueError("A note has to be plain text on one line.")
    return value.strip()


class EndForm(BaseModel):
    """Until when."""

    end: End = Field(title="An end")


class ApproveForm(EndForm):
    """Until when, and a note for the ticket."""

    note: Annotated[str, Field(title="A note", max_length=200), AfterValidator(_printable)] = ""


@router.get("")
async def account_access(request: Request, visit: Governing) -> HTMLResponse:
    """What support may see here, and what it looked at."""
    main = await account_main(house_of(request), visit)
    return show(request, visit, main, active="settings", title="Account access")


@router.get("/state")
async def state(request: Request, visit: Governing) -> HTMLResponse:
    """How it stands now."""
    return fragment(await state_section(house_of(request), visit))


@router.get("/approve")
async def approve_dialog(request: Request, visit: Governing) -> HTMLResponse:
    """Asks until when."""
    return fragment(await _approve_form(house_of(request), visit))


@router.post("/approve", openapi_extra=takes_form(ApproveForm))
async def approve_access(request: Request, visit: Governing) -> HTMLResponse:
    """Let support in."""
    house = house_of(request)
    sent = await filled(request, ApproveForm)
    if (form := sent.form) is None:
        return _wrong(await _approve_form(house, visit, values=sent.values, errors=sent.errors))
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await approve(session, visit, form.end, form.note, house.support_keys)
    return _done(APPROVED)


@router.post("/revoke")
async def revoke_access(request: Request, visit: Governing) -> HTMLResponse:
    """Shut support out, at once."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await revoke(session, visit)
    return _done(Flag("Getint access is revoked", "Support sees nothing any more."))


@router.get("/requests/{request_id}/approve")
async def approve_request_dialog(
    request: Request, visit: Governing, request_id: UUID
) -> HTMLResponse:
    """Asks until when, for the agent who asked."""
    return fragment(await _approve_form(house_of(request), visit, request_id))


@router.post("/requests/{request_id}/approve", openapi_extra=takes_form(EndForm))
async def approve_a_request(request: Request, visit: Governing, request_id: UUID) -> HTMLResponse:
    """Let support in, as an agent asked for."""
    house = house_of(request)
    sent = await filled(request, EndForm)
    if (form := sent.form) is None:
        again = await _approve_form(
            house, visit, request_id, values=sent.values, errors=sent.errors
        )
        return _wrong(again)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await approve_request(session, visit, request_id, form.end, house.support_keys)
    return _done(APPROVED)


@router.post("/requests/{request_id}/decline")
async def decline_a_request(request: Request, visit: Governing, request_id: UUID) -> HTMLResponse:
    """Say no to an agent."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await decline_request(session, visit, request_id)
    return _done(Flag("The request is declined"))


async def _approve_form(
    house: House,
    visit: Visit,
    request_id: UUID | None = None,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Markup:
    asked_by, action = "", f"{ROOT}/approve"
    waiting = select(func.count()).where(RunShare.in_force())
    async with house.database.of_instance(visit.caller.instance_id) as session:
        if request_id is not None:
            agent = f"agent:{(await request_asked(session, request_id)).agent_id}"
            asked_by = (await agents_named(session, [agent]))[agent].name
            action = f"{ROOT}/requests/{request_id}/approve"
        is_approved = await grant_in_force(session) is not None
        shared = await session.scalar(waiting)
    return render(
        "support/approve.html",
        asked_by=asked_by,
        action=action,
        is_approved=is_approved,
        waiting=0 if is_approved else shared,
        ends=CHOICES,
        end=(values or {}).get("end", PROPOSED.value),
        note=(values or {}).get("note", ""),
        errors={"end": "", "note": "", **(errors or {})},
    )


def _wrong(form: Markup) -> HTMLResponse:
    return fragment(form, status=422)


def _done(flag: Flag) -> HTMLResponse:
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})
