"""Administration > Users > a user > Delete: who takes over, and then it is gone."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.access import Action
from app.administration.forms import Deletion
from app.administration.handling import on_account
from app.administration.models import Account
from app.administration.owned import Owned, owned_by
from app.administration.taking_over import takeover_by
from app.administration.user_list import ROOT, Filters
from app.administration.user_pages import list_main
from app.administration.users import delete_user
from app.errors import InvalidInput
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations.jira_projects import SearchResult
from app.integrations.takers import find_takers
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render

router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_USERS))]


@router.get("/{account_id}/delete")
async def ask_who_takes_over(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """The dialog: what would be gone, and who takes over what they own."""
    account, owned = await _leaving(house_of(request), visit, account_id)
    return fragment(_dialog(account, owned, {}, {}, SearchResult()))


@router.get("/{account_id}/delete/people")
async def find_people(
    request: Request, visit: Managing, account_id: UUID, *, q: str = ""
) -> HTMLResponse:
    """The people whom the search finds."""
    house = house_of(request)
    account, _ = await _leaving(house, visit, account_id)
    found = await find_takers(house, visit, q[:200], but=account.account)
    return fragment(
        render("administration/takers_part.html", people=found.options, trouble=found.trouble)
    )


@router.post("/{account_id}/delete", openapi_extra=takes_form(Deletion))
async def delete(request: Request, visit: Managing, account_id: UUID) -> HTMLResponse:
    """Take the account away, once what it owns is somebody else's."""
    house = house_of(request)
    sent = await filled(request, Deletion)
    leaving, owned = await _leaving(house, visit, account_id)
    errors = sent.errors
    if (form := sent.form) is not None:
        try:
            takeover = None
            if owned.all:
                takeover = await takeover_by(house, visit, leaving, owned.all, form.taker)
            async with on_account(house, visit, account_id) as (session, account):
                await delete_user(session, house.changes, visit, account, takeover)
        except InvalidInput as error:
            errors = error.fields
        else:
            return await _gone(house, visit, leaving)
    found = await find_takers(house, visit, sent.values.get("q", "")[:200], but=leaving.account)
    return fragment(_dialog(leaving, owned, sent.values, errors, found), status=422)


async def _gone(house: House, visit: Visit, account: Account) -> HTMLResponse:
    """The list: the user's own page is no more."""
    main = await list_main(house, visit, Filters())
    return fragment(main, flag=Flag(f"{account.name} was deleted"), close_dialog=True)


async def _leaving(house: House, visit: Visit, account_id: UUID) -> tuple[Account, Owned]:
    async with on_account(house, visit, account_id) as (session, account):
        return account, await owned_by(session, account.account)


def _dialog(
    account: Account,
    owned: Owned,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    found: SearchResult,
) -> Markup:
    return render(
        "administration/delete_user.html",
        account=account,
        owned=_worded(owned),
        values={"taker": "", "q": "", **values},
        errors={"": "", "taker": "", **errors},
        people=found.options,
        trouble=found.trouble,
    )


def _worded(owned: Owned) -> str:
    """Such as ``Payroll, Invoices and 3 more``; empty if they own nothing."""
    names = [thing.name for thing in owned.all]
    if len(names) <= 1:
        return "".join(names)
    shown = names[:5] if len(names) > 5 else names[:-1]
    rest = f"{len(names) - 5} more" if len(names) > 5 else names[-1]
    return f"{', '.join(shown)} and {rest}"
