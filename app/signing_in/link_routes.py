"""Setting a password with a one-time link, and asking for such a link."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import select
from starlette.background import BackgroundTask
from starlette.requests import Request

from app.administration.emails import key_of
from app.administration.links import WELCOME, account_of_link, instance_of, new_link, use_link
from app.administration.mail import MailServer
from app.administration.mailing import mail_link
from app.administration.models import Account
from app.encryption import digest
from app.errors import TooMany
from app.house import House, house_of
from app.instances.facts import InstanceFacts
from app.signing_in import passwords
from app.signing_in.at import AtInstance, from_our_pages
from app.signing_in.attempts import place_of
from app.signing_in.noting import note
from app.signing_in.pages import SIGN_IN, page, with_retry
from app.signing_in.sessions import end_sessions_of
from app.sync.rules import storable
from app.web.forms import filled, takes_form

NOT_GOOD = "It was used already, a newer one was made, or its time is over. Ask for another one."
_log = structlog.stdlib.get_logger("app.signing_in")
router = APIRouter(
    tags=["sign-in"],
    default_response_class=HTMLResponse,
    dependencies=[Depends(from_our_pages)],
)


class LinkForm(BaseModel):
    """The secret of a link."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class NewPasswordForm(LinkForm):
    """The same with the password to set; the name is for password managers alone."""

    username: str = Field("", max_length=254)
    password: Annotated[SecretStr, Field(title="Password", min_length=1, max_length=200)]


class ForgottenForm(BaseModel):
    """Whose password was forgotten."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[
        str, Field(title="E-mail address", min_length=1, max_length=254), AfterValidator(storable)
    ]


@router.get(WELCOME)
async def welcome() -> HTMLResponse:
    """Where a link leads; only the browser knows which one it is."""
    return _welcome()


@router.post(f"{WELCOME}/link", openapi_extra=takes_form(LinkForm))
async def open_link(request: Request) -> HTMLResponse:
    """Greet whoever has the link, and ask for a password."""
    entered = await filled(request, LinkForm)
    token = entered.form.token.get_secret_value() if entered.form else ""
    house = house_of(request)
    try:
        facts = await _counted(house, request, token)
    except TooMany as problem:
        return with_retry(_welcome(wrong=f"{problem.detail} {problem.mend}"), problem)
    account = None
    if facts is not None:
        async with house.database.of_instance(facts.instance_id) as session:
            account = await account_of_link(session, token)
    if account is None:
        return _welcome(wrong=NOT_GOOD, status=422)
    return _welcome(facts, account=account, token=token)


@router.post(WELCOME, openapi_extra=takes_form(NewPasswordForm))
async def set_password(request: Request) -> HTMLResponse:
    """Set it, once; every session of the account ends."""
    house = house_of(request)
    entered = await filled(request, NewPasswordForm)
    if (form := entered.form) is None:
        return _welcome(wrong=NOT_GOOD, status=422)
    token, password = form.token.get_secret_value(), form.password.get_secret_value()
    try:
        facts = await _counted(house, request, token)
    except TooMany as problem:
        return with_retry(_welcome(wrong=f"{problem.detail} {problem.mend}"), problem)
    if facts is None:
        return _welcome(wrong=NOT_GOOD, status=422)
    async with house.database.of_instance(facts.instance_id) as session:
        account = await account_of_link(session, token)
    if account is None:
        return _welcome(wrong=NOT_GOOD, status=422)
    if wrong := await passwords.why_not(password, (account.name, account.email)):
        return _welcome(facts, account=account, token=token, wrong=wrong, status=422)
    return await _used(house, facts, token, await passwords.hashed(password))


@router.get(f"{SIGN_IN}/{{instance_id}}/forgotten")
async def forgotten_page(request: Request, facts: AtInstance) -> HTMLResponse:
    """Asks for the address."""
    return _forgotten(request, facts)


@router.post(f"{SIGN_IN}/{{instance_id}}/forgotten", openapi_extra=takes_form(ForgottenForm))
async def send_link(request: Request, facts: AtInstance) -> HTMLResponse:
    """Say that a link is on its way; whether there is such an account is looked up afterwards."""
    house = house_of(request)
    entered = await filled(request, ForgottenForm)
    if entered.form is None or MailServer.of(house.settings) is None:
        return _forgotten(request, facts, email=entered.values.get("email", ""), status=422)
    email = entered.form.email
    key = key_of(email)
    who = f"{facts.instance_id.hex}\x1f{key or email.strip().lower()}"
    try:
        await house.attempts.count("forgotten", who, place_of(request))
    except TooMany as problem:
        words = "It was asked for too often. Wait a quarter of an hour, then try again."
        return with_retry(_forgotten(request, facts, email=email, wrong=words), problem)
    answer = _forgotten(request, facts, is_sent=True)
    answer.background = BackgroundTask(_send, house, facts, key or "")
    return answer


async def _counted(house: House, request: Request, token: str) -> InstanceFacts | None:
    """The instance that a link names, after its use was counted; ``TooMany``."""
    await house.attempts.count("link", digest(token).hex(), place_of(request))
    named = instance_of(token)
    return await house.directory.of_instance(named) if named else None


async def _used(house: House, facts: InstanceFacts, token: str, hashed: str) -> HTMLResponse:
    async with house.database.of_instance(facts.instance_id) as session:
        account = await use_link(session, token)
        if account is None:  # somebody was faster
            return _welcome(wrong=NOT_GOOD, status=422)
        account.password_hash = hashed
        await end_sessions_of(session, account.id)
        note(session, account, "password set", how="with a link")
        await house.changes.announce(session, facts.instance_id)
    return _welcome(facts, account=account, done=True)


async def _send(house: House, facts: InstanceFacts, key: str) -> None:
    try:
        async with house.database.of_instance(facts.instance_id) as session:
            account = await session.scalar(
                select(Account).where(Account.email_key == key, Account.enabled)
            )
            if account is not None:
                token = await new_link(session, account, "reset")
                await mail_link(session, facts, account, "reset", token)
    except Exception as error:
        _log.warning("no link sent", kind=type(error).__name__, instance=facts.instance_id)


def _welcome(
    facts: InstanceFacts | None = None,
    *,
    account: Account | None = None,
    token: str = "",
    wrong: str = "",
    done: bool = False,
    status: int = 200,
) -> HTMLResponse:
    return page(
        "welcome",
        facts,
        name=account.name if account else "",
        email=account.email if account else "",
        enabled=account is not None and account.enabled,
        token=token,
        wrong=wrong,
        done=done,
        status=status,
    )


def _forgotten(
    request: Request,
    facts: InstanceFacts,
    *,
    email: str = "",
    wrong: str = "",
    is_sent: bool = False,
    status: int = 200,
) -> HTMLResponse:
    sends = MailServer.of(house_of(request).settings) is not None
    return page(
        "forgotten", facts, email=email, wrong=wrong, is_sent=is_sent, sends=sends, status=status
    )
