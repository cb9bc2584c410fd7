"""Lines of a text that GitLab obeys instead of storing: `/close` in a comment closes the issue."""

import re
from typing import Any

FENCE = re.compile(r"^\s*(```|~~~)")
ACTION = re.compile(r"^/(\w+)(?:\s+(.*))?$")
NAME = re.compile(r'~(?:"([^"]+)"|(\S+))')


def taken_out(text: str) -> tuple[str, dict[str, Any]]:
    """The text that stays, and the changes it asked for, by name of parameter.

    Known here: close, reopen, title, label, unlabel, due, confidential. Code is left alone.
    """
    kept: list[str] = []
    changes: dict[str, Any] = {}
    fenced = False
    for line in text.split("\n"):
        if FENCE.match(line):
            fenced = not fenced
        found = None if fenced else ACTION.match(line.rstrip())
        change = _change(found[1], (found[2] or "").strip()) if found else None
        if change is None:
            kept.append(line)
        else:
            changes |= change
    return ("\n".join(kept).strip() if changes else text), changes


def _change(name: str, value: str) -> dict[str, Any] | None:
    labels = [quoted or plain for quoted, plain in NAME.findall(value)]
    known: dict[str, dict[str, Any]] = {
        "close": {"state_event": "close"},
        "reopen": {"state_event": "reopen"},
        "confidential": {"confidential": True},
        "title": {"title": value},
        "label": {"add_labels": labels},
        "unlabel": {"remove_labels": labels},
        "due": {"due_date": value},
    }
    needs_value = name in ("title", "label", "unlabel", "due")
    return None if needs_value and not value else known.get(name)
