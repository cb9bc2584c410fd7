"""The help pop-up: what to quote to support."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import HTMLResponse

from app.access import Action
from app.identity.guard import context
from app.identity.visit import Visit
from app.web.page_router import page_router
from app.web.pages import fragment
from app.web.show import VERSION
from app.web.templates import render

router = page_router("/help", "help")


@router.get("")
async def help_dialog(
    visit: Annotated[Visit, Depends(context(Action.OPEN_APP))],
) -> HTMLResponse:
    """Version and Instance ID, to be copied with one click."""
    instance_id = str(visit.caller.instance_id)
    both = f"Getint {VERSION}, Instance ID {instance_id}"
    return fragment(render("help/help.html", version=VERSION, instance_id=instance_id, both=both))
