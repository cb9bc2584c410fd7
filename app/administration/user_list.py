"""The list of users, a page at a time, newest first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import Account, WorkspaceAccess
from app.administration.users import BEFORE, LAST, last_administrator
from app.errors import InvalidInput
from app.identity.visit import Visit
from app.instances.facts import WorkspaceFacts
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.wording import when

ROOT = "/administration/users"
ROWS = 25
LONGEST_SEARCH = 120
LEVELS = {"user": "User", "administrator": "Administrator"}
State = Literal["", "enabled", "disabled"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody looks for. ``after`` is a cursor."""

    q: str = ""
    state: State = ""
    after: str = ""

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered; paging is no filter."""
        return bool(self.q or self.state)

    def href(self, after: str = "") -> str:
        """The address of the list with these filters."""
        wanted = (("q", self.q), ("state", self.state), ("after", after))
        query = urlencode([(name, value) for name, value in wanted if value])
        return f"{ROOT}?{query}" if query else ROOT


@dataclass(frozen=True, slots=True)
class Given:
    """Access to one workspace, in words."""

    workspace_id: UUID
    workspace: str
    level: str
    is_archived: bool


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as the list draws them; ``keep_reason`` says why they can't be shut out, if so."""

    id: UUID
    name: str
    email: str
    is_enabled: bool
    is_invited: bool
    is_administrator: bool
    is_visitor: bool
    given: Sequence[Given]
    signed_in: str
    keep_reason: str

    @property
    def can_do_nothing(self) -> bool:
        """Whether they have no access to anything."""
        return not self.given and not self.is_administrator


@dataclass(frozen=True, slots=True)
class UserPage:
    """Rows, and the address of the next page, empty if there is none."""

    rows: Sequence[UserRow]
    next_href: str


def checked_filters(q: str, state: str, after: str) -> Filters:
    """Filters as an address carries them; ``InvalidInput`` for what no list of ours links to."""
    if len(q) > LONGEST_SEARCH or not q.isprintable():
        raise InvalidInput("This cannot be searched for.", mend="Search for a part of a name.")
    if state not in {"", "enabled", "disabled"}:
        raise InvalidInput("There is no such filter.", mend="Clear the filters.")
    if after:
        position_of(after)
    return Filters(q.strip(), state, after)  # type: ignore[arg-type]


async def user_page(
    session: AsyncSession,
    visit: Visit,
    filters: Filters,
) -> UserPage:
    """Those that were asked for, with the access that each has."""
    accounts = (await session.scalars(_statement(filters))).all()
    shown = accounts[:ROWS]
    given = await access_of(session, visit.facts.workspaces, [account.id for account in shown])
    last = await last_administrator(session, visit)
    next_href = ""
    if len(accounts) > ROWS:
        next_href = filters.href(cursor_of(Position(shown[-1].created_at, shown[-1].id)))
    rows = [row_of(each, given[each.id], visit, last) for each in shown]
    return UserPage(rows, next_href)


async def access_of(
    session: AsyncSession,
    workspaces: Mapping[UUID, WorkspaceFacts],
    account_ids: Sequence[UUID],
) -> Mapping[UUID, Sequence[Given]]:
    """The access of each account, by the names of the workspaces."""
    rows = await session.scalars(
        select(WorkspaceAccess).where(WorkspaceAccess.account_id.in_(account_ids))
    )
    found: dict[UUID, list[Given]] = defaultdict(list)
    for row in rows:
        # One that was made a moment ago may not be in what is kept in memory.
        if (workspace := workspaces.get(row.workspace_id)) is not None:
            level = LEVELS[row.level]
            given = Given(workspace.id, workspace.name, level, workspace.is_archived)
            found[row.account_id].append(given)
    for each in found.values():
        each.sort(key=lambda given: given.workspace.casefold())
    return found


def row_of(account: Account, given: Sequence[Given], visit: Visit, last: UUID | None) -> UserRow:
    """An account in the words of the pages; ``last`` is the last administrator's."""
    return UserRow(
        id=account.id,
        name=account.name,
        email=account.email,
        is_enabled=account.enabled,
        is_invited=not account.can_sign_in,
        is_administrator=account.is_administrator,
        is_visitor=account.account == visit.caller.account,
        given=given,
        signed_in=when(account.last_signed_in_at) if account.last_signed_in_at else "",
        keep_reason=f"{LAST} {BEFORE}" if account.id == last else "",
    )


def _statement(filters: Filters) -> Select[Account]:
    statement = select(Account)
    if filters.q:
        statement = statement.where(
            or_(
                Account.name.icontains(filters.q, autoescape=True),
                Account.email.icontains(filters.q, autoescape=True),
            )
        )
    if filters.state:
        statement = statement.where(Account.enabled == (filters.state == "enabled"))
    if filters.after:
        order = tuple_(Account.created_at, Account.id)
        statement = statement.where(order < tuple_(*position_of(filters.after)))
    return statement.order_by(Account.created_at.desc(), Account.id.desc()).limit(ROWS + 1)
