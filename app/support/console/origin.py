"""Only pages of the console itself may change anything: a session cookie alone proves no wish."""

from typing import ClassVar

from starlette.requests import Request

from app.errors import Problem
from app.support.console.parts import console_of
from app.web.headers import origin_of

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class NotFromHere(Problem):
    """A form of another site, or of no page at all."""

    status: ClassVar[int] = 403
    slug: ClassVar[str] = "not-from-here"
    default_title = "This came from somewhere else"


async def require_own_page(request: Request) -> None:
    """Raise ``NotFromHere`` for what changes things, unless a page of ours sent it.

    Every browser in use sends at least one of both headers, and no page can set either.
    """
    if request.method in _SAFE:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    ours = origin_of(console_of(request).settings.support_base_url)
    is_ours = (origin is not None or site is not None) and (
        origin in {None, ours} and site in {None, "same-origin"}
    )
    if not is_ours:
        raise NotFromHere(
            "Only the console's own pages can do this.", mend="Open the console and try there."
        )
