"""The query string hash: what binds an Atlassian token to one method, path and query.

Rules: https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/
Names are sorted in their encoded form, repeated values before they are encoded and joined by a
comma: what Atlassian's Java host does, and PyPI `atlassian-jwt` with it.
"""

import re
from hashlib import sha256
from urllib.parse import quote, unquote, unquote_plus

# Text that decoding and encoding again would leave as it is, so that both can be skipped.
_ALREADY_CANONICAL = re.compile(
    r"(?:[A-Za-z0-9._~-]++|%(?:[01][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[BCDF]))*+"
).fullmatch


def canonical_request(method: str, path: str, query: str) -> str:
    """`METHOD&path&query`, the text that is hashed.

    `path` is relative to the base URL's path and stays encoded as it was sent; `query` is the raw
    query string without `?`.
    """
    return f"{method.upper()}&{_canonical_path(path)}&{_canonical_query(query) if query else ''}"


def query_string_hash(method: str, path: str, query: str) -> str:
    """Lower-case hexadecimal SHA-256 of the canonical request."""
    return sha256(canonical_request(method, path, query).encode()).hexdigest()


def _canonical_path(path: str) -> str:
    # Without this, /a&b=c and /a?b=c would have the same hash.
    path = path.replace("&", "%26")
    if not path.startswith("/"):
        path = f"/{path}"
    return path[:-1] if len(path) > 1 and path[-1] == "/" else path


def _canonical_query(query: str) -> str:
    parameters: dict[str, list[str]] = {}
    for piece in query.split("&"):
        if piece and not piece.startswith("jwt="):
            name, _, value = piece.partition("=")
            parameters.setdefault(_canonical(name), []).append(_canonical(value))
    parameters.pop("jwt", None)
    return "&".join([f"{name}={_joined(parameters[name])}" for name in sorted(parameters)])


def _joined(values: list[str]) -> str:
    return values[0] if len(values) == 1 else ",".join(sorted(values, key=unquote))


def _canonical(text: str) -> str:
    if _ALREADY_CANONICAL(text):
        return text
    return quote(unquote_plus(text), safe="~")
