"""The page of one's own account, and its dialogs."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from app.account import service
from app.administration.models import Account, AccountSession
from app.house import House
from app.identity.visit import Visit
from app.identity.workspaces import open_to
from app.integrations.wording import when
from app.signing_in.pages import offered
from app.signing_in.sessions import SignedIn
from app.web.templates import render

CHANGED = "getint:account-changed"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser in which one is signed in."""

    id: str
    began: str
    used: str
    is_this: bool


async def account_main(house: House, visit: Visit, signed_in: SignedIn) -> Markup:
    """Who one is here, and what one signs in with."""
    account = await service.own(house, visit)
    async with house.database.of_instance(account.instance_id) as session:
        found = await house.sessions.living(session, account.id)
    return render(
        "account/account.html",
        account=account,
        workspaces=", ".join(it.name for it in open_to(visit.facts, visit.caller)),
        provider=visit.facts.provider.name if visit.facts.provider else "",
        remove_off=service.DEMANDED if visit.facts.second_factor_required else "",
        sessions=[_row(it, signed_in) for it in found],
        changed=CHANGED,
    )


def password_dialog(account: Account, errors: Mapping[str, str]) -> Markup:
    """Asks for the old password and a new one."""
    return render("account/password.html", account=account, errors=errors)


def second_factor_dialog(account: Account, secret: str, wrong: str) -> Markup:
    """Shows a second factor to set up."""
    return render("account/second_factor.html", offered=offered(secret, account.email), wrong=wrong)


def removal_dialog(wrong: str) -> Markup:
    """Asks for a code."""
    return render("account/remove_second_factor.html", wrong=wrong)


def _row(found: AccountSession, signed_in: SignedIn) -> SessionRow:
    return SessionRow(
        str(found.id),
        when(found.created_at),
        when(found.last_used_at),
        found.id == signed_in.session_id,
    )
