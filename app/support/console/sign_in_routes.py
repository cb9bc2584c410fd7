"""Signing in and out. The pages work without scripts."""

from typing import Annotated

import structlog
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotFound, TooMany
from app.signing_in.attempts import place_of
from app.signing_in.cookies import give_cookie, take_cookie
from app.signing_in.provider import LASTS_S, IdentityProvider, NotVouchedFor
from app.support.console.guard import Agent
from app.support.console.parts import CALLBACK, Console, console_of
from app.support.console.sessions import COOKIE
from app.sync.rules import storable
from app.web.forms import filled, takes_form
from app.web.templates import render

PAGE = "/sign-in"
BEGUN_COOKIE = "__Host-getint-support-begun"
WRONG = "E-mail address, password or code is wrong."
NOT_AN_AGENT = "That worked, but you have no active account of support here. Ask your operator."
NOT_PROVEN = "That did not prove who you are. Begin again."
_log = structlog.stdlib.get_logger("app.support.console")
router = APIRouter(tags=["sign-in"], default_response_class=HTMLResponse)


class SignInForm(BaseModel):
    """What an agent enters."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: Annotated[
        str, Field(title="E-mail address", min_length=1, max_length=254), AfterValidator(storable)
    ]
    password: Annotated[SecretStr, Field(title="Password", min_length=1, max_length=200)]
    code: Annotated[SecretStr, Field(title="Code", min_length=1, max_length=20)]


@router.get(PAGE)
async def sign_in_page(request: Request) -> HTMLResponse:
    """The two ways in."""
    return _page(console_of(request))


@router.post(PAGE, openapi_extra=takes_form(SignInForm))
async def sign_in(request: Request) -> Response:
    """With e-mail address, password and code."""
    console = console_of(request)
    entered = await filled(request, SignInForm)
    email = entered.values.get("email", "")
    if entered.form is None:
        return _page(console, email, WRONG, status=422)
    try:
        token = await console.signing_in.with_password(
            entered.form.email,
            entered.form.password.get_secret_value(),
            entered.form.code.get_secret_value(),
            place_of(request),
        )
    except TooMany as problem:
        words = f"{problem.detail} {problem.mend}"
        answer = _page(console, email, words, status=problem.status)
        answer.headers["Retry-After"] = str(problem.retry_after)
        return answer
    if token is None:
        return _page(console, email, WRONG, status=422)
    return await _signed_in(request, console, token)


@router.get("/sign-in/provider")
async def go_to_the_provider(request: Request) -> Response:
    """Send the browser to the vendor's identity provider."""
    address, begun = await _provider(console_of(request)).begin()
    answer = RedirectResponse(address, 303)
    give_cookie(answer, BEGUN_COOKIE, begun, lasts_s=LASTS_S)
    return answer


@router.get(CALLBACK)
async def back_from_the_provider(request: Request) -> Response:
    """With what the provider says of somebody; each answer counts for one try."""
    console = console_of(request)
    provider = _provider(console)
    try:
        begun = request.cookies.get(BEGUN_COOKIE, "")
        identity = await provider.complete(dict(request.query_params), begun)
    except NotVouchedFor as problem:
        _log.info("sign-in at the provider failed", why=str(problem))
        return _without_begun(_page(console, "", NOT_PROVEN, status=422))
    token = await console.signing_in.with_identity(identity)
    if token is None:
        _log.info("sign-in at the provider was of nobody here")
        return _without_begun(_page(console, "", NOT_AN_AGENT, status=422))
    return _without_begun(await _signed_in(request, console, token))


@router.post("/sign-out")
async def sign_out(request: Request, _agent: Agent) -> Response:
    """End the session."""
    await console_of(request).sessions.end(request.cookies[COOKIE])
    answer = RedirectResponse(PAGE, 303)
    take_cookie(answer, COOKIE)
    return answer


async def _signed_in(request: Request, console: Console, token: str) -> Response:
    """The session that was there before ends: nobody keeps one that was put into their browser."""
    if before := request.cookies.get(COOKIE):
        await console.sessions.end(before)
    answer = RedirectResponse("/", 303)
    give_cookie(answer, COOKIE, token)
    return answer


def _page(console: Console, email: str = "", wrong: str = "", *, status: int = 200) -> HTMLResponse:
    html = render(
        "support/console/sign_in.html",
        email=email,
        wrong=wrong,
        provider=console.settings.support_oidc_name if console.provider else "",
    )
    return HTMLResponse(html, status)


def _provider(console: Console) -> IdentityProvider:
    if console.provider is None:
        raise NotFound
    return console.provider


def _without_begun(answer: Response) -> Response:
    take_cookie(answer, BEGUN_COOKIE)
    return answer
