"""Signing in at the customer's own identity provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import Request
from starlette.responses import Response

from app.errors import CannotTell, NotFound
from app.house import House, house_of
from app.instances.facts import InstanceFacts
from app.signing_in.at import AtInstance, signed_in
from app.signing_in.attempts import place_of
from app.signing_in.cookies import give_cookie, take_cookie
from app.signing_in.pages import SIGN_IN, base_of, page
from app.signing_in.provider import LASTS_S, Client, IdentityProvider, NotVouchedFor
from app.tools.addresses import AddressRefused

BEGUN_COOKIE = "__Host-getint-begun"
NOT_PROVEN = "That did not prove who you are. Begin again."
NOBODY_HERE = (
    "That worked, but there is no enabled account here with your e-mail address. Ask an "
    "administrator of Getint."
)
_log = structlog.stdlib.get_logger("app.signing_in")
_BEGUN_AT_MOST = 200  # in a quarter of an hour: a whole office that begins its day
router = APIRouter(tags=["sign-in"], default_response_class=HTMLResponse)


@router.get(f"{SIGN_IN}/{{instance_id}}/provider")
async def go_to_the_provider(request: Request, facts: AtInstance) -> Response:
    """Send the browser to the provider."""
    house = house_of(request)
    # Whoever goes there without end would have us ask the provider without end.
    await house.attempts.count_place("provider", place_of(request), _BEGUN_AT_MOST)
    async with provider_of(house, facts) as provider:
        address, begun = await provider.begin()
    answer = RedirectResponse(address, 303)
    give_cookie(answer, BEGUN_COOKIE, begun, lasts_s=LASTS_S)
    return answer


@router.get(f"{SIGN_IN}/{{instance_id}}/provider/back")
async def back_from_the_provider(request: Request, facts: AtInstance) -> Response:
    """With what the provider says of somebody; each answer counts for one try."""
    house = house_of(request)
    try:
        async with provider_of(house, facts) as provider:
            identity = await provider.complete(
                dict(request.query_params), request.cookies.get(BEGUN_COOKIE, "")
            )
    except NotVouchedFor as problem:
        _log.info("sign-in at the provider failed", why=str(problem), instance=facts.instance_id)
        return _not_signed_in(facts, NOT_PROVEN)
    cookie = await house.signing_in.with_identity(facts, identity)
    if cookie is None:
        _log.info("sign-in at the provider was of nobody here", instance=facts.instance_id)
        return _not_signed_in(facts, NOBODY_HERE)
    return _without_begun(await signed_in(request, facts, cookie))


@asynccontextmanager
async def provider_of(house: House, facts: InstanceFacts) -> AsyncIterator[IdentityProvider]:
    """Reached only where the rule for tools allows: its address was entered by a customer."""
    if facts.provider is None:
        raise NotFound
    client = Client(
        issuer=facts.provider.issuer,
        id=facts.provider.client_id,
        secret=facts.provider.client_secret,
        redirect_uri=redirect_address(house.settings.app_base_url, facts),
    )
    async with house.tool_client() as http:
        try:
            yield IdentityProvider(client, facts.key, http)
        except AddressRefused as refused:
            raise CannotTell(f"The identity provider cannot be used. {refused}") from None


def redirect_address(app_base_url: str, facts: InstanceFacts) -> str:
    """What has to be registered at the provider."""
    return f"{app_base_url}{base_of(facts)}/provider/back"


def _not_signed_in(facts: InstanceFacts, wrong: str) -> Response:
    assert facts.provider is not None  # noqa: S101 - it was asked
    name = facts.provider.name
    return _without_begun(page("sign_in", facts, email="", wrong=wrong, provider=name, status=422))


def _without_begun(answer: Response) -> Response:
    take_cookie(answer, BEGUN_COOKIE)
    return answer
