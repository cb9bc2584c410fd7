"""A name for every request, in the answer, in the log and in what a person may quote."""

import re
import secrets
from contextvars import ContextVar

from starlette.types import Scope

RAW_HEADER = b"x-request-id"
CURRENT: ContextVar[str] = ContextVar("request_id", default="")
_VALID = re.compile(rb"[A-Za-z0-9._-]{8,64}").fullmatch


def current_request_id() -> str:
    """The id of the request being answered; empty outside of one."""
    return CURRENT.get()


def taken_over(scope: Scope) -> str:
    """The id that the request came with if it is well-formed, else a new one."""
    for name, value in scope["headers"]:
        if name == RAW_HEADER and _VALID(value):
            return str(value, "ascii")
    return secrets.token_hex(16)
