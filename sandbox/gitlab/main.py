"""The program: `uvicorn --factory sandbox.gitlab.main:app --port 2991 --no-date-header`."""

import contextlib
import os
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.gitlab.face import face_of
from sandbox.gitlab.rest import errors, hooks, issues, links, notes, places, uploads
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.state import GitLabState
from sandbox.tools import control
from sandbox.tools.door import Door
from sandbox.tools.keeping import Keeper
from sandbox.tools.pages import pages
from sandbox.tools.standin import Manners

API = "/api/v4"
CALLS_A_MINUTE = 2000
MANNERS = Manners(
    is_api=lambda path: path.startswith("/api/"),
    refuse=errors.refuse,
    limit_headers=errors.limit_headers,
)


class SlashesInNames:
    """`acme%2Fpayments` is one part of a path: routes are found before it is decoded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            raw = scope["raw_path"].decode("ascii").partition("?")[0]
            kept = raw.replace("%2F", "%252F").replace("%2f", "%252F")
            scope = {**scope, "path": unquote(kept)}
        await self.app(scope, receive, send)


def create_app(
    state: GitLabState,
    *,
    http: httpx.AsyncClient | None = None,
    keep_in: Path | None = None,
    calls_a_minute: int | None = None,
    date_header: bool = True,
) -> FastAPI:
    """A GitLab as an ASGI program; its parts are at `app.state.standin`.

    `http` carries webhooks (a test hands one that reaches the app); without one, the program has
    its own. `keep_in`: the file that the state is written to while the program's lifespan runs.
    `calls_a_minute` None: no rate limit. `date_header` False where the server sends its own.
    """
    gitlab = GitLab(http=http or httpx.AsyncClient(), manners=MANNERS, state=state)
    gitlab.limit.calls = calls_a_minute
    gitlab.date_header = date_header
    gitlab.summary = lambda: {
        "projects": {project.path: len(project.issues) for project in state.projects}
    }
    keeper = Keeper(keep_in, state.to_json) if keep_in is not None else None
    if keeper is not None:
        gitlab.save = keeper.mark
        keeper.mark()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with keeper.keeping() if keeper is not None else contextlib.nullcontext():
            yield
        await gitlab.deliveries.settle()
        if http is None:
            await gitlab.http.aclose()

    app = FastAPI(title="A local GitLab", lifespan=lifespan, openapi_url=None)
    app.state.standin = gitlab
    app.router.routes.extend(_routes())
    app.include_router(pages(face_of))
    app.add_exception_handler(errors.GitLabError, errors.answer_gitlab_error)
    app.add_exception_handler(HTTPException, errors.answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_middleware(Door, standin=gitlab)
    app.add_middleware(SlashesInNames)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """FastAPI works each out at its first request, so once for all that are opened."""
    together = APIRouter()
    for part in (places, issues, notes, uploads, links, hooks):
        together.include_router(part.router, prefix=API)
    together.include_router(control.router)
    return together.routes


async def _answer_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    name = str(error.errors()[0]["loc"][-1])
    return JSONResponse({"error": f"{name} is invalid"}, 400)


def app() -> FastAPI:
    """The GitLab of SANDBOX_GITLAB_STATE at SANDBOX_GITLAB_URL."""
    base_url = os.environ.get("SANDBOX_GITLAB_URL", "http://localhost:2991").rstrip("/")
    path = Path(os.environ.get("SANDBOX_GITLAB_STATE", "var/sandbox/gitlab.json"))
    if path.exists():
        state = GitLabState.from_json(path.read_bytes())
        state.base_url = base_url
    else:
        state = GitLabState.fresh(base_url)
    return create_app(state, keep_in=path, calls_a_minute=CALLS_A_MINUTE)
