"""The router of what programs ask for."""

from fastapi import APIRouter

from app.api.problems import described_problems
from app.web.routing import AuditedRoute

ROOT = "/api/v1"


def api_router(prefix: str, tag: str) -> APIRouter:
    """Routes below ``prefix`` of the API; refusals go into the trail."""
    return APIRouter(
        prefix=f"{ROOT}{prefix}",
        tags=[tag],
        route_class=AuditedRoute,
        responses=described_problems(),
        generate_unique_id_function=lambda route: route.name,
    )
