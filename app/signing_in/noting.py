"""What people do with their own account, in the trail of their instance."""

from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Door
from app.administration.models import Account
from app.audit.models import AuditEntry

Event = Literal[
    "signed in",
    "password set",
    "second factor set up",
    "second factor removed",
    "other sessions ended",
]


def note(session: AsyncSession, account: Account, event: Event, **details: Any) -> None:
    """Add an entry; it is kept only if the transaction is."""
    session.add(
        AuditEntry(
            instance_id=account.instance_id,
            account=account.account,
            door=Door.ACCOUNT,
            action=f"account: {event}",
            thing_kind="user",
            thing_id=str(account.id),
            allowed=True,
            reason="GRANTED",
            details=details,
        )
    )
