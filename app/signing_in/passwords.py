"""Passwords, argon2id, hashed off the event loop."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()  # RFC 9106, low memory: 64 MiB, three passes
# Each takes 64 MiB and a tenth of a second: whoever sends many must not take the machine.
_AT_ONCE = 2
# Of a password that nobody has, so that an unknown e-mail address takes as long as a known one.
_NOBODYS = _HASHER.hash(secrets.token_urlsafe())


class Passwords:
    """Checks passwords, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def matches(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password; as long in coming when there is none."""
        async with self._turns:
            found = await asyncio.to_thread(_verified, hashed or _NOBODYS, password)
        return found and hashed is not None


def new_password() -> str:
    """One that nobody guesses: 120 bits."""
    return secrets.token_urlsafe(15)


def hash_of(password: str) -> str:
    """In PHC form. Takes a tenth of a second: for commands, not for the event loop."""
    return _HASHER.hash(password)


def _verified(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
