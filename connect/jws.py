"""Compact JSON Web Signatures (RFC 7515), read strictly: one token, one reading.

Ours because the token check is on the path of every request and costs a fifth of a general
library's; `tests/connect` holds it against PyJWT. Nothing here decides whether a token is good.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from connect.refusals import TokenProblem, TokenRefused

MAX_TOKEN_CHARS = 8 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+").fullmatch


@dataclass(frozen=True, slots=True)
class Jws:
    """A token taken apart; no part of it is to be believed before its signature is checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


def parse_token(token: str) -> Jws:
    """Take a token apart without believing it. Raises TokenRefused(malformed)."""
    if len(token) > MAX_TOKEN_CHARS:
        raise _malformed("is longer than 8 KiB")
    if not _TOKEN(token):
        raise _malformed("is not three base64url parts")
    signing_input, _, signature = token.rpartition(".")
    header, _, payload = signing_input.partition(".")
    return Jws(
        _header(header),
        _json_object(_decode(payload)),
        signing_input.encode("ascii"),
        _decode(signature),
    )


def encode_bytes(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=64)  # hosts send the same few headers again and again
def _header(segment: str) -> Mapping[str, Any]:
    header = _json_object(_decode(segment))
    if "crit" in header:
        raise _malformed("names critical extensions, of which none is known here")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise _malformed("is not of type JWT")
    return header


def _decode(segment: str) -> bytes:
    try:
        raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise _malformed("is not base64url") from None
    # Spare bits in the last character would give one token several spellings.
    if encode_bytes(raw) != segment:
        raise _malformed("is not canonical base64url")
    return raw


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _no_constants(_name: str) -> NoReturn:
    raise ValueError


_JSON = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constants)


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = _JSON.decode(raw.decode())
    except (ValueError, RecursionError):
        raise _malformed("does not hold unambiguous JSON") from None
    if not isinstance(value, dict):
        raise _malformed("does not hold a JSON object")
    return value


def _malformed(what: str) -> TokenRefused:
    return TokenRefused(TokenProblem.MALFORMED, f"The token {what}.")
