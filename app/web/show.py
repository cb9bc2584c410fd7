"""Shows content to a visitor: the whole page where Jira frames it, else the piece that changed."""

from functools import lru_cache

from fastapi import Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from app.access import Action
from app.house import House, house_of
from app.identity.visit import Proof, Visit
from app.identity.workspaces import open_to
from app.web.pages import Banner, NavItem, Shell, document, fragment
from connect import LicenceState

VERSION = "0.1.0"

_WORK = (
    NavItem("integrations", "Integrations", "/integrations", "integrations", area="work"),
    NavItem("connections", "Connections", "/connections", "link", area="work"),
    NavItem("reporting", "Reporting", "/runs", "reporting", area="work"),
)
_ADMINISTRATION = (
    NavItem("back", "Back to Getint", "/integrations", "arrow-left", area="administration"),
    NavItem("users", "Users", "/administration/users", "people", area="administration"),
    NavItem(
        "workspaces", "Workspaces", "/administration/workspaces", "grid", area="administration"
    ),
    NavItem("sign-in", "Sign-in", "/administration/sign-in", "lock", area="administration"),
    NavItem("tokens", "Access tokens", "/administration/tokens", "key", area="administration"),
)
_LICENCE_BANNERS = {
    LicenceState.NONE: Banner(
        "warning",
        "Getint has no licence here",
        "Everything stays readable. To create, change or run, a Jira administrator can start a "
        "trial or subscribe under Manage apps.",
    ),
    LicenceState.LAPSED: Banner(
        "warning",
        "The licence of Getint has ended",
        "Everything stays readable and can be exported. A Jira administrator can renew it under "
        "Manage apps.",
    ),
    LicenceState.UNKNOWN: Banner(
        "info",
        "Getint is read-only for the moment",
        "Atlassian has not confirmed the licence for more than a day. This clears by itself.",
    ),
}


def show(request: Request, visit: Visit, main: Markup, *, active: str, title: str) -> HTMLResponse:
    """Answer with ``main``; ``active`` is the key of the menu entry it belongs to."""
    if visit.proof is Proof.CONTEXT or "hx-request" in request.headers:
        return fragment(main)
    house = house_of(request)
    return document(shell_of(house, visit, active=active, title=title), main)


def shell_of(house: House, visit: Visit, *, active: str, title: str) -> Shell:
    """The menu and the banner as this visitor sees them."""
    settings = visit.can(Action.BIND_GROUPS)
    return _shell(
        None if settings else settings.reason_text,
        visit.licence,
        house.settings.ap_js_url if visit.proof is Proof.PAGE else None,
        _workspace_name(visit),
        active=active,
        title=title,
        administers=bool(visit.can(Action.MANAGE_USERS)),
    )


def _workspace_name(visit: Visit) -> str:
    """Said where there is more than one to be in."""
    if visit.project is not None or len(open_to(visit.facts, visit.caller)) < 2:
        return ""
    return visit.facts.workspaces[visit.workspace_id].name


@lru_cache(512)
def _shell(
    settings_off: str | None,
    licence: LicenceState,
    ap_js_url: str | None,
    workspace: str,
    *,
    active: str,
    title: str,
    administers: bool,
) -> Shell:
    """One for all who see the same."""
    return Shell(
        nav=(*_WORK, *(_ADMINISTRATION if administers else ())),
        bottom=(
            NavItem("settings", "Settings", "/settings/access", "gear", settings_off, area="work"),
            NavItem("account", "Account", "/account/menu", "account", dialog=True),
            NavItem("help", "Help", "/help", "question", dialog=True),
        ),
        active=active,
        title=title,
        ap_js_url=ap_js_url,
        workspace=workspace,
        banner=_LICENCE_BANNERS.get(licence),
    )
