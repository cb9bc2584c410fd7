"""The account icon: the workspaces that one may open, and the ways from there."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.dialects.postgresql import insert
from starlette.responses import Response

from app.access import Action
from app.administration.models import WorkspaceChoice
from app.errors import NotFound
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Proof, Visit
from app.identity.workspaces import open_to
from app.web.page_router import page_router
from app.web.pages import fragment
from app.web.templates import render

OPENED = "getint:workspace-opened"
menu = page_router("/account/menu", "account")
workspaces = page_router("/workspaces", "account")
front = page_router("", "pages")
Visiting = Annotated[Visit, Depends(context(Action.OPEN_APP))]


@front.get("/")
async def front_page(visit: Visiting) -> Response:
    """The app's own address: its first page, or the set-up before there is one."""
    return RedirectResponse("/integrations" if visit.facts.is_configured else "/set-up", 303)


@menu.get("")
async def account_menu(request: Request, visit: Visiting) -> HTMLResponse:
    """The dialog."""
    people = await house_of(request).people.named(visit.facts, [visit.caller.account])
    return fragment(
        render(
            "account/menu.html",
            name=people[visit.caller.account].name,
            workspaces=open_to(visit.facts, visit.caller),
            current=visit.workspace_id,
            project=visit.project,
            administers=bool(visit.can(Action.MANAGE_USERS)),
            has_tokens=bool(visit.can(Action.HAVE_TOKENS)),
            by_session=visit.proof is Proof.SESSION,
        )
    )


@workspaces.post("/{workspace_id}/open")
async def open_workspace(request: Request, visit: Visiting, workspace_id: UUID) -> HTMLResponse:
    """Be in this workspace from now on, whichever door one takes."""
    house, facts = house_of(request), visit.facts
    found = {it.id: it for it in open_to(facts, visit.caller)}.get(workspace_id)
    if found is None:
        raise NotFound("There is no such workspace among those that you may open.")
    chosen = insert(WorkspaceChoice).values(
        instance_id=facts.instance_id, account=visit.caller.account, workspace_id=workspace_id
    )
    async with house.database.of_instance(facts.instance_id) as session:
        await session.execute(
            chosen.on_conflict_do_update(
                index_elements=["instance_id", "account"], set_={"workspace_id": workspace_id}
            )
        )
        await house.changes.announce(session, facts.instance_id)
    return fragment("", close_dialog=True, events={OPENED: {"name": found.name}})


router = APIRouter()
for _each in (front, menu, workspaces):
    router.include_router(_each)
