"""The console: `uvicorn app.support.console.main:app`, a program beside the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from app.signing_in.origin import OwnPages
from app.starting import usable
from app.support.console.desk_routes import router as desk
from app.support.console.instance_routes import router as instance
from app.support.console.parts import build_console, console_of
from app.support.console.refusing import install_refusals
from app.support.console.role import require_console_database
from app.support.console.run_routes import router as runs
from app.support.console.settings import ConsoleSettings, load_console_settings
from app.support.console.sign_in_routes import router as sign_in
from app.web.logging import configure_logging
from app.web.setup import install_web
from app.web.show import VERSION

_PROVIDER_TIMEOUT_S = 10
health = APIRouter(tags=["health"])


@health.get("/health/live")
async def live() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("live")


@health.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """The process can serve: the database answers."""
    checks = {"database": await console_of(request).database.is_reachable()}
    return JSONResponse(checks, status_code=200 if all(checks.values()) else 503)


def create_console(settings: ConsoleSettings, http: httpx.AsyncClient | None = None) -> FastAPI:
    """Put the parts, their routes and the web layer together."""
    console = build_console(settings, http or httpx.AsyncClient(timeout=_PROVIDER_TIMEOUT_S))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await console.close()

    app = FastAPI(
        title="Getint Support",
        version=VERSION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(OwnPages(settings.support_base_url))],
    )
    app.state.console = console
    for router in (health, sign_in, desk, instance, runs):
        app.include_router(router)
    install_web(app, ap_js_url=None)
    install_refusals(app)
    return app


def _from_environment() -> FastAPI:
    settings = usable(load_console_settings, require_console_database)
    configure_logging(settings.log_level)
    return create_console(settings)


def __getattr__(name: str) -> FastAPI:
    """Make ``app`` when a server asks for it, so that importing this module needs no settings."""
    if name == "app":
        app = _from_environment()
        globals()["app"] = app
        return app
    raise AttributeError(name)
