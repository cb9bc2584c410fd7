"""`python -m app.administration.first_administrator --email ... --name ...`: the operator's way in.

Makes an administrator's account, in an instance on its own if there is no instance yet, and prints
a one-time link to set its password. For an account that exists it prints a new link, so that nobody
is locked out for good. It needs the settings of the app.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action
from app.administration.emails import Email, NoAddress, email_of
from app.administration.links import address_of, new_link
from app.administration.models import Account
from app.audit.models import AuditEntry
from app.changes import Changes
from app.database import Database, DatabaseUnusable, bind, require_usable_database
from app.encryption import MasterKeys
from app.errors import CannotTell
from app.instances.lifecycle import new_instance, queue_up
from app.instances.models import Instance
from app.integrations.schemas import LONGEST_NAME
from app.settings import Settings, SettingsMissing, load_settings

_TOLD = """Instance ID:  {instance_id}
Sign in at:   {sign_in}
Set the password with this link. It works once, within 7 days:

{link}
"""


class CannotBeDone(Exception):  # noqa: N818 - the text is for the operator
    """What was asked for makes no administrator."""


class Made(NamedTuple):
    """The instance, and the token of the link."""

    instance_id: UUID
    token: str


async def make_administrator(
    database: Database,
    changes: Changes,
    master_keys: MasterKeys,
    *,
    name: str,
    email: Email,
    instance_id: UUID | None,
) -> Made:
    """An enabled administrator with that address, and a link; ``CannotBeDone``."""
    async with database.housekeeping() as session:
        # Two commands at once must not make two instances.
        await queue_up(session, "first administrator")
        instance = await _instance(session, master_keys, instance_id)
        await bind(session, "app.instance_id", str(instance))
        await bind(session, "app.housekeeping", "")
        account = await _account(session, instance, name, email)
        token = await new_link(session, account, "invitation")
        session.add(_entry(account))
        await changes.announce(session, instance)
    return Made(instance, token)


async def _instance(session: AsyncSession, master_keys: MasterKeys, named: UUID | None) -> UUID:
    found = (await session.scalars(select(Instance.id).limit(2))).all()
    if named is not None:
        if await session.scalar(select(Instance.id).where(Instance.id == named)) is None:
            raise CannotBeDone(f"There is no instance {named}.")
        return named
    if len(found) > 1:
        raise CannotBeDone("There are several instances: name one with --instance.")
    if found:
        return found[0]
    made = await new_instance(session, master_keys)
    made.configured_at = datetime.now(UTC)  # what an administrator finishes in Jira is about Jira
    await session.flush()
    return made.id


async def _account(session: AsyncSession, instance_id: UUID, name: str, email: Email) -> Account:
    account = await session.scalar(
        select(Account).where(Account.email_key == email.key).with_for_update()
    )
    if account is None:
        account = Account(
            id=uuid4(),
            instance_id=instance_id,
            name=name,
            email=email.written,
            email_key=email.key,
        )
        session.add(account)
    account.enabled = account.is_administrator = True
    await session.flush()
    return account


def _entry(account: Account) -> AuditEntry:
    return AuditEntry(
        instance_id=account.instance_id,
        account="operator",
        door="command",
        action=Action.MANAGE_USERS,
        thing_kind="user",
        thing_id=str(account.id),
        allowed=True,
        reason="GRANTED",
        details={"user": "made an administrator", "name": account.name},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command with the settings of the environment; 1 with one line if that cannot be."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        require_usable_database(settings)
        name, email = _checked_name(chosen.name), email_of(chosen.email)
        made = asyncio.run(_make(settings, name, email, chosen.instance))
    except (SettingsMissing, DatabaseUnusable, CannotBeDone, NoAddress) as problem:
        return _failed(str(problem))
    except CannotTell as problem:
        return _failed(problem.detail)
    base_url = settings.app_base_url
    told = _TOLD.format(
        instance_id=made.instance_id,
        sign_in=f"{base_url}/sign-in/{made.instance_id}",
        link=address_of(base_url, made.token),
    )
    sys.stdout.write(told)
    return 0


async def _make(settings: Settings, name: str, email: Email, instance_id: UUID | None) -> Made:
    database = Database(settings)
    try:
        return await make_administrator(
            database,
            Changes(settings.libpq_url),
            MasterKeys(settings.master_keys),
            name=name,
            email=email,
            instance_id=instance_id,
        )
    finally:
        await database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.administration.first_administrator",
        description="Make an administrator of Getint, and print a one-time link for them.",
    )
    parser.add_argument("--email", required=True, help="the address they sign in with")
    parser.add_argument("--name", required=True, help="as others see them")
    parser.add_argument("--instance", type=UUID, help="an Instance ID, where there are several")
    return parser


def _checked_name(text: str) -> str:
    name = text.strip()
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise CannotBeDone(f"A name has up to {LONGEST_NAME} letters, on one line.")
    return name


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
