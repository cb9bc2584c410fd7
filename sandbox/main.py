"""The program: `uvicorn --factory sandbox.main:app --port 2990`."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from sandbox import assets, control
from sandbox.descriptor import InstallFailedError
from sandbox.faults import FaultMiddleware
from sandbox.pages import apps, frames, start
from sandbox.pages import projects as project_pages
from sandbox.pages import users as user_pages
from sandbox.pages.visit import (
    GoElsewhereError,
    NoAccessError,
    answer_elsewhere,
    answer_no_access,
)
from sandbox.rest import groups, permissions, projects, system, users
from sandbox.rest.errors import JiraError, answer_invalid_request, answer_jira_error
from sandbox.rest.meter import Meter
from sandbox.running import Sandbox
from sandbox.site import NotOnThisSiteError, SiteState
from sandbox.storage import open_site

API_VERSIONS = ("3", "2", "latest")
INSTALL_PAUSE = 1.0


def create_app(
    state: SiteState,
    *,
    app_http: httpx.AsyncClient,
    base_url: str | None = None,
    install_from: str | None = None,
    close_http: bool = False,
) -> FastAPI:
    """One site as an ASGI program; its parts are at `app.state.sandbox`.

    `app_http` carries what the site says to the app (in tests: an httpx.ASGITransport of it).
    `base_url`, where given, is the site's address from now on. `install_from` is a descriptor
    that is installed (or told again) as soon as the app answers, when the program has a lifespan.
    `close_http`: the client ends with the program.
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
        if close_http:
            await app_http.aclose()

    app = FastAPI(title="A local Jira Cloud site", lifespan=lifespan, openapi_url=None)
    app.state.sandbox = sandbox
    for version in API_VERSIONS:
        for part in (users, groups, permissions, projects, system):
            app.include_router(part.router, prefix=f"/rest/api/{version}")
    app.include_router(system.site_router)
    for each in (control, assets, start, apps, frames, project_pages, user_pages):
        app.include_router(each.router)
    app.add_exception_handler(GoElsewhereError, answer_elsewhere)
    app.add_exception_handler(NoAccessError, answer_no_access)
    app.add_exception_handler(JiraError, answer_jira_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    app.add_exception_handler(NotOnThisSiteError, _answer_refused)
    app.add_exception_handler(ValueError, _answer_refused)
    app.add_exception_handler(InstallFailedError, _answer_refused)
    app.add_middleware(FaultMiddleware, faults=sandbox.faults)
    app.add_middleware(Meter, sandbox=sandbox)
    return app


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


def app() -> FastAPI:
    """The site of SANDBOX_STATE at SANDBOX_BASE_URL, with the app of SANDBOX_INSTALL."""
    base_url = os.environ.get("SANDBOX_BASE_URL", "http://localhost:2990")
    state = open_site(Path(os.environ.get("SANDBOX_STATE", "var/sandbox/state.json")), base_url)
    return create_app(
        state,
        app_http=httpx.AsyncClient(),
        install_from=os.environ.get("SANDBOX_INSTALL"),
        close_http=True,
    )
