"""What the routes of users share: one account in one transaction, and what is answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.links import Purpose, address_of
from app.administration.mailing import mail_link
from app.administration.models import Account
from app.administration.user_pages import CHANGED
from app.administration.users import load_account
from app.errors import InvalidInput
from app.house import House
from app.identity.visit import Visit
from app.web.forms import Filled
from app.web.pages import Flag, fragment
from app.web.templates import render

F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A link that was made: mailed, or in ``address`` for the administrator to pass on, once."""

    account: Account
    purpose: Purpose
    address: str


@asynccontextmanager
async def on_account(
    house: House, visit: Visit, account_id: UUID
) -> AsyncIterator[tuple[AsyncSession, Account]]:
    """One transaction on one account of the visitor's instance; ``NotFound`` without one."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        yield session, await load_account(session, account_id)


def required(sent: Filled[F]) -> F:
    """The form that was sent; ``InvalidInput`` with what is wrong in it.

    To be asked once it is known that there is what the form is about: who may not know of a thing
    learns nothing from their mistakes.
    """
    if sent.form is None:
        raise InvalidInput(fields=sent.errors)
    return sent.form


async def hand_out(
    house: House,
    session: AsyncSession,
    visit: Visit,
    account: Account,
    *,
    purpose: Purpose,
    token: str,
) -> HandedOut:
    """Mail the link where there is a mail server; else it is for the administrator to pass on."""
    if house.settings.smtp_url is None:
        return HandedOut(account, purpose, address_of(house.settings.app_base_url, token))
    await mail_link(session, visit.facts, account, purpose, token)
    return HandedOut(account, purpose, "")


def link_dialog(made: HandedOut, title: str) -> HTMLResponse:
    """The dialog that says where the link went, or shows it."""
    dialog = render(
        "administration/link.html",
        title=title,
        account=made.account,
        purpose=made.purpose,
        address=made.address,
    )
    return fragment(dialog, events={CHANGED: {}})


def done(flag: Flag) -> HTMLResponse:
    """Close the dialog, say so, and let the page show how it stands now."""
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})
