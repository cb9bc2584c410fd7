"""Shows content to an agent: the whole page, or for htmx the piece that changed."""

from functools import lru_cache

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.support.console.sessions import SignedIn
from app.web.pages import NavItem, Shell, document, fragment

BRAND = "Getint Support"


def show(
    request: Request, agent: SignedIn, main: Markup, *, active: str, title: str
) -> HTMLResponse:
    """Answer with ``main``; ``active`` is the key of the menu entry it belongs to."""
    if "hx-request" in request.headers:
        return fragment(main)
    # Nothing of a customer outlives the answer: access may end at any moment.
    return document(_shell(agent.name, active=active, title=title), main, keep=False)


@lru_cache(512)
def _shell(name: str, *, active: str, title: str) -> Shell:
    return Shell(
        nav=(
            NavItem("find", "Find an instance", "/", "search"),
            NavItem("ask", "Ask for access", "/requests/new", "lock"),
        ),
        bottom=(NavItem("account", name, "/account", "people", dialog=True),),
        active=active,
        title=title,
        ap_js_url=None,
        brand=BRAND,
    )
