"""Makes, changes, shuts out and deletes accounts of people without Jira, and gives them access.

Everything arrives checked: the visitor may manage users. Each step is recorded and announced in
its transaction, so that what is taken away is gone everywhere at once.
"""

from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.emails import Email
from app.administration.links import new_link, void_links
from app.administration.models import (
    AccessToken,
    Account,
    KeptAnswer,
    WorkspaceAccess,
    WorkspaceChoice,
)
from app.administration.owned import Takeover, give_all
from app.administration.turns import take_turn
from app.administration.workspaces import load_workspace, require_in_use
from app.audit.trail import record
from app.changes import Changes
from app.errors import Conflict, InvalidInput, NotFound
from app.identity.visit import Visit
from app.signing_in.sessions import end_sessions_of

Level = Literal["user", "administrator"]
TAKEN = "Another user has this e-mail address."
LAST = "Nobody would be left who administers Getint with an account."
BEFORE = "Make somebody else an administrator first, who can sign in."


async def load_account(session: AsyncSession, account_id: UUID) -> Account:
    """An account of the bound instance; nobody else changes it until the transaction ends."""
    account = await session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound("There is no such user any more.", mend="Reload the list.")
    return account


async def create_user(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    *,
    name: str,
    email: Email,
    password_hash: str | None = None,
) -> Account:
    """Add somebody who can do nothing until enabled and given access.

    ``InvalidInput`` if the address is taken.
    """
    made: Account | None = await session.scalar(
        insert(Account)
        .values(
            id=uuid4(),
            instance_id=visit.caller.instance_id,
            name=name,
            email=email.written,
            email_key=email.key,
            password_hash=password_hash,
        )
        .on_conflict_do_nothing(index_elements=["instance_id", "email_key"])
        .returning(Account)
    )
    if made is None:
        raise InvalidInput(fields={"email": TAKEN})
    await _tell(session, changes, visit, made, {"user": "created", "name": name})
    return made


async def edit_user(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    account: Account,
    *,
    name: str,
    email: Email,
) -> None:
    """Set name and address; ``InvalidInput`` if the address is taken.

    With another address, links to the earlier one are good for nothing, and so is what the
    identity provider knew the person by.
    """
    await take_turn(session, account.instance_id)
    told: dict[str, Any] = {}
    if account.name != name:
        told["name"] = [account.name, name]
        account.name = name
    if account.email_key != email.key:
        await _require_free(session, account, email)
        await void_links(session, account)
        account.email_key = email.key
        account.oidc_issuer = account.oidc_subject = None
        told["email address"] = "changed"
    if account.email != email.written:
        told["email address"] = "changed"
        account.email = email.written
    if told:
        await _tell(session, changes, visit, account, {"user": "edited", **told})


async def enable(session: AsyncSession, changes: Changes, visit: Visit, account: Account) -> None:
    """Let them sign in; twice is once."""
    if not account.enabled:
        account.enabled = True
        await _tell(session, changes, visit, account, {"user": "enabled"})


async def disable(session: AsyncSession, changes: Changes, visit: Visit, account: Account) -> None:
    """Shut them out at once, wherever they are signed in; what they own stays theirs."""
    if not account.enabled:
        return
    await _require_others_left(session, visit, account)
    account.enabled = False
    await end_sessions_of(session, account.id)
    await void_links(session, account)
    await _tell(session, changes, visit, account, {"user": "disabled"})


async def set_administrator(
    session: AsyncSession, changes: Changes, visit: Visit, account: Account, *, to: bool
) -> None:
    """Let them administer the whole instance, or no more; twice is once."""
    if account.is_administrator == to:
        return
    if not to:
        await _require_others_left(session, visit, account)
    account.is_administrator = to
    done = "made an administrator" if to else "no administrator any more"
    await _tell(session, changes, visit, account, {"user": done})


async def give_access(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    account: Account,
    *,
    workspace_id: UUID,
    level: Level,
) -> None:
    """Let them into a workspace, or set what they may there."""
    workspace = await load_workspace(session, workspace_id)
    require_in_use(workspace)
    given = insert(WorkspaceAccess).values(
        account_id=account.id,
        workspace_id=workspace_id,
        instance_id=account.instance_id,
        level=level,
    )
    await session.execute(
        given.on_conflict_do_update(
            index_elements=["account_id", "workspace_id"], set_={"level": level}
        )
    )
    told = {"user": "given access", "workspace": workspace.name, "level": level}
    await _tell(session, changes, visit, account, told)


