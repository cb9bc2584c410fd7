"""Fingerprints: what a side held when both agreed, by field, as keyed hashes and never content."""

from collections.abc import Callable, Mapping

from app.tools.items import FieldKind, Person, Value

Fingerprint = Callable[[bytes], str]
Prints = Mapping[str, str]
STATUS, PARENT, SEEN = "#status", "#parent", "#seen"
"""Print keys of what is no field; the last holds when the side last changed the item."""


def print_of(fingerprint: Fingerprint, kind: FieldKind, value: Value) -> str:
    """The same for values that mean the same, and only for those."""
    return fingerprint(_plain(kind, value).encode("utf-8", "surrogatepass"))


def same(kind: FieldKind, left: Value, right: Value) -> bool:
    """Whether two values mean the same."""
    return _plain(kind, left) == _plain(kind, right)


def _plain(kind: FieldKind, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Person):
        return value.id
    if isinstance(value, tuple):
        return "\x1f".join(sorted(set(value)))
    if isinstance(value, str):
        return value.strip() if kind is FieldKind.RICH else " ".join(value.split())
    return str(value)
