"""Only our own pages may change anything: a session cookie alone proves no wish."""

from typing import ClassVar

from starlette.requests import Request

from app.errors import Problem
from connect.sites import origin_of

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class NotFromHere(Problem):
    """A form of another site, or of no page at all."""

    status: ClassVar[int] = 403
    slug: ClassVar[str] = "not-from-here"
    default_title = "This came from somewhere else"


def require_own_page(request: Request, base_url: str) -> None:
    """Raise ``NotFromHere`` for what changes things, unless a page of ``base_url`` sent it.

    Every browser in use sends at least one of both headers, and no page can set either.
    """
    if request.method in _SAFE:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    is_ours = (origin is not None or site is not None) and (
        origin in {None, origin_of(base_url)} and site in {None, "same-origin"}
    )
    if not is_ours:
        raise NotFromHere("Only our own pages can do this.", mend="Open the page and try there.")


class OwnPages:
    """The same as a dependency, for a program or router of its own."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def __call__(self, request: Request) -> None:
        require_own_page(request, self._base_url)
