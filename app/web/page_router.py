"""The router of pages and their pieces."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.web.routing import AuditedRoute


def page_router(prefix: str, tag: str) -> APIRouter:
    """Routes below ``prefix`` that answer with HTML and whose refusals go into the trail."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=AuditedRoute,
        default_response_class=HTMLResponse,
    )
