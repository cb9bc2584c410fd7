"""Users: people without an account in Jira, and what they may open."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import AfterValidator, ConfigDict, Field, SecretStr
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action
from app.administration import users as service
from app.administration.emails import email_of
from app.administration.forms import Name
from app.administration.handling import hand_out, on_account
from app.administration.links import Purpose
from app.administration.models import Account, WorkspaceAccess
from app.administration.owned import owned_by
from app.administration.taking_over import takeover_by
from app.api.bodies import Body, sent
from app.api.once import SentOnce
from app.api.paging import Page, Paging, next_href, rows_of
from app.api.router import ROOT, api_router
from app.api.shapes import Shape
from app.changes import Changes
from app.house import house_of
from app.identity.guard import api
from app.identity.visit import Visit
from app.integrations.schemas import ON_ONE_LINE
from app.signing_in import passwords

router = api_router("/users", "users")
Managing = Annotated[Visit, Depends(api(Action.MANAGE_USERS))]
Step = Callable[[AsyncSession, Changes, Visit, Account], Awaitable[None]]


def _is_address(text: str) -> str:
    return email_of(text).written


Address = Annotated[str, Field(description="An e-mail address.", examples=["pat@partner.example"])]


class UserQuery(Paging):
    """Which users."""

    q: Annotated[
        str, Field(max_length=120, description="A part of the name or address."), ON_ONE_LINE
    ] = ""
    state: Literal["enabled", "disabled"] | None = None


class NewUserBody(Body):
    """Somebody who can do nothing until enabled and given access."""

    model_config = ConfigDict(
        title="NewUser",
        json_schema_extra={"examples": [{"name": "Pat Partner", "email": "pat@partner.example"}]},
    )

    name: Name
    email: Annotated[Address, AfterValidator(_is_address)]
    password: Annotated[
        SecretStr | None,
        Field(description="One that you tell them, where they are not invited to set their own."),
    ] = None


class UserChange(Body):
    """What is to be set; what is left out stays."""

    model_config = ConfigDict(
        title="UserChange", json_schema_extra={"examples": [{"name": "Pat Partner"}]}
    )

    name: Name | None = None
    email: Annotated[Address, AfterValidator(_is_address)] | None = None
    is_administrator: Annotated[
        bool | None, Field(description="Whether they administer all of Getint.")
    ] = None


class LevelBody(Body):
    """What they may in a workspace."""

    model_config = ConfigDict(
        title="AccessLevel", json_schema_extra={"examples": [{"level": "user"}]}
    )

    level: service.Level


class ResetBody(Body):
    """Whether the second factor goes as well."""

    model_config = ConfigDict(
        title="PasswordReset", json_schema_extra={"examples": [{"second_factor_too": False}]}
    )

    second_factor_too: bool = False


class AccessShape(Shape):
    """That somebody may open a workspace."""

    model_config = ConfigDict(title="Access", from_attributes=True)

    workspace_id: UUID
    level: service.Level


class UserShape(Shape):
    """Somebody who has an account here."""

    model_config = ConfigDict(title="User", from_attributes=True)

    id: UUID
    account: str = Field(description="As an owner and in the trail.", examples=["user:<id>"])
    name: str
    email: str
    enabled: bool
    is_administrator: bool
    can_sign_in: bool = Field(description="Whether a password was set, or a provider knows them.")
    access: list[AccessShape]
    last_signed_in_at: datetime | None
    created_at: datetime


class LinkShape(Shape):
    """A link with which somebody sets a password, once."""

    model_config = ConfigDict(title="Link")

    is_mailed: bool
    address: str | None = Field(description="To pass on, where no mail server is set up.")


@router.get("")
async def list_users(
    request: Request, visit: Managing, asked: Annotated[UserQuery, Query()]
) -> Page[UserShape]:
    """All users, newest first."""
    house, statement = house_of(request), select(Account)
    if text := asked.q.strip():
        statement = statement.where(
            or_(
                Account.name.icontains(text, autoescape=True),
                Account.email.icontains(text, autoescape=True),
            )
        )
    if asked.state is not None:
        statement = statement.where(Account.enabled == (asked.state == "enabled"))
    rows, cursor = await rows_of(house, visit, statement, Account, asked)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        items = [await _shape(session, row) for (row,) in rows]
    return Page(items=items, next=next_href(request, cursor))


@router.post("", status_code=201)
async def create_user(
    request: Request,
    response: Response,
    visit: Managing,
    body: Annotated[NewUserBody, Depends(sent(NewUserBody))],
    once: SentOnce,
) -> UserShape:
    """Make a user. Invite them, enable them, and give them access."""
    house = house_of(request)
    made = await once.made()
    if made is None:
        password_hash = None
        if body.password is not None:
            password = body.password.get_secret_value()
            password_hash = await passwords.chosen(password, (body.name, body.email))

        async def making(session: AsyncSession) -> UUID:
            account = await service.create_user(
                session,
                house.changes,
                visit,
                name=body.name,
                email=email_of(body.email),
                password_hash=password_hash,
            )
            return account.id

        made = await once.make(making)
    response.headers["Location"] = f"{ROOT}/users/{made}"
    async with on_account(house, visit, made) as (session, account):
        return await _shape(session, account)


@router.get("/{account_id}")
async def get_user(request: Request, visit: Managing, account_id: UUID) -> UserShape:
    """One user with their access."""
    async with on_account(house_of(request), visit, account_id) as (session, account):
        return await _shape(session, account)


@router.patch("/{account_id}")
async def change_user(
    request: Request,
    visit: Managing,
    account_id: UUID,
    body: Annotated[UserChange, Depends(sent(UserChange))],
) -> UserShape:
    """Set what is named."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        email = email_of(body.email or account.email)
        name = body.name or account.name
        await service.edit_user(session, house.changes, visit, account, name=name, email=email)
        if body.is_administrator is not None:
            await service.set_administrator(
                session, house.changes, visit, account, to=body.is_administrator
            )
        return await _shape(session, account)


