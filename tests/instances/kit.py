"""Lifecycle events as Atlassian sends them, for a store that is asked directly."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connect import LifecycleEvent, UsedToken

CLIENT_KEY = "11111111-2222-4333-8444-555555555555"
BASE_URL = "https://acme.atlassian.net"
SECRET = "a shared secret of thirty-two ch"


def event(event_type: str, **fields: Any) -> LifecycleEvent:
    """An event; fields by their JSON names, None leaves one out."""
    body: dict[str, Any] = {
        "eventType": event_type,
        "key": "com.getint.jira",
        "clientKey": CLIENT_KEY,
        "baseUrl": BASE_URL,
        **({"sharedSecret": SECRET} if event_type == "installed" else {}),
        **fields,
    }
    return LifecycleEvent.model_validate(
        {name: value for name, value in body.items() if value is not None}
    )


def fresh_token(*, expires_in: int = 180) -> UsedToken:
    """A token that nobody has used."""
    return UsedToken(secrets.token_bytes(32), int(datetime.now(UTC).timestamp()) + expires_in)


@dataclass
class Clock:
    """A wall clock that stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)
