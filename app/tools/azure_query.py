"""What Azure DevOps is asked: WIQL that never leaves its project."""

import re
from datetime import datetime

from app.tools.rounds import Round
from app.tools.side import ItemRejected

# As many as one request for their fields takes.
PAGE = 200
# More than this WIQL refuses to answer at all.
MOST_FOUND = 19_999
_HEAD = re.compile(r"\s*select\b.*?\bwhere\b", re.IGNORECASE | re.DOTALL)
_PARTS = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|\[[^\]]*\])"""
    r"""|(?P<sign>[()\["'])|(?P<end>\border\s+by\b)|(?P<odd>\basof\b|\bmode\b|--|/\*)""",
    re.IGNORECASE | re.DOTALL,
)


def conditions_of(wiql: str) -> str:
    """The owner's conditions, without SELECT and ORDER BY around them.

    Raises ItemRejected where brackets or quotes do not close: put into ours, such a query could
    reach beyond the project.
    """
    head = _HEAD.match(wiql)
    wiql = wiql[head.end() :] if head else wiql
    depth = 0
    for found in _PARTS.finditer(wiql):
        if found["end"] and depth == 0:
            wiql = wiql[: found.start()]
            break
        if found["odd"]:
            raise ItemRejected(f"The WIQL filter may not have “{found['odd']}” in it.")
        if found["sign"] in {"'", '"', "["}:
            raise ItemRejected("A quotation mark or bracket in the WIQL filter does not close.")
        depth += {"(": 1, ")": -1}.get(found["sign"] or "", 0)
        if depth < 0:
            break
    if depth != 0:
        raise ItemRejected("The brackets in the WIQL filter do not match.")
    return wiql.strip()


def page_of(project: str, wiql: str, here: Round) -> str:
    """The query for the next page of changes, in the order of ids."""
    further = []
    if here.since_moment is not None:
        further.append(f"[System.ChangedDate] >= '{utc(here.since_moment)}'")
    if here.after:
        further.append(f"[System.Id] > {int(here.after[0])}")
    return _found_by(project, wiql, further)


def beyond(project: str, wiql: str, last_id: int) -> str:
    """Everything that the owner's filter finds after this id."""
    return _found_by(project, wiql, [f"[System.Id] > {last_id}"])


def made_by_us(project: str, since: datetime, last_id: int) -> str:
    """What the account of this connection made since then, after this id."""
    created = f"[System.CreatedDate] >= '{utc(since)}'"
    return _found_by(project, "", [created, "[System.CreatedBy] = @me", f"[System.Id] > {last_id}"])


def newest_of(project: str) -> str:
    """The last that was made, first."""
    return f"{_found_by(project, '', [])} DESC"


def utc(moment: datetime) -> str:
    """As WIQL reads times with ``timePrecision``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _found_by(project: str, wiql: str, further: list[str]) -> str:
    name = project.replace("'", "''")
    parts = [f"[System.TeamProject] = '{name}'"]
    if conditions := conditions_of(wiql):
        parts.append(f"({conditions})")
    where = " AND ".join([*parts, *further])
    return f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.Id]"  # noqa: S608
