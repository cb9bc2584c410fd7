"""Entries of the trail as a person reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import get_args

from app.access import Action, Answer, Decision, Reason
from app.audit.models import AuditEntry
from app.identity.people import Person
from app.signing_in.noting import Event

EVENTS = (
    *(f"lifecycle: {name}" for name in ("installed", "enabled", "disabled", "uninstalled")),
    *(f"support: {name}" for name in ("asked for access", "access ran out", "sharing ran out")),
    "mail: not delivered",
    *(f"account: {event}" for event in get_args(Event)),
)
ACTIONS = (*Action, *EVENTS)
_DOORS = {
    "connect": "from Jira",
    "account": "by signing in",
    "api": "through the API",
    "support": "from the console of support",
    "command": "by a command",
    "getint": "by itself",
}
_NOT_PEOPLE = {
    "atlassian": "Atlassian",
    "getint": "Getint itself",
    "operator": "The operator of Getint",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the page."""

    id: int
    at: str
    at_text: str
    account: str
    name: str
    avatar_url: str
    door: str
    action: str
    allowed: bool
    why: str
    thing_kind: str
    thing_id: str
    details: tuple[tuple[str, str], ...]


def entry_in_words(entry: AuditEntry, people: Mapping[str, Person], group_prefix: str) -> Entry:
    """An entry with the name of its person and the reason in words."""
    person = people.get(entry.account)
    at = entry.at.astimezone(UTC)
    return Entry(
        id=entry.id,
        at=at.isoformat(),
        at_text=f"{at:%Y-%m-%d %H:%M:%S} UTC",
        account=entry.account,
        name=name_of(entry.account, people),
        avatar_url=(person.avatar_url if person else None) or "",
        door=_DOORS.get(entry.door, entry.door),
        action=entry.action[:1].upper() + entry.action[1:],
        allowed=entry.allowed,
        why=why(entry, group_prefix),
        thing_kind=entry.thing_kind or "",
        thing_id=entry.thing_id or "",
        details=tuple(
            (name.replace("_", " "), _text(value))
            for name, value in entry.details.items()
            if value not in (None, "")
        ),
    )


def name_of(account: str, people: Mapping[str, Person]) -> str:
    """Who it was, as far as Jira tells."""
    if account in _NOT_PEOPLE:
        return _NOT_PEOPLE[account]
    person = people.get(account)
    return person.name if person else account


def why(entry: AuditEntry, group_prefix: str) -> str:
    """The reason of a refusal in the words that the person was told; nothing for a yes."""
    if entry.allowed or entry.reason not in Reason.__members__:
        return ""
    known = entry.action in set(Action)
    action = Action(entry.action) if known else Action.OPEN_APP
    reason = Reason[entry.reason]
    return Decision(action, Answer.NO, reason, group_prefix=group_prefix).reason_text


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(
            f"{name.replace('_', ' ')}: {_text(inner)}" for name, inner in value.items()
        )
    if isinstance(value, list):
        return " to ".join(_text(inner) or "nothing" for inner in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
