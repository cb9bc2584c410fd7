"""One's own account: password, second factor, and where one is signed in."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.access import Action
from app.account import service
from app.account.pages import (
    CHANGED,
    account_main,
    password_dialog,
    removal_dialog,
    second_factor_dialog,
)
from app.errors import InvalidInput
from app.house import house_of
from app.identity.guard import session as by_session
from app.identity.visit import Visit
from app.signing_in.attempts import place_of
from app.signing_in.totp import new_secret
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show

router = page_router("/account", "account")
Theirs = Annotated[Visit, Depends(by_session(Action.OPEN_APP))]
_SECRET = r"^[A-Z2-7]{32}$"  # noqa: S105 - the form of one


class PasswordChange(BaseModel):
    """The old password, and the one to set."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    username: str = Field("", max_length=254)
    old: Annotated[SecretStr, Field(title="The old password", min_length=1, max_length=200)]
    new: Annotated[SecretStr, Field(title="The new password", min_length=1, max_length=200)]


class Enrolment(BaseModel):
    """A second factor that was shown, and its first code."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: str = Field(pattern=_SECRET)
    code: Annotated[SecretStr, Field(title="The code", min_length=1, max_length=20)]


class Removal(BaseModel):
    """A code of the second factor that is not wanted any more."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Annotated[SecretStr, Field(title="The code", min_length=1, max_length=20)]


@router.get("")
async def own_account(request: Request, visit: Theirs) -> HTMLResponse:
    """The page."""
    main = await account_main(house_of(request), visit, request.state.signed_in)
    return show(request, visit, main, active="account", title="Your account")


@router.get("/password")
async def ask_for_password(request: Request, visit: Theirs) -> HTMLResponse:
    """The dialog."""
    account = await service.own(house_of(request), visit)
    return fragment(password_dialog(account, {}))


@router.post("/password", openapi_extra=takes_form(PasswordChange))
async def change_password(request: Request, visit: Theirs) -> HTMLResponse:
    """Set another one; all other sessions end."""
    house = house_of(request)
    entered = await filled(request, PasswordChange)
    errors = entered.errors
    if (form := entered.form) is not None:
        try:
            await service.change_password(
                house,
                visit,
                request.state.signed_in,
                old=form.old.get_secret_value(),
                new=form.new.get_secret_value(),
                place=place_of(request),
            )
        except InvalidInput as problem:
            errors = problem.fields
    if errors:
        return fragment(password_dialog(await service.own(house, visit), errors), status=422)
    flag = Flag("Your password was changed", "You are signed out everywhere else.")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


@router.get("/second-factor")
async def offer_second_factor(request: Request, visit: Theirs) -> HTMLResponse:
    """The dialog with a new one to set up."""
    account = await service.own(house_of(request), visit)
    return fragment(second_factor_dialog(account, new_secret(), ""))


@router.post("/second-factor", openapi_extra=takes_form(Enrolment))
async def set_up_second_factor(request: Request, visit: Theirs) -> HTMLResponse:
    """Ask for it at each sign-in from now on, if the code shows that it works."""
    house = house_of(request)
    entered = await filled(request, Enrolment)
    account = await service.own(house, visit)
    if (form := entered.form) is None:
        secret = new_secret() if "secret" in entered.errors else entered.values["secret"]
        wrong = entered.errors.get("code", "")
        return fragment(second_factor_dialog(account, secret, wrong), status=422)
    code = form.code.get_secret_value()
    if wrong := await service.enrol_second_factor(house, visit, form.secret, code):
        return fragment(second_factor_dialog(account, form.secret, wrong), status=422)
    flag = Flag("Your second factor is set up", "You need it the next time you sign in.")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


@router.get("/second-factor/remove")
async def ask_to_remove_second_factor(visit: Theirs) -> HTMLResponse:  # noqa: ARG001
    """Asks for a code of it."""
    return fragment(removal_dialog(""))


@router.post("/second-factor/remove", openapi_extra=takes_form(Removal))
async def remove_second_factor(request: Request, visit: Theirs) -> HTMLResponse:
    """Sign in without one from now on, where that is allowed."""
    house = house_of(request)
    entered = await filled(request, Removal)
    code = entered.form.code.get_secret_value() if entered.form else ""
    wrong = await service.remove_second_factor(house, visit, code, place_of(request))
    if wrong:
        return fragment(removal_dialog(wrong), status=422)
    flag = Flag("Your second factor was removed")
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


@router.post("/sessions/others/end")
async def end_other_sessions(request: Request, visit: Theirs) -> HTMLResponse:
    """Sign out everywhere else."""
    await service.end_others(house_of(request), visit, request.state.signed_in)
    flag = Flag("You are signed out everywhere else")
    return fragment("", flag=flag, events={CHANGED: {}})


@router.post("/sessions/{session_id}/end")
async def end_one_session(request: Request, visit: Theirs, session_id: UUID) -> HTMLResponse:
    """Sign out in another browser."""
    await service.end_one(house_of(request), visit, session_id)
    return fragment("", flag=Flag("You are signed out there"), events={CHANGED: {}})
