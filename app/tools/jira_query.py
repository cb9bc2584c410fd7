"""What Jira is asked: JQL that never leaves its project."""

import re
from datetime import datetime

from app.tools.rounds import Round, milliseconds
from app.tools.side import ItemRejected

_QUOTED = r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'"
_PARTS = re.compile(
    rf"(?P<quoted>{_QUOTED})|(?P<sign>[()\"'\\])|(?P<order>\border\s+by\b)",
    re.IGNORECASE | re.DOTALL,
)


def conditions_of(jql: str) -> str:
    """The owner's JQL without its ORDER BY.

    Raises ItemRejected where its brackets or quotes do not close, or may not mean what they seem
    to: put into ours, such a query could reach beyond the project.
    """
    depth = 0
    for found in _PARTS.finditer(jql):
        if found["order"] and depth == 0:
            jql = jql[: found.start()]
            break
        if found["sign"] == "\\":
            raise ItemRejected("A backslash in the JQL filter stands outside of quotation marks.")
        if found["sign"] in {'"', "'"}:
            raise ItemRejected("A quotation mark in the JQL filter does not close.")
        depth += {"(": 1, ")": -1}.get(found["sign"] or "", 0)
        if depth < 0:
            break
    if depth != 0:
        raise ItemRejected("The brackets in the JQL filter do not match.")
    return jql.strip()


def found_by(project: str, jql: str, further: str = "") -> str:
    """Everything of a project that the owner's JQL finds, and that is ``further``."""
    parts = [_in_project(project)]
    if conditions := conditions_of(jql):
        parts.append(f"({conditions})")
    if further:
        parts.append(further)
    return " AND ".join(parts)


def page_of(project: str, jql: str, here: Round) -> str:
    """The query for the next page of changes.

    Times are written in milliseconds: dates in JQL are read in the time zone of the account.
    """
    further = [] if here.since is None else [f"updated >= {here.since}"]
    if here.after:
        further.append(f"key > {here.after[0]}")
    return f"{found_by(project, jql, ' AND '.join(further))} ORDER BY key ASC"


def made_by_us(project_id: str, since: datetime) -> str:
    """What the account of this connection made since then, the oldest first."""
    return (
        f"project = {project_id} AND creator = currentUser() "
        f"AND created >= {milliseconds(since)} ORDER BY key ASC"
    )


def _in_project(key_or_id: str) -> str:
    # An id is a number; a key may be a word of JQL, such as IN.
    return f"project = {key_or_id if key_or_id.isdecimal() else quoted(key_or_id)}"


def quoted(text: str) -> str:
    """A text as JQL's string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
