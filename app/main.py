"""The application: `uvicorn app.main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI

from app.account.menu_routes import router as account_menu
from app.account.routes import router as own_account
from app.administration.routes import router as administration
from app.api.description import router as api_description
from app.api.routes import router as api
from app.audit.routes import router as audit
from app.entrances import router as entrances
from app.health import router as health
from app.help.routes import router as help_pages
from app.house import build_house
from app.instances.access_routes import router as access_settings
from app.instances.licence_routes import router as licence_settings
from app.instances.person_routes import router as person_settings
from app.instances.set_up_routes import router as set_up
from app.integrations.connection_routes import router as connections
from app.integrations.routes import router as integrations
from app.news.routes import router as news
from app.runs.routes import router as reporting
from app.settings import Settings
from app.signing_in.link_routes import router as links
from app.signing_in.provider_routes import router as providers
from app.signing_in.routes import router as sign_in
from app.starting import usable_settings
from app.support.account_routes import router as account_access
from app.support.share_routes import router as sharing
from app.sync.export import MOST_BYTES as LARGEST_IMPORT
from app.sync.jira_news import router as jira_news
from app.sync.mapping_routes import router as mappings
from app.sync.side_schemas import SchemaReader
from app.sync.sides import open_sides
from app.sync.transfer_routes import IMPORT_PATH
from app.sync.transfer_routes import router as transfer
from app.tokens.routes import router as tokens
from app.web.logging import configure_logging
from app.web.setup import install_web
from app.web.show import VERSION
from connect import AllowedHosts, descriptor_router, lifecycle_router, new_http_client

DESCRIPTOR = Path(__file__).resolve().parents[1] / "atlassian-connect.json"

_ROUTES = APIRouter()
"""What needs no settings; each is worked out at its first request, once for the process."""
for _router in (
    health,
    transfer,  # before the addresses with an id: /import is no id
    jira_news,
    news,
    mappings,
    integrations,
    connections,
    reporting,
    sharing,
    set_up,
    access_settings,
    person_settings,
    account_access,
    licence_settings,
    audit,
    administration,
    help_pages,
    account_menu,
    tokens,
    own_account,
    sign_in,
    providers,
    links,
    api_description,
    api,
):
    _ROUTES.include_router(_router)


def create_app(settings: Settings, http: httpx.AsyncClient | None = None) -> FastAPI:
    """Put the house, its routes and the web layer together. ``http`` reaches Atlassian and Jira."""
    house = build_house(settings, http or new_http_client())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await house.open()
        yield
        await house.close()

    app = FastAPI(
        title="Getint for Jira",
        version=VERSION,
        lifespan=lifespan,
        openapi_url="/openapi.json" if settings.is_development else None,
        docs_url=None,
        redoc_url=None,
        # Addresses of pages carry tokens, and FastAPI's spans would carry the addresses.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        redirect_slashes=False,  # it would name the Host header's host
    )
    app.state.house = house
    app.state.schemas = SchemaReader(open_sides)
    # First, as routes are tried in order and these most often; and not by include_router(), which
    # would match them through two more objects at each request.
    app.router.routes.extend(entrances.routes)
    app.router.routes.extend(_ROUTES.routes)
    app.include_router(
        descriptor_router(
            DESCRIPTOR, base_url=settings.app_base_url, app_key=settings.connect_app_key
        )
    )
    app.include_router(
        lifecycle_router(
            app_key=settings.connect_app_key,
            app_base_url=settings.app_base_url,
            allowed_hosts=AllowedHosts(
                settings.connect_allowed_hosts, allow_http_loopback=settings.is_development
            ),
            keys=house.install_keys,
            store=house.lifecycle,
        )
    )
    install_web(app, ap_js_url=settings.ap_js_url, largest_files={IMPORT_PATH: LARGEST_IMPORT})
    return app


def _from_environment() -> FastAPI:
    settings = usable_settings()
    configure_logging(settings.log_level)
    return create_app(settings)


def __getattr__(name: str) -> FastAPI:
    """Make ``app`` when a server asks for it, so that importing this module needs no settings."""
    if name == "app":
        app = _from_environment()
        globals()["app"] = app
        return app
    raise AttributeError(name)