@router.post("/{account_id}/enable")
async def enable_user(request: Request, visit: Managing, account_id: UUID) -> UserShape:
    """Let them sign in; twice is once."""
    return await _step(request, visit, account_id, service.enable)


@router.post("/{account_id}/disable")
async def disable_user(request: Request, visit: Managing, account_id: UUID) -> UserShape:
    """Shut them out, at once and everywhere; twice is once."""
    return await _step(request, visit, account_id, service.disable)


@router.post("/{account_id}/end-sessions")
async def end_sessions(request: Request, visit: Managing, account_id: UUID) -> UserShape:
    """Sign them out wherever they are signed in. Their tokens stay good."""
    return await _step(request, visit, account_id, service.end_all_sessions)


@router.post("/{account_id}/invite")
async def invite_user(request: Request, visit: Managing, account_id: UUID) -> LinkShape:
    """Make a link to set a first password with; earlier ones are good for nothing."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        token = await service.invite(session, house.changes, visit, account)
        return await _handed_out(
            request, session, visit, account, purpose="invitation", token=token
        )


@router.post("/{account_id}/reset-password")
async def reset_password(
    request: Request,
    visit: Managing,
    account_id: UUID,
    body: Annotated[ResetBody, Depends(sent(ResetBody))],
) -> LinkShape:
    """Take their password back, sign them out, and make a link to set another."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        token = await service.reset_password(
            session, house.changes, visit, account, second_factor_too=body.second_factor_too
        )
        return await _handed_out(request, session, visit, account, purpose="reset", token=token)


@router.put("/{account_id}/access/{workspace_id}")
async def give_access(
    request: Request,
    visit: Managing,
    account_id: UUID,
    workspace_id: UUID,
    body: Annotated[LevelBody, Depends(sent(LevelBody))],
) -> UserShape:
    """Let them into a workspace, or set what they may there."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await service.give_access(
            session, house.changes, visit, account, workspace_id=workspace_id, level=body.level
        )
        return await _shape(session, account)


@router.delete("/{account_id}/access/{workspace_id}")
async def remove_access(
    request: Request, visit: Managing, account_id: UUID, workspace_id: UUID
) -> UserShape:
    """Shut them out of a workspace, at once."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await service.remove_access(session, house.changes, visit, account, workspace_id)
        return await _shape(session, account)


@router.delete("/{account_id}", status_code=204)
async def delete_user(
    request: Request,
    visit: Managing,
    account_id: UUID,
    *,
    taker: Annotated[
        str, Query(max_length=140, description="Who takes over what they own: an account.")
    ] = "",
) -> Response:
    """Take the account away, once what it owns is somebody else's."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        owned = await owned_by(session, account.account)
    takeover = None
    if owned.all:
        takeover = await takeover_by(house, visit, account, owned.all, taker)
    async with on_account(house, visit, account_id) as (session, account):
        await service.delete_user(session, house.changes, visit, account, takeover)
    return Response(status_code=204)


async def _step(request: Request, visit: Visit, account_id: UUID, step: Step) -> UserShape:
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await step(session, house.changes, visit, account)
        return await _shape(session, account)


async def _handed_out(
    request: Request,
    session: AsyncSession,
    visit: Visit,
    account: Account,
    *,
    purpose: Purpose,
    token: str,
) -> LinkShape:
    made = await hand_out(house_of(request), session, visit, account, purpose=purpose, token=token)
    return LinkShape(is_mailed=not made.address, address=made.address or None)


async def _shape(session: AsyncSession, account: Account) -> UserShape:
    given = await session.scalars(
        select(WorkspaceAccess)
        .where(WorkspaceAccess.account_id == account.id)
        .order_by(WorkspaceAccess.workspace_id)
    )
    held: dict[str, Any] = {
        name: getattr(account, name) for name in UserShape.model_fields if name != "access"
    }
    return UserShape(**held, access=[AccessShape.model_validate(each) for each in given])
