"""The start page, and becoming one of the five people."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from sandbox.pages.visit import NOTICE_COOKIE, local_path, render_plain, visit_of
from sandbox.running import Here

router = APIRouter()


@router.get("/")
def start(request: Request, sandbox: Here, next: str = "/") -> Response:  # noqa: A002 - as in links
    """Everybody who can be tried, and where each of them should look."""
    known = sandbox.site.find_person(request.cookies.get(sandbox.site.person_cookie))
    at_home = request.url.netloc == urlsplit(sandbox.site.base_url).netloc
    if known is not None and at_home:
        visit = visit_of(request, sandbox)
        return visit.render("start.html", title="Welcome", next=local_path(next))
    return render_plain(
        "welcome.html", request, title="Who are you?", site=sandbox.site, next=local_path(next)
    )


@router.get("/be/{account_id}")
def become(sandbox: Here, account_id: str, next: str = "/") -> Response:  # noqa: A002
    """One click, no password: this is a sandbox."""
    answer = RedirectResponse(local_path(next), 303)
    answer.delete_cookie(NOTICE_COOKIE)
    if sandbox.site.find_person(account_id) is None:
        answer.delete_cookie(sandbox.site.person_cookie)
    else:
        answer.set_cookie(sandbox.site.person_cookie, account_id, httponly=True, samesite="lax")
    return answer
