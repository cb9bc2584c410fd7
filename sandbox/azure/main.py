"""The program: `uvicorn --factory sandbox.azure.main:app --port 2992 --no-date-header`."""

import contextlib
import os
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.azure.face import face_of
from sandbox.azure.rest import (
    attachments,
    comments,
    errors,
    hooks,
    places,
    queries,
    types,
    work_items,
)
from sandbox.azure.rest.caller import Versioned
from sandbox.azure.running import Azure
from sandbox.azure.state import AzureState
from sandbox.tools import control
from sandbox.tools.door import Door
from sandbox.tools.keeping import Keeper
from sandbox.tools.pages import pages
from sandbox.tools.standin import Manners

CALLS_IN_FIVE_MINUTES = 3000
HOMES = (
    "/{organization}/_apis",
    "/{organization}/{project}/_apis",
    "/{organization}/{project}/{team}/_apis",
)
RETRIES = 3
MANNERS = Manners(
    is_api=lambda path: "/_apis" in path,
    refuse=errors.refuse,
    limit_headers=errors.limit_headers,
)


class AnyCase:
    """Addresses are the same in any case: what names a resource is made small.

    What follows a resource is a name or an id, and stays as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        before, sign, after = str(scope.get("path", "")).partition("/_apis/")
        if sign:
            parts = after.split("/")
            small = [part.lower() if part.lower() in WORDS else part for part in parts]
            scope = {**scope, "path": before + sign + "/".join(small)}
        await self.app(scope, receive, send)


WORDS = {
    word
    for part in (attachments, comments, hooks, places, queries, types, work_items)
    for route in part.router.routes
    for word in getattr(route, "path", "").split("/")
    if word and not word.startswith("{")
}


def create_app(
    state: AzureState,
    *,
    http: httpx.AsyncClient | None = None,
    keep_in: Path | None = None,
    calls_in_five_minutes: int | None = None,
    date_header: bool = True,
) -> FastAPI:
    """An organisation as an ASGI program; its parts are at `app.state.standin`.

    `http` carries service hooks (a test hands one that reaches the app); without one, the program
    has its own. `keep_in`: the file that the state is written to while the program's lifespan
    runs. `calls_in_five_minutes` None: no rate limit. `date_header` False where the server sends
    its own.
    """
    azure = Azure(http=http or httpx.AsyncClient(), manners=MANNERS, state=state)
    azure.limit.calls, azure.limit.window_s = calls_in_five_minutes, 300
    azure.date_header = date_header
    azure.deliveries.retries = RETRIES
    azure.summary = lambda: {
        "projects": [project.name for project in state.projects],
        "workItems": len(state.items),
    }
    keeper = Keeper(keep_in, state.to_json) if keep_in is not None else None
    if keeper is not None:
        azure.save = keeper.mark
        keeper.mark()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with keeper.keeping() if keeper is not None else contextlib.nullcontext():
            yield
        await azure.deliveries.settle()
        if http is None:
            await azure.http.aclose()

    app = FastAPI(title="A local Azure DevOps", lifespan=lifespan, openapi_url=None)
    app.state.standin = azure
    app.router.routes.extend(control.router.routes)
    app.include_router(pages(face_of))
    app.router.routes.extend(_routes())
    app.add_exception_handler(errors.AzureError, errors.answer_azure_error)
    app.add_exception_handler(errors.SignInError, errors.answer_sign_in)
    app.add_exception_handler(HTTPException, errors.answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_middleware(Door, standin=azure)
    app.add_middleware(AnyCase)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """FastAPI works each out at its first request, so once for all that are opened."""
    together = APIRouter()
    for home in HOMES:
        for part in (work_items, comments, attachments, queries, types, hooks, places):
            together.include_router(part.router, prefix=home, dependencies=[Versioned])
    return together.routes


async def _answer_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()[0]
    message = f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"
    return await errors.answer_azure_error(request, errors.bad_request(message))


def app() -> FastAPI:
    """The organisation of SANDBOX_AZURE_STATE at SANDBOX_AZURE_URL."""
    base_url = os.environ.get("SANDBOX_AZURE_URL", "http://localhost:2992").rstrip("/")
    path = Path(os.environ.get("SANDBOX_AZURE_STATE", "var/sandbox/azure.json"))
    if path.exists():
        state = AzureState.from_json(path.read_bytes())
        state.base_url = base_url
    else:
        state = AzureState.fresh(base_url)
    return create_app(state, keep_in=path, calls_in_five_minutes=CALLS_IN_FIVE_MINUTES)
