"""Administration > Users > a user: what they may open, and whether they administer Getint."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from app.access import Action
from app.administration.forms import GivenAccess
from app.administration.handling import done, on_account, required
from app.administration.models import Account
from app.administration.user_list import ROOT
from app.administration.users import give_access, remove_access, set_administrator
from app.administration.workspaces import load_workspace
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render

router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_USERS))]
LEVEL_CARDS = (
    {
        "value": "user",
        "label": "User",
        "text": "Sees all of the workspace. Creates integrations, and looks after their own.",
    },
    {
        "value": "administrator",
        "label": "Administrator of the workspace",
        "text": "Changes, runs and hands over everything in the workspace, and reads its logs.",
    },
)


class Administering(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: Literal["yes", "no"] = Field(title="A choice")


@router.get("/{account_id}/access")
async def ask_which(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """The dialog: a workspace and a level."""
    async with on_account(house_of(request), visit, account_id) as (_, account):
        return fragment(_access_form(visit, account, {}, {}))


@router.post("/{account_id}/access", openapi_extra=takes_form(GivenAccess))
async def give(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Let them into a workspace, or set the level that they have there."""
    house = house_of(request)
    sent = await filled(request, GivenAccess)
    async with on_account(house, visit, account_id) as (session, account):
        if (form := sent.form) is None:
            return fragment(_access_form(visit, account, sent.values, sent.errors), status=422)
        await give_access(
            session,
            house.changes,
            visit,
            account,
            workspace_id=form.workspace_id,
            level=form.level,
        )
    return done(Flag(f"{account.name} has access"))


@router.get("/{account_id}/access/{workspace_id}/remove")
async def ask_to_remove(
    request: Request, visit: Managing, account_id: UUID, workspace_id: UUID
) -> HTMLResponse:
    """The dialog: what removing means."""
    async with on_account(house_of(request), visit, account_id) as (session, account):
        workspace = await load_workspace(session, workspace_id)
        return fragment(
            render("administration/access_remove.html", account=account, workspace=workspace)
        )


@router.post("/{account_id}/access/{workspace_id}/remove")
async def take_away(
    request: Request, visit: Managing, account_id: UUID, workspace_id: UUID
) -> HTMLResponse:
    """Shut them out of a workspace, at once."""
    house = house_of(request)
    async with on_account(house, visit, account_id) as (session, account):
        await remove_access(session, house.changes, visit, account, workspace_id)
    return done(Flag("The access was removed"))


@router.get("/{account_id}/administrator")
async def ask_whether(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """The dialog: what administering Getint means."""
    async with on_account(house_of(request), visit, account_id) as (_, account):
        return fragment(render("administration/administrator.html", account=account))


@router.post("/{account_id}/administrator", openapi_extra=takes_form(Administering))
async def let_administer(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Let them administer all of Getint, or no more."""
    house = house_of(request)
    sent = await filled(request, Administering)
    async with on_account(house, visit, account_id) as (session, account):
        is_to = required(sent).to == "yes"
        await set_administrator(session, house.changes, visit, account, to=is_to)
    now = "administers" if is_to else "no longer administers"
    return done(Flag(f"{account.name} {now} Getint"))


def _access_form(
    visit: Visit, account: Account, values: Mapping[str, str], errors: Mapping[str, str]
) -> Markup:
    return render(
        "administration/access.html",
        name=account.name,
        base=f"{ROOT}/{account.id}",
        is_administrator=account.is_administrator,
        workspaces=[
            (str(workspace.id), workspace.name)
            for workspace in visit.facts.workspaces.values()
            if not workspace.is_archived
        ],
        levels=LEVEL_CARDS,
        values={"workspace_id": "", "level": "user", **values},
        errors={"": "", "workspace_id": "", "level": "", **errors},
    )
