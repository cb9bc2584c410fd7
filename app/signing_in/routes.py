"""Signing in and out with an account. The pages work without scripts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from app.errors import TooMany
from app.house import House, house_of
from app.instances.facts import InstanceFacts
from app.signing_in import halfway
from app.signing_in.accounts import Next, Proven
from app.signing_in.at import LAST_COOKIE, AtInstance, from_our_pages, signed_in
from app.signing_in.attempts import place_of
from app.signing_in.cookies import give_cookie, take_cookie
from app.signing_in.halfway import Halfway
from app.signing_in.pages import SIGN_IN, base_of, offered, page, with_retry
from app.signing_in.sessions import COOKIE, named_by
from app.signing_in.totp import new_secret
from app.sync.rules import storable
from app.web.forms import filled, takes_form

WRONG = "E-mail address or password is wrong, or the account is not enabled."
WRONG_CODE = "The code is wrong, or was used already. Wait for the next one."
NO_ID = "An Instance ID looks like 3f2b8c1e-5d4a-4c6b-9e7f-0a1b2c3d4e5f."
router = APIRouter(
    tags=["sign-in"],
    default_response_class=HTMLResponse,
    dependencies=[Depends(from_our_pages)],
)


class PasswordForm(BaseModel):
    """What somebody says they are, and what proves it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: Annotated[
        str, Field(title="E-mail address", min_length=1, max_length=254), AfterValidator(storable)
    ]
    password: Annotated[SecretStr, Field(title="Password", min_length=1, max_length=200)]


class CodeForm(BaseModel):
    """The second factor."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Annotated[SecretStr, Field(title="Code", min_length=1, max_length=20)]


@router.get(SIGN_IN)
async def where(request: Request, *, instance: str = "") -> Response:
    """On to where this browser signed in last, or to the only place there is; else it asks."""
    last = instance.strip() or request.cookies.get(LAST_COOKIE, "")
    try:
        found = UUID(last) if last else await house_of(request).directory.only_one()
    except ValueError:
        found = None
    if found is not None:
        return RedirectResponse(f"{SIGN_IN}/{found}", 303)
    return page("where", instance=instance[:100], wrong=NO_ID if instance.strip() else "")


@router.get(f"{SIGN_IN}/{{instance_id}}")
async def sign_in_page(facts: AtInstance) -> HTMLResponse:
    """The ways in."""
    return _sign_in_page(facts)


@router.post(f"{SIGN_IN}/{{instance_id}}", openapi_extra=takes_form(PasswordForm))
async def sign_in(request: Request, facts: AtInstance) -> Response:
    """With e-mail address and password; then what else is asked of them."""
    house = house_of(request)
    entered = await filled(request, PasswordForm)
    email = entered.values.get("email", "")
    if (form := entered.form) is None:
        return _sign_in_page(facts, email, WRONG, status=422)
    try:
        proven = await house.signing_in.with_password(
            facts, form.email, form.password.get_secret_value(), place_of(request)
        )
    except TooMany as problem:
        words = f"{problem.detail} {problem.mend}"
        return with_retry(_sign_in_page(facts, email, words), problem)
    if proven is None:
        return _sign_in_page(facts, email, WRONG, status=422)
    return await _go_on(request, house, facts, proven)


@router.get(f"{SIGN_IN}/{{instance_id}}/code")
async def code_page(request: Request, facts: AtInstance) -> Response:
    """Asks for the code of whoever gave the right password."""
    return page("code", facts) if _halfway(request, facts) else _anew(facts)


@router.get(f"{SIGN_IN}/{{instance_id}}/second-factor")
async def second_factor_page(request: Request, facts: AtInstance) -> Response:
    """What has to be set up before anything else, where an administrator asks for it."""
    at = _halfway(request, facts)
    return await _second_factor(request, facts, at) if at and at.secret else _anew(facts)


@router.post(f"{SIGN_IN}/{{instance_id}}/code", openapi_extra=takes_form(CodeForm))
async def enter_code(request: Request, facts: AtInstance) -> Response:
    """With the code of an authenticator."""
    return await _with_code(request, facts)


@router.post(f"{SIGN_IN}/{{instance_id}}/second-factor", openapi_extra=takes_form(CodeForm))
async def set_up_second_factor(request: Request, facts: AtInstance) -> Response:
    """With the first code of a new authenticator."""
    return await _with_code(request, facts)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, on the server as well; harmless without one."""
    named = named_by(request.cookies.get(COOKIE, ""))
    if named is not None:
        await house_of(request).sessions.end(named)
    answer = RedirectResponse(SIGN_IN, 303)
    take_cookie(answer, COOKIE)
    return answer


async def _go_on(request: Request, house: House, facts: InstanceFacts, proven: Proven) -> Response:
    account, what = proven
    if what is Next.NOTHING:
        cookie = await house.signing_in.begin(facts, account)
        if cookie is None:
            return _sign_in_page(facts, account.email, WRONG, status=422)
        return await signed_in(request, facts, cookie)
    is_new = what is Next.SECOND_FACTOR
    answer = RedirectResponse(f"{base_of(facts)}/{'second-factor' if is_new else 'code'}", 303)
    carried = halfway.sealed(facts, account, new_secret() if is_new else "")
    give_cookie(answer, halfway.COOKIE, carried, lasts_s=halfway.LASTS_S)
    return answer


async def _with_code(request: Request, facts: InstanceFacts) -> Response:
    at = _halfway(request, facts)
    if at is None:
        return _anew(facts)
    entered = await filled(request, CodeForm)
    code = entered.form.code.get_secret_value() if entered.form else ""
    try:
        cookie = await house_of(request).signing_in.with_code(facts, at, code, place_of(request))
    except TooMany as problem:
        words = f"{problem.detail} {problem.mend}"
        return with_retry(await _code_again(request, facts, at, words), problem)
    if cookie is None:
        return await _code_again(request, facts, at, WRONG_CODE)
    return await signed_in(request, facts, cookie)


async def _code_again(
    request: Request, facts: InstanceFacts, at: Halfway, wrong: str
) -> HTMLResponse:
    if at.secret:
        return await _second_factor(request, facts, at, wrong, status=422)
    return page("code", facts, wrong=wrong, status=422)


async def _second_factor(
    request: Request, facts: InstanceFacts, at: Halfway, wrong: str = "", *, status: int = 200
) -> HTMLResponse:
    names = await house_of(request).accounts.names(facts.instance_id, [at.id])
    label = names.get(at.id, "")
    return page(
        "second_factor", facts, offered=offered(at.secret, label), wrong=wrong, status=status
    )


def _halfway(request: Request, facts: InstanceFacts) -> Halfway | None:
    return halfway.opened(facts, request.cookies.get(halfway.COOKIE, ""))


def _anew(facts: InstanceFacts) -> Response:
    """Back to the beginning: nobody gave a password here, or too long ago."""
    return RedirectResponse(base_of(facts), 303)


def _sign_in_page(
    facts: InstanceFacts, email: str = "", wrong: str = "", *, status: int = 200
) -> HTMLResponse:
    provider = facts.provider.name if facts.provider else ""
    return page("sign_in", facts, email=email, wrong=wrong, provider=provider, status=status)
