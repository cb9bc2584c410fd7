"""The addresses that Jira frames: each proves itself by a page token and shows the first page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action
from app.identity.guard import page
from app.identity.visit import Visit
from app.web.routing import AuditedRoute

router = APIRouter(
    prefix="/connect/pages",
    tags=["pages"],
    route_class=AuditedRoute,
    default_response_class=HTMLResponse,
)


@router.get("/general")
async def general(
    request: Request, visit: Annotated[Visit, Depends(page(Action.OPEN_APP))]
) -> HTMLResponse:
    """Apps > Getint."""
    raise NotImplementedError
