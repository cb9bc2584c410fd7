"""Passwords, argon2id, hashed off the event loop."""

import asyncio
import contextlib
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from app.errors import InvalidInput

_HASHER = PasswordHasher()  # RFC 9106, low memory: 64 MiB, three passes
_NICENESS = 15


def _step_back() -> None:
    """Let pages go first: of a busy core, whoever signs in gets what is left."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        this = threading.get_native_id()
        with contextlib.suppress(OSError):  # nobody is kept out for want of manners
            niceness = max(_NICENESS, os.getpriority(os.PRIO_PROCESS, this))
            os.setpriority(os.PRIO_PROCESS, this, niceness)


# Each takes 64 MiB and a tenth of a second: whoever sends many must not take the machine.
_TWO_AT_ONCE = ThreadPoolExecutor(2, "passwords", _step_back)
# Of a password that nobody has, so that an unknown e-mail address takes as long as a known one.
_NOBODYS = _HASHER.hash(secrets.token_urlsafe())

Result = TypeVar("Result")
SHORTEST, LONGEST = 12, 200
TOO_SHORT = f"A password has at least {SHORTEST} characters."
TOO_EASY = "This is among the first that somebody would try. Choose another, such as a few words."
# What zxcvbn finds with its lists of passwords that were stolen elsewhere, names and words. Its
# time grows with the square of the length, and what is this long is not guessed.
_LEAST_GUESSES_LOG10 = 7
_LOOKED_AT = 64


async def matches(known: str | None, password: str) -> bool:
    """Whether it is the password; as long in coming when there is none."""
    found = await _in_turn(_verified, known or _NOBODYS, password)
    return found and known is not None


async def hashed(password: str) -> str:
    """In PHC form."""
    return await _in_turn(hash_of, password)


async def chosen(password: str, about: Iterable[str], *, field: str = "password") -> str:
    """In PHC form; ``InvalidInput`` at ``field`` for one that nobody should choose."""
    if wrong := await why_not(password, about):
        raise InvalidInput(fields={field: wrong})
    return await hashed(password)


async def why_not(password: str, about: Iterable[str]) -> str:
    """Why nobody should choose it; empty if they may. ``about`` is known of the person."""
    if len(password) < SHORTEST:
        return TOO_SHORT
    # Python all through: it would hold up who waits for the interpreter if it stepped back.
    return await asyncio.to_thread(_why_easy, password, list(about))


async def _in_turn(work: Callable[..., Result], *given: object) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_TWO_AT_ONCE, work, *given)


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


def _why_easy(password: str, about: list[str]) -> str:
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=about)
    return TOO_EASY if found["guesses_log10"] < _LEAST_GUESSES_LOG10 else ""
