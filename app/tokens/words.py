"""How a token is written, what it is good for, and how long it lasts."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.access import Effect
from app.encryption import digest

PREFIX = "getint"
_SECRET_BYTES = 32
_LONGEST = 200
_SHOWN = 4


class Scope(StrEnum):
    """What a token is good for, as people choose it. Each is what it says and no other."""

    READ = "read"
    WRITE = "write"
    ADMINISTER = "administer"

    @property
    def effect(self) -> Effect:
        """The effect of the permission table that it stands for."""
        return _EFFECTS[self]


_EFFECTS: Mapping[Scope, Effect] = {
    Scope.READ: Effect.READ,
    Scope.WRITE: Effect.CHANGE,
    Scope.ADMINISTER: Effect.ADMINISTER,
}


class Lasts(StrEnum):
    """For how many days a token may be made. There is none without an end."""

    A_WEEK = "7"
    A_MONTH = "30"
    A_QUARTER = "90"
    A_YEAR = "365"

    @property
    def time(self) -> timedelta:
        """As a span of time."""
        return timedelta(days=int(self))


class Written(NamedTuple):
    """A token as it came: whose instance it says it is of, and the hash of the whole."""

    instance_id: UUID
    hash: bytes


def new_token(instance_id: UUID) -> str:
    """A token that nobody has yet, of this instance."""
    return f"{PREFIX}_{instance_id.hex}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def ending_of(token: str) -> str:
    """By which people tell it from their others."""
    return token[-_SHOWN:]


def written(token: str) -> Written | None:
    """What can be read from a token, None where it is none of ours."""
    prefix, _, rest = token.partition("_")
    instance, _, secret = rest.partition("_")
    if prefix != PREFIX or len(token) > _LONGEST or not secret:
        return None
    try:
        return Written(UUID(hex=instance), digest(token))
    except ValueError:
        return None


def told_apart(name: str, ending: str) -> str:
    """A token in the trail."""
    return f"{name} (…{ending})"


def scopes_of(effects: Iterable[str]) -> list[Scope]:
    """The words for stored effects, in their order."""
    held = set(effects)
    return [scope for scope in Scope if scope.effect in held]
