"""Who is looking at a page of the site, and how a page is drawn for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from sandbox.conditions import Situation, all_hold
from sandbox.modules import Module, modules_of
from sandbox.permissions import Holder
from sandbox.running import Here, Sandbox
from sandbox.site import Addon, NotOnThisSiteError, Person, Project

NOTICE_COOKIE = "sandbox_notice"
THEME_COOKIE = "sandbox_theme"
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
)


class GoElsewhereError(Exception):
    """The page is not for this visit: answered with a redirect."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class NoAccessError(Exception):
    """The person may not see this page; the text says why."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page, by a person who has chosen who to be."""

    request: Request
    sandbox: Sandbox
    person: Person

    @property
    def holder(self) -> Holder:
        return Holder(self.sandbox.site, person=self.person)

    @property
    def addon(self) -> Addon | None:
        """The app, where it is installed and enabled: Jira shows no modules of a disabled one."""
        addon = self.sandbox.site.addon
        return addon if addon is not None and addon.installed and addon.enabled else None

    def modules(self, *kinds: str, project: Project | None = None) -> list[Module]:
        """The app's pages that Jira would show this person."""
        if self.addon is None:
            return []
        situation = Situation(self.holder, self.addon, project)
        return [
            module
            for module in modules_of(self.addon, *kinds)
            if all_hold(module.conditions, situation)
        ]

    def require_admin(self) -> None:
        if not self.holder.is_site_admin:
            raise NoAccessError("Only Jira administrators can open Jira administration.")

    def require_project_admin(self, project: Project) -> None:
        if not self.holder.has_in_project("ADMINISTER_PROJECTS", project):
            raise NoAccessError(f"Only people who administer {project.name} can open its settings.")

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in the site's frame; a waiting notice is shown once."""
        notice = unquote(self.request.cookies.get(NOTICE_COOKIE, ""))
        page = _templates.get_template(template).render(
            site=self.sandbox.site,
            me=self.person,
            is_admin=self.holder.is_site_admin,
            apps=self.modules("generalPages"),
            admin_apps=self.modules("adminPages") if self.holder.is_site_admin else [],
            addon=self.addon,
            here=path_of(self.request),
            path=self.request.url.path,
            theme=theme_of(self.request),
            notice=notice,
            **values,
        )
        answer = HTMLResponse(page, status)
        if notice:
            answer.delete_cookie(NOTICE_COOKIE)
        return answer

    def back_to(self, path: str, notice: str = "") -> Response:
        """After a change: look at the page again, with a word on what happened."""
        answer = RedirectResponse(self.sandbox.site.base_url + path, 303)
        if notice:
            answer.set_cookie(NOTICE_COOKIE, quote(notice), samesite="lax")
        return answer


def theme_of(request: Request) -> str:
    return "dark" if request.cookies.get(THEME_COOKIE) == "dark" else "light"


def path_of(request: Request) -> str:
    """Path and query of this request."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def local_path(path: str) -> str:
    """Only a path of this site may be gone on to."""
    parts = urlsplit(path)
    safe = path.startswith("/") and not parts.netloc and not path.startswith(("//", "/\\"))
    return path if safe else "/"


def visit_of(request: Request, sandbox: Here) -> Visit:
    """Sends on to the site's present address, and to the start page who is nobody yet."""
    account_id = request.cookies.get(sandbox.site.person_cookie)
    here = quote(path_of(request), safe="")
    if request.url.netloc != urlsplit(sandbox.site.base_url).netloc:
        known = account_id or "nobody"
        raise GoElsewhereError(f"{sandbox.site.base_url}/be/{known}?next={here}")
    person = sandbox.site.find_person(account_id)
    if person is None:
        raise GoElsewhereError(f"/?next={here}")
    return Visit(request, sandbox, person)


Visiting = Annotated[Visit, Depends(visit_of)]


def render_plain(template: str, request: Request, **values: Any) -> HTMLResponse:
    """A page for somebody who is nobody yet."""
    return HTMLResponse(_templates.get_template(template).render(theme=theme_of(request), **values))


async def answer_elsewhere(_: Request, error: Exception) -> Response:
    if not isinstance(error, GoElsewhereError):
        raise error
    return RedirectResponse(error.url, 303)


async def answer_no_access(request: Request, error: Exception) -> Response:
    visit = visit_of(request, request.app.state.sandbox)
    status = 404 if isinstance(error, NotOnThisSiteError) else 403
    return visit.render("no_access.html", status, title="No access", reason=str(error))
