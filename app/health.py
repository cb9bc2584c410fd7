"""Whether the process lives and can do its work, and its metrics for the operator."""

import hmac

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.errors import NotFound
from app.house import house_of
from app.metrics import show_quota

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("live")


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """The process can serve: the database answers and changes made elsewhere arrive."""
    house = house_of(request)
    checks = {
        "database": await house.database.is_reachable(),
        "changes": house.changes.is_listening,
    }
    return JSONResponse(checks, status_code=200 if all(checks.values()) else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus metrics, for whoever sends METRICS_TOKEN; unset, they do not exist."""
    house = house_of(request)
    expected = house.settings.metrics_token
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not expected or not hmac.compare_digest(sent.encode(), expected.get_secret_value().encode()):
        raise NotFound
    show_quota(house.quota)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
