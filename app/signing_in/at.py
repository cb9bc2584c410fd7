"""The instance at whose address somebody signs in, and what stands before every form of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.errors import NotFound
from app.house import house_of
from app.instances.facts import InstanceFacts
from app.signing_in import halfway
from app.signing_in.cookies import give_cookie, take_cookie
from app.signing_in.origin import require_own_page
from app.signing_in.sessions import COOKIE, named_by

LAST_COOKIE = "__Host-getint-instance"
_REMEMBERED_S = 400 * 86_400


async def from_our_pages(request: Request) -> None:
    """Raise ``NotFromHere`` for a form of another site: also who signs in is their own wish."""
    require_own_page(request, house_of(request).settings.app_base_url)


async def _facts(request: Request, instance_id: str) -> InstanceFacts:
    try:
        facts = await house_of(request).directory.of_instance(UUID(instance_id))
    except ValueError:
        facts = None
    if facts is None:
        raise NotFound(
            "Nobody signs in at this address.",
            mend="Look into your invitation for the right one.",
        )
    return facts


AtInstance = Annotated[InstanceFacts, Depends(_facts)]


async def signed_in(request: Request, facts: InstanceFacts, cookie: str) -> Response:
    """Into the app. The session that was there before ends: nobody keeps one that was planted."""
    house = house_of(request)
    if before := named_by(request.cookies.get(COOKIE, "")):
        await house.sessions.end(before)
    answer = RedirectResponse("/", 303)
    give_cookie(answer, COOKIE, cookie)
    give_cookie(answer, LAST_COOKIE, str(facts.instance_id), lasts_s=_REMEMBERED_S)
    take_cookie(answer, halfway.COOKIE)
    return answer
