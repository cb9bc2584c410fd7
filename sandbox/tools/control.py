"""The remote control of a stand-in: JSON under /sandbox/api, for tests and scripts."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.tools.faults import Fault, FaultKind
from sandbox.tools.standin import Standin

router = APIRouter(prefix="/sandbox/api")


def _standin_of(request: Request) -> Standin:
    standin: Standin = request.app.state.standin
    return standin


Here = Annotated[Standin, Depends(_standin_of)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class NewFault(Body):
    """`count` None: until cleared."""

    kind: FaultKind
    path: str = "*"
    method: str | None = None
    count: int | None = Field(default=None, ge=1)
    latency_ms: int = Field(default=0, ge=0, alias="latencyMs")
    retry_after: int | None = Field(default=None, ge=0, alias="retryAfter")
    skip: int = Field(default=0, ge=0)


class Skew(Body):
    seconds: float


class LimitSetting(Body):
    """`calls` None: no limit."""

    calls: int | None = Field(default=None, ge=0)
    window_s: int = Field(default=60, ge=1, alias="windowSeconds")


class DeliverySetting(Body):
    """What is left out stays as it is; `release` sends what was held, shuffled by `seed`."""

    hold: bool | None = None
    copies: int | None = Field(default=None, ge=1)
    lose: int | None = Field(default=None, ge=0)
    release: bool = False
    seed: int | None = None


@router.get("/state")
async def get_state(standin: Here) -> dict[str, Any]:
    return {
        **standin.summary(),
        "now": standin.clock.now(),
        "faults": standin.faults.to_json(),
        "limit": {"calls": standin.limit.calls, "used": standin.limit.used},
        "lagSeconds": standin.lag.total_seconds(),
    }


@router.get("/faults")
async def get_faults(standin: Here) -> list[dict[str, Any]]:
    return standin.faults.to_json()


@router.post("/faults", status_code=201)
async def add_fault(standin: Here, body: NewFault) -> dict[str, int]:
    fault = Fault(
        body.kind,
        path=body.path,
        method=body.method,
        remaining=body.count,
        latency_ms=body.latency_ms,
        retry_after=body.retry_after,
        skip=body.skip,
    )
    return {"id": standin.faults.add(fault).id}


@router.delete("/faults", status_code=204)
async def clear_faults(standin: Here, fault_id: int | None = None) -> None:
    standin.faults.clear(fault_id)


@router.post("/clock")
async def set_clock(standin: Here, body: Skew) -> dict[str, Any]:
    standin.clock.skew = timedelta(seconds=body.seconds)
    return {"now": standin.clock.now()}


@router.post("/lag")
async def set_lag(standin: Here, body: Skew) -> dict[str, float]:
    standin.lag = timedelta(seconds=body.seconds)
    return {"seconds": body.seconds}


@router.post("/limit")
async def set_limit(standin: Here, body: LimitSetting) -> dict[str, int | None]:
    standin.limit.calls, standin.limit.window_s = body.calls, body.window_s
    standin.limit.used = 0
    return {"calls": body.calls, "windowSeconds": body.window_s}


@router.get("/deliveries")
async def get_deliveries(standin: Here) -> list[dict[str, Any]]:
    return [each.to_json() for each in standin.deliveries.made]


@router.post("/deliveries")
async def set_deliveries(standin: Here, body: DeliverySetting) -> dict[str, Any]:
    deliveries = standin.deliveries
    deliveries.hold = deliveries.hold if body.hold is None else body.hold
    deliveries.copies = deliveries.copies if body.copies is None else body.copies
    deliveries.lose = deliveries.lose if body.lose is None else body.lose
    if body.release:
        deliveries.release(body.seed)
    return {"hold": deliveries.hold, "copies": deliveries.copies, "held": len(deliveries.held)}


@router.get("/requests")
async def get_requests(standin: Here) -> list[dict[str, Any]]:
    return standin.log.to_json()


@router.delete("/requests", status_code=204)
async def reset_requests(standin: Here) -> None:
    standin.log.reset()
