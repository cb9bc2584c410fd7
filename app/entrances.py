"""The addresses that Jira frames: each proves itself by a page token and shows the first page."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from app.access import Action
from app.errors import NotFound
from app.identity.guard import page
from app.identity.visit import Visit
from app.instances.access_routes import access
from app.instances.set_up_routes import set_up
from app.integrations.pages import list_main
from app.web.page_router import page_router
from app.web.show import show

router = page_router("/connect/pages", "pages")


@router.get("/general")
async def general(
    request: Request, visit: Annotated[Visit, Depends(page(Action.OPEN_APP))]
) -> HTMLResponse:
    """Apps > Getint: the integrations, or the set-up while only administrators come this far."""
    if not visit.facts.is_configured:
        return await set_up(request, visit)
    return await _integrations(request, visit)


@router.get("/project")
async def project(
    request: Request, visit: Annotated[Visit, Depends(page(Action.OPEN_APP))]
) -> HTMLResponse:
    """Project settings > Getint: the integrations of that project."""
    if visit.project is None:
        raise NotFound("This page belongs to a Jira project.", mend="Open it from its settings.")
    return await _integrations(request, visit)


@router.get("/admin")
async def admin(
    request: Request, visit: Annotated[Visit, Depends(page(Action.BIND_GROUPS))]
) -> HTMLResponse:
    """Jira settings > Apps > Getint: who has access, or the set-up before that matters."""
    if not visit.facts.is_configured:
        return await set_up(request, visit)
    return await access(request, visit)


@router.get("/configure")
async def configure(
    request: Request, visit: Annotated[Visit, Depends(page(Action.BIND_GROUPS))]
) -> HTMLResponse:
    """Manage apps > Getint > Configure."""
    return await access(request, visit)


@router.get("/get-started")
async def get_started(
    request: Request, visit: Annotated[Visit, Depends(page(Action.SET_UP))]
) -> HTMLResponse:
    """What Jira opens after the installation."""
    return await set_up(request, visit)


async def _integrations(request: Request, visit: Visit) -> HTMLResponse:
    main = await list_main(request, visit)
    return show(request, visit, main, active="integrations", title="Integrations")
