"""Administration > Users: the list, making users, one user, and letting them in or shutting out."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.access import Action
from app.administration.emails import email_of
from app.administration.forms import EditedUser, NewUser, PasswordReset
from app.administration.handling import (
    HandedOut,
    done,
    hand_out,
    link_dialog,
    on_account,
    required,
)
from app.administration.models import Account
from app.administration.user_list import ROOT, checked_filters
from app.administration.user_pages import CHANGED, list_main, sign_in_address, user_main
from app.administration.users import (
    create_user,
    disable,
    edit_user,
    enable,
    end_all_sessions,
    invite,
    reset_password,
)
from app.errors import InvalidInput
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.signing_in import passwords
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_USERS))]


@router.get("")
async def listed(
    request: Request, visit: Managing, *, q: str = "", state: str = "", after: str = ""
) -> HTMLResponse:
    """The users of this instance."""
    main = await list_main(house_of(request), visit, checked_filters(q, state, after))
    return show(request, visit, main, active="users", title="Users")


@router.get("/new")
async def ask_whom(request: Request, visit: Managing) -> HTMLResponse:
    """The dialog for a new user."""
    del visit
    return fragment(_new_form(house_of(request), {}, {}))


@router.post("", openapi_extra=takes_form(NewUser))
async def create(request: Request, visit: Managing) -> HTMLResponse:
    """Make a user who can do nothing yet."""
    house = house_of(request)
    sent = await filled(request, NewUser)
    try:
        form = required(sent)
        is_invited = form.way == "invitation"
        password = (
            None
            if is_invited
            else await passwords.chosen(form.password.get_secret_value(), (form.name, form.email))
        )
        async with house.database.of_instance(visit.caller.instance_id) as session:
            account = await create_user(
                session,
                house.changes,
                visit,
                name=form.name,
                email=email_of(form.email),
                password_hash=password,
            )
            made = None
            if is_invited:
                token = await invite(session, house.changes, visit, account)
                made = await hand_out(
                    house, session, visit, account, purpose="invitation", token=token
                )
    except InvalidInput as error:
        return fragment(_new_form(house, sent.values, error.fields), status=422)
    return _created(house, visit, account, made)


@router.get("/{account_id}")
async def one(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """One user."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        main = await user_main(house, visit, session, account)
    return show(request, visit, main, active="users", title=account.name)


@router.get("/{account_id}/edit")
async def ask_what(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """The dialog with name and address."""
    async with on_account(house_of(request), visit, account_id) as (_, account):
        values = {"name": account.name, "email": account.email}
    return fragment(_edit_form(account_id, values, {}))


@router.post("/{account_id}/edit", openapi_extra=takes_form(EditedUser))
async def edit(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Set name and address."""
    house = house_of(request)
    sent = await filled(request, EditedUser)
    try:
        async with on_account(house, visit, account_id) as (session, account):
            form = required(sent)
            email = email_of(form.email)
            await edit_user(session, house.changes, visit, account, name=form.name, email=email)
    except InvalidInput as error:
        return fragment(_edit_form(account_id, sent.values, error.fields), status=422)
    return done(Flag(f"{form.name} was saved"))


@router.post("/{account_id}/enable")
async def let_in(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Let them sign in."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await enable(session, house.changes, visit, account)
    return done(Flag(f"{account.name} is enabled"))


@router.get("/{account_id}/disable")
async def ask_to_disable(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """The dialog: what disabling means."""
    async with on_account(house_of(request), visit, account_id) as (_, account):
        return fragment(render("administration/disable.html", account=account))


@router.post("/{account_id}/disable")
async def shut_out(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Shut them out, at once."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await disable(session, house.changes, visit, account)
    return done(Flag(f"{account.name} is disabled", "They were signed out everywhere."))


@router.get("/{account_id}/reset-password")
async def ask_to_reset(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """The dialog: what a reset means."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (_, account):
        return fragment(
            render(
                "administration/reset.html",
                account=account,
                is_mailed=house.settings.smtp_url is not None,
            )
        )


@router.post("/{account_id}/reset-password", openapi_extra=takes_form(PasswordReset))
async def reset(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Take their password back, sign them out, and hand out a link to set another."""
    house = house_of(request)
    sent = await filled(request, PasswordReset)
    async with on_account(house, visit, account_id) as (session, account):
        form = required(sent)
        token = await reset_password(
            session, house.changes, visit, account, second_factor_too=form.second_factor_too
        )
        made = await hand_out(house, session, visit, account, purpose="reset", token=token)
    return link_dialog(made, f"The password of {account.name} was reset")


@router.post("/{account_id}/invite")
async def invite_again(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Hand out a new invitation; the earlier one is good for nothing."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        token = await invite(session, house.changes, visit, account)
        made = await hand_out(house, session, visit, account, purpose="invitation", token=token)
    return link_dialog(made, f"{account.name} is invited")


@router.post("/{account_id}/end-sessions")
async def sign_out_everywhere(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Sign them out wherever they are signed in."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await end_all_sessions(session, house.changes, visit, account)
    return done(Flag(f"{account.name} was signed out everywhere"))


def _created(house: House, visit: Visit, account: Account, made: HandedOut | None) -> HTMLResponse:
    if made is not None:
        return link_dialog(made, f"{account.name} was created")
    return fragment(
        render(
            "administration/created.html",
            account=account,
            sign_in=sign_in_address(house, visit),
        ),
        events={CHANGED: {}},
    )


def _new_form(house: House, values: Mapping[str, str], errors: Mapping[str, str]) -> Markup:
    by_mail = house.settings.smtp_url is not None
    return render(
        "administration/new_user.html",
        values={"name": "", "email": "", "way": "invitation", **values},
        errors={"": "", "name": "", "email": "", "way": "", "password": "", **errors},
        ways=[
            {
                "value": "invitation",
                "label": "Invite them",
                "text": "They set a password themselves, with a link "
                + ("that is mailed to them." if by_mail else "that you pass on to them."),
            },
            {
                "value": "password",
                "label": "Set a password here",
                "text": "You tell them the password.",
            },
        ],
    )


def _edit_form(account_id: UUID, values: Mapping[str, str], errors: Mapping[str, str]) -> Markup:
    return render(
        "administration/edit_user.html",
        account_id=account_id,
        values={"name": "", "email": "", **values},
        errors={"": "", "name": "", "email": "", **errors},
    )
