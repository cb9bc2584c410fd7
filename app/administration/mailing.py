"""Sends links by mail, through the queue, so that no page waits for a mail server.

The job is put in the transaction that makes the link. It holds the link sealed with the instance's
key: whoever reads the queue's table opens nothing with it.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from uuid import UUID

import structlog
from procrastinate import RetryStrategy
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.links import Purpose, account_of_link, address_of
from app.administration.mail import MailServer, NotDelivered, Words, letter
from app.administration.models import Account
from app.audit.models import AuditEntry
from app.encryption import CannotOpen
from app.house import House
from app.instances.facts import InstanceFacts
from app.runs.queue import put_mail

MOST_TRIES = 8
AGAIN = RetryStrategy(
    max_attempts=MOST_TRIES, linear_wait=60, wait=15, retry_exceptions=[NotDelivered]
)
"""Over half an hour; a link of a reset is good for an hour."""
NOT_DELIVERED = "mail: not delivered"
_log = structlog.stdlib.get_logger("app.mail")
_IF_NOT = "If you did not expect this, you need not do anything."
_WORDS: dict[Purpose, Words] = {
    "invitation": Words(
        subject="You are invited to Getint",
        why="An administrator has made you an account in Getint, which keeps Jira and other tools "
        "in step.",
        do="set your password.",
        within="7 days",
        otherwise=_IF_NOT,
    ),
    "reset": Words(
        subject="Set a new password for Getint",
        why="Somebody asked for a new password for your account in Getint.",
        do="set it.",
        within="an hour",
        otherwise=_IF_NOT,
    ),
}


@dataclass(frozen=True, slots=True)
class _Opened:
    purpose: Purpose
    token: str


async def mail_link(
    session: AsyncSession, facts: InstanceFacts, account: Account, purpose: Purpose, token: str
) -> None:
    """Send the link to the account's address, if the transaction of ``session`` is kept."""
    plain = f"{purpose} {token}".encode()
    args = {
        "instance_id": str(account.instance_id),
        "account_id": str(account.id),
        "link": facts.key.seal(plain, *_place(account.id)).hex(),
    }
    await put_mail(session, args)


async def deliver_link(
    house: House, instance_id: UUID, account_id: UUID, sealed: str, tries: int
) -> None:
    """Hand it to the mail server; ``NotDelivered`` to try again, a line in the trail at the end.

    A link that is good for nothing any more is not sent.
    """
    server = MailServer.of(house.settings)
    facts = await house.directory.of_instance(instance_id)
    if server is None or facts is None:
        _log.warning("mail not sent", instance=instance_id, why="there is no mail server")
        return
    try:
        opened = _open(facts, account_id, sealed)
    except CannotOpen:
        _log.warning("mail not sent", instance=instance_id, why="it was sealed by another key")
        return
    async with house.database.of_instance(instance_id) as session:
        account = await account_of_link(session, opened.token)
    if account is None:
        return
    try:
        await server.send(_letter(house, account, opened))
    except NotDelivered as failed:
        _log.warning("mail not delivered", instance=instance_id, account=account_id, tries=tries)
        if not failed.for_good and tries < MOST_TRIES:
            raise
        await _note(house, account, opened.purpose)


def _letter(house: House, account: Account, opened: _Opened) -> EmailMessage:
    settings = house.settings
    assert settings.mail_from is not None  # noqa: S101 - belongs to the server's address
    to = f"{account.email.rpartition('@')[0]}@{account.email_key.rpartition('@')[2]}"
    address = address_of(settings.app_base_url, opened.token)
    return letter(settings.mail_from, to, account.name, _WORDS[opened.purpose], address)


async def _note(house: House, account: Account, purpose: Purpose) -> None:
    """Tell administrators, in the trail, that somebody waits for a mail that will not come."""
    async with house.database.of_instance(account.instance_id) as session:
        session.add(
            AuditEntry(
                instance_id=account.instance_id,
                account="getint",
                door="getint",
                action=NOT_DELIVERED,
                thing_kind="user",
                thing_id=str(account.id),
                allowed=True,
                reason="GRANTED",
                details={"mail": purpose},
            )
        )


def _open(facts: InstanceFacts, account_id: UUID, sealed: str) -> _Opened:
    purpose, _, token = (
        facts.key.open(bytes.fromhex(sealed), *_place(account_id)).decode().partition(" ")
    )
    return _Opened("invitation" if purpose == "invitation" else "reset", token)


def _place(account_id: UUID) -> tuple[object, ...]:
    return ("account_links", account_id, "mail")
