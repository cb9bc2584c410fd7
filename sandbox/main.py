"""The program: `uvicorn --factory sandbox.main:app --port 2990`."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox import assets, control
from sandbox.descriptor import InstallFailedError
from sandbox.faults import FaultMiddleware
from sandbox.pages import apps, frames, start
from sandbox.pages import issues as issue_pages
from sandbox.pages import projects as project_pages
from sandbox.pages import users as user_pages
from sandbox.pages.visit import (
    GoElsewhereError,
    NoAccessError,
    answer_elsewhere,
    answer_no_access,
)
from sandbox.rest import (
    attachments,
    catalogue,
    comments,
    groups,
    issue_properties,
    issue_search,
    issues,
    permissions,
    projects,
    remote_links,
    system,
    transitions,
    users,
    webhooks,
)
from sandbox.rest.errors import JiraError, answer_invalid_request, answer_jira_error
from sandbox.rest.meter import Meter
from sandbox.running import Sandbox
from sandbox.seed_issues import seed_first_site
from sandbox.seed_other import fresh_other_site, seed_other_site
from sandbox.site import NotOnThisSiteError, SiteState
from sandbox.storage import open_issues, open_site

API_VERSIONS = ("3", "2", "latest")
# Version 2 of these would speak of wiki text, which this site does not.
ISSUE_PARTS = (
    catalogue,
    issues,
    issue_search,
    transitions,
    comments,
    attachments,
    issue_properties,
    remote_links,
    webhooks,
)
PAGES = (control, assets, start, apps, frames, project_pages, issue_pages, user_pages)
INSTALL_PAUSE = 1.0


def create_app(
    state: SiteState,
    *,
    app_http: httpx.AsyncClient,
    base_url: str | None = None,
    install_from: str | None = None,
    close_http: bool = False,
    on_close: Callable[[], None] | None = None,
) -> FastAPI:
    """One site as an ASGI program; its parts are at `app.state.sandbox`.

    `app_http` carries what the site says to the app (in tests: an httpx.ASGITransport of it).
    `base_url`, where given, is the site's address from now on. `install_from` is a descriptor
    that is installed (or told again) as soon as the app answers, when the program has a lifespan.
    `close_http`: the client ends with the program; `on_close` is called then.
    """
    if base_url is not None:
        state.base_url = base_url.rstrip("/")
    sandbox = Sandbox.of(state, app_http)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        installing = asyncio.create_task(keep_installing(sandbox, install_from))
        yield
        installing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await installing
        await sandbox.webhooks.close()
        if on_close is not None:
            on_close()
        if close_http:
            await app_http.aclose()

    app = FastAPI(title="A local Jira Cloud site", lifespan=lifespan, openapi_url=None)
    app.state.sandbox = sandbox
    app.router.routes.extend(_routes())
    for error, answer in ERROR_ANSWERS.items():
        app.add_exception_handler(error, answer)
    app.add_middleware(FaultMiddleware, faults=sandbox.faults)
    app.add_middleware(Meter, sandbox=sandbox)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """Those of every site. FastAPI works each out at its first request, so once for all sites."""
    together = APIRouter()
    for router, prefix in _routers():
        together.include_router(router, prefix=prefix)
    return together.routes


def _routers() -> Iterator[tuple[APIRouter, str]]:
    """Each with the path that it is found under."""
    for version in API_VERSIONS:
        for part in (users, groups, permissions, projects, system):
            yield part.router, f"/rest/api/{version}"
    for part in ISSUE_PARTS:
        yield part.router, "/rest/api/3"
    for router in (system.site_router, webhooks.site_router, attachments.media_router):
        yield router, ""
    for page in PAGES:
        yield page.router, ""


async def keep_installing(sandbox: Sandbox, descriptor_url: str | None) -> None:
    """Try until the app answers; an app that is known is told again, for it may have forgotten."""
    while descriptor_url is not None:
        try:
            addon = sandbox.site.addon
            if addon is not None and addon.installed and addon.descriptor_url == descriptor_url:
                await sandbox.host.upgrade()
            else:
                await sandbox.host.install(descriptor_url)
        except InstallFailedError:
            await asyncio.sleep(INSTALL_PAUSE)
        else:
            return


async def _answer_refused(request: Request, error: Exception) -> Response:
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        "/sandbox/api"
    ):
        return await answer_no_access(request, error)
    status = {NotOnThisSiteError: 404, InstallFailedError: 502}.get(type(error), 400)
    return JSONResponse({"error": str(error)}, status)


ERROR_ANSWERS = {
    GoElsewhereError: answer_elsewhere,
    NoAccessError: answer_no_access,
    JiraError: answer_jira_error,
    RequestValidationError: answer_invalid_request,
    NotOnThisSiteError: _answer_refused,
    ValueError: _answer_refused,
    InstallFailedError: _answer_refused,
}


def app() -> FastAPI:
    """The site of SANDBOX_STATE at SANDBOX_BASE_URL, with the app of SANDBOX_INSTALL."""
    base_url = os.environ.get("SANDBOX_BASE_URL", "http://localhost:2990")
    path = Path(os.environ.get("SANDBOX_STATE", "var/sandbox/state.json"))
    state = open_site(path, base_url)
    return create_app(
        state,
        app_http=httpx.AsyncClient(),
        install_from=os.environ.get("SANDBOX_INSTALL"),
        close_http=True,
        on_close=open_issues(path, state, seed_first_site),
    )


def other_app() -> FastAPI:
    """A second site without any app, of OTHER_JIRA_STATE at OTHER_JIRA_BASE_URL.

    It is reached with an e-mail and an API token: `seed_other.OLGA_EMAIL` and `OLGA_TOKEN`.
    """
    base_url = os.environ.get("OTHER_JIRA_BASE_URL", "http://localhost:2991")
    path = Path(os.environ.get("OTHER_JIRA_STATE", "var/sandbox/other-jira.json"))
    state = open_site(path, base_url, fresh_other_site)
    return create_app(
        state,
        app_http=httpx.AsyncClient(),
        close_http=True,
        on_close=open_issues(path, state, seed_other_site),
    )
