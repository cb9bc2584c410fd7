"""The pages of users as they stand: the list, and one user."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account, AccountLink
from app.administration.user_list import Filters, Given, UserRow, access_of, row_of, user_page
from app.administration.users import last_administrator
from app.house import House
from app.identity.visit import Visit
from app.integrations.models import Connection, Integration
from app.integrations.wording import when
from app.web.templates import render

CHANGED = "getint:users-changed"


@dataclass(frozen=True, slots=True)
class UserView:
    """One user as their page draws them."""

    row: UserRow
    created: str
    has_password: bool
    has_second_factor: bool
    by_provider: bool
    invited_until: str
    sessions: int
    integrations: int
    connections: int

    @property
    def given(self) -> Sequence[Given]:
        """Their access."""
        return self.row.given


async def list_main(house: House, visit: Visit, filters: Filters) -> Markup:
    """The list, and where users sign in."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        page = await user_page(session, visit, filters)
    return render(
        "administration/users.html",
        page=page,
        filters=filters,
        changed=CHANGED,
        has_jira=visit.facts.linked_site is not None,
        sign_in=sign_in_address(house, visit),
    )


async def user_main(house: House, visit: Visit, session: AsyncSession, account: Account) -> Markup:
    """One user: who they are, what they may open, what they own."""
    given = await access_of(session, visit.facts.workspaces, [account.id])
    until = await _link_until(session, account)
    last = await last_administrator(session, visit)
    view = UserView(
        row=row_of(account, given.get(account.id, ()), visit, last),
        created=when(account.created_at),
        has_password=account.password_hash is not None,
        has_second_factor=account.totp_secret is not None,
        by_provider=account.oidc_subject is not None,
        invited_until=when(until) if until else "",
        sessions=len(await house.sessions.living(session, account.id)),
        integrations=await _owned(session, Integration, account),
        connections=await _owned(session, Connection, account),
    )
    return render(
        "administration/user.html",
        it=view,
        changed=CHANGED,
        sign_in=sign_in_address(house, visit),
    )


def sign_in_address(house: House, visit: Visit) -> str:
    """Where users of this instance sign in."""
    return f"{house.settings.app_base_url}/sign-in/{visit.caller.instance_id}"


async def _link_until(session: AsyncSession, account: Account) -> datetime | None:
    """Until when the open link of the account is good."""
    return await session.scalar(
        select(AccountLink.expires_at).where(
            AccountLink.account_id == account.id,
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > func.statement_timestamp(),
        )
    )


async def _owned(
    session: AsyncSession, model: type[Integration] | type[Connection], account: Account
) -> int:
    owned = select(func.count()).select_from(model).where(model.owner == account.account)
    return await session.scalar(owned) or 0
