"""Whether the process lives and can do its work, and its metrics for the operator."""

import hmac

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.errors import CannotTell, NotFound
from app.house import House, house_of
from app.metrics import (
    QUEUE_OLDEST_SECONDS,
    QUEUE_SLEEPING,
    QUEUE_WAITING,
    QUEUE_WORKED_ON,
    show_quota,
)
from app.runs.queue import depth

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
    await _show_queue(house)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _show_queue(house: House) -> None:
    """Take the queue's figures of this moment: they are the same from every process."""
    try:
        async with house.database.housekeeping() as session:
            now = await depth(session)
    except CannotTell:  # the other figures are needed most when the database is away
        return
    QUEUE_WAITING.set(now.waiting)
    QUEUE_WORKED_ON.set(now.worked_on)
    QUEUE_SLEEPING.set(now.sleeping)
    QUEUE_OLDEST_SECONDS.set(now.oldest_s)
