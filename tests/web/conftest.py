from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse

from app.access import Action, Answer, Decision, Reason, Refused
from app.errors import CannotTell, Conflict, InvalidInput, NotFound, TooLarge, Unproven
from app.web.setup import install_web

AP_JS_URL = "https://jira.example/all.js"
HIDDEN = "hunter2-in-an-exception"

PROBLEMS: dict[str, Exception] = {
    "missing": NotFound("No integration has that address.", mend="Look in the list."),
    "changed": Conflict("Somebody else saved it first.", mend="Reload it."),
    "wrong": InvalidInput("One field.", fields={"name": "Give it a name <b>"}),
    "unproven": Unproven("No token came with it."),
    "unsure": CannotTell("Jira did not answer.", retry_after=7),
    "large": TooLarge("More than a megabyte."),
    "refused": Refused(
        Decision(Action.CREATE_INTEGRATION, Answer.NO, Reason.NOT_CONFIGURED, "gitlab")
    ),
    "unconfirmed": Refused(
        Decision(Action.CREATE_INTEGRATION, Answer.CANNOT_TELL, Reason.STANDING_NOT_CURRENT)
    ),
    "crash": RuntimeError(HIDDEN),
}
STATUSES = {
    "missing": 404,
    "changed": 409,
    "wrong": 422,
    "unproven": 401,
    "unsure": 503,
    "large": 413,
    "refused": 403,
    "unconfirmed": 503,
    "crash": 500,
}


def small_app() -> FastAPI:
    """A route for each kind of answer, with the web layer around it."""
    app = FastAPI()

    @app.get("/page")
    async def page(request: Request) -> HTMLResponse:
        if sites := request.query_params.getlist("framed"):
            request.state.frame_ancestors = tuple(sites)
        return HTMLResponse("<p>Hello</p>", headers={"Cache-Control": "public, max-age=60"})

    @app.get("/number")
    async def number(n: Annotated[int, Query()]) -> PlainTextResponse:
        return PlainTextResponse(str(n))

    @app.get("/problem/{kind}")
    async def problem(kind: str) -> None:
        raise PROBLEMS[kind]

    install_web(app, ap_js_url=AP_JS_URL)
    return app


@pytest.fixture
async def asker() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(small_app())
    async with httpx.AsyncClient(transport=transport, base_url="https://getint.example") as client:
        yield client