async def remove_access(
    session: AsyncSession, changes: Changes, visit: Visit, account: Account, workspace_id: UUID
) -> None:
    """Shut them out of one workspace, at once; what they own there stays theirs."""
    workspace = await load_workspace(session, workspace_id)
    removed = await session.execute(
        delete(WorkspaceAccess)
        .where(
            WorkspaceAccess.account_id == account.id,
            WorkspaceAccess.workspace_id == workspace_id,
        )
        .returning(WorkspaceAccess.level)
    )
    if removed.first() is None:
        raise NotFound("They have no access to this workspace any more.", mend="Reload the page.")
    told = {"user": "access removed", "workspace": workspace.name}
    await _tell(session, changes, visit, account, told)


async def invite(session: AsyncSession, changes: Changes, visit: Visit, account: Account) -> str:
    """A new link for somebody to set a first password with; returns its token."""
    token = await new_link(session, account, "invitation")
    await _tell(session, changes, visit, account, {"user": "invited"})
    return token


async def reset_password(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    account: Account,
    *,
    second_factor_too: bool = False,
) -> str:
    """Take the password back, end all sessions, and return the token of a link to set another."""
    if account.password_hash is not None and account.oidc_subject is None:
        await _require_others_left(session, visit, account)
    account.password_hash = None
    if second_factor_too:
        account.totp_secret = account.totp_step = None
    await end_sessions_of(session, account.id)
    token = await new_link(session, account, "reset")
    told = {"user": "password reset", "second factor": "removed" if second_factor_too else ""}
    await _tell(session, changes, visit, account, told)
    return token


async def end_all_sessions(
    session: AsyncSession, changes: Changes, visit: Visit, account: Account
) -> None:
    """Sign them out wherever they are signed in."""
    await end_sessions_of(session, account.id)
    await _tell(session, changes, visit, account, {"user": "signed out everywhere"})


async def delete_user(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    account: Account,
    takeover: Takeover | None = None,
) -> None:
    """Take the account away for good, after what it owns went to somebody who may own it.

    ``Conflict`` where it owns something that nobody takes over. The trail keeps ``user:<id>``.
    """
    await _require_others_left(session, visit, account)
    handed_over = await give_all(session, visit, account.account, takeover)
    for table in (AccessToken, WorkspaceChoice, KeptAnswer):
        await session.execute(delete(table).where(table.account == account.account))
    told = {"user": "deleted", "name": account.name, "handed over": handed_over}
    await session.delete(account)
    await _tell(session, changes, visit, account, told)


async def last_administrator(session: AsyncSession, visit: Visit) -> UUID | None:
    """The account without which nobody who could sign in would administer Getint, if there is one.

    Where a Jira is linked its administrators remain, but nobody takes away their own say as the
    last one by mistake.
    """
    which = (
        select(Account.id)
        .where(
            Account.enabled,
            Account.is_administrator,
            Account.password_hash.is_not(None) | Account.oidc_subject.is_not(None),
        )
        .limit(2)
    )
    found = (await session.scalars(which)).all()
    if len(found) != 1:
        return None
    (only,) = found
    is_needed = visit.facts.linked_site is None or visit.caller.account == f"user:{only}"
    return only if is_needed else None


async def _require_others_left(session: AsyncSession, visit: Visit, account: Account) -> None:
    """Raise ``Conflict`` for the last administrator. Whoever comes at the same moment waits."""
    await take_turn(session, account.instance_id)
    if account.id == await last_administrator(session, visit):
        raise Conflict(LAST, title="This is the last administrator", mend=BEFORE)


async def _require_free(session: AsyncSession, account: Account, email: Email) -> None:
    taken = await session.scalar(
        select(Account.id).where(Account.email_key == email.key, Account.id != account.id)
    )
    if taken is not None:
        raise InvalidInput(fields={"email": TAKEN})


async def _tell(
    session: AsyncSession,
    changes: Changes,
    visit: Visit,
    account: Account,
    details: dict[str, Any],
) -> None:
    await session.flush()
    record(session, visit, kind="user", thing_id=account.id, details=details)
    await changes.announce(session, account.instance_id)
