"""The trail as a file: CSV for spreadsheets, JSON lines for programs. Written while it is read."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC
from typing import Literal

from sqlalchemy import Select

from app.audit.models import AuditEntry
from app.audit.reading import in_parts, named
from app.audit.words import name_of, why
from app.house import House
from app.identity.people import Person
from app.identity.visit import Visit

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}
COLUMNS = (
    "time",
    "account",
    "person",
    "door",
    "action",
    "thing_kind",
    "thing_id",
    "allowed",
    "reason",
    "explanation",
    "details",
)
# What a spreadsheet would take for a formula (OWASP: CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


async def exported(
    house: House, visit: Visit, statement: Select[AuditEntry], form: Format
) -> AsyncIterator[str]:
    """The file, piece by piece; what is held in memory does not grow with the trail."""
    write = {"csv": csv_lines, "jsonl": json_lines}[form]
    if form == "csv":
        yield csv_lines([COLUMNS])
    names = Names(house, visit)
    prefix = house.settings.group_prefix
    async for part in in_parts(house, visit.caller.instance_id, statement):
        people = await names.of({entry.account for entry in part})
        yield write([_values(entry, people, prefix) for entry in part])


class Names:
    """Names for one export: each person is asked for once, also one that Jira does not know."""

    def __init__(self, house: House, visit: Visit) -> None:
        self._house = house
        self._visit = visit
        self._known: dict[str, Person] = {}

    async def of(self, accounts: set[str]) -> Mapping[str, Person]:
        """Names of at least these accounts."""
        if new := accounts - self._known.keys():
            self._known |= await named(self._house, self._visit, new)
        return self._known


def csv_lines(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV that no spreadsheet takes for formulas."""
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def json_lines(rows: Sequence[Sequence[object]]) -> str:
    """One JSON object a line."""
    return "".join(
        json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
    )


def _values(entry: AuditEntry, people: Mapping[str, Person], group_prefix: str) -> list[object]:
    return [
        entry.at.astimezone(UTC).isoformat(),
        entry.account,
        name_of(entry.account, people),
        entry.door,
        entry.action,
        entry.thing_kind,
        entry.thing_id,
        entry.allowed,
        entry.reason,
        why(entry, group_prefix),
        entry.details,
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
