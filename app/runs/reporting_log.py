"""A run's log as the page shows it: part by part, each opening noted in the audit trail."""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select

from app.audit.trail import record
from app.errors import InvalidInput, NotFound
from app.house import House
from app.runs.log_lines import LEVELS, Line, Wanted
from app.runs.models import LogChunk
from app.runs.openings import lasts, opening
from app.runs.reporting_guard import AtRun
from app.runs.vault import LogDamaged, LogGone, LogReader, open_log

LINES_AT_ONCE = 200
LONGEST_SHOWN = 2_000
"""Characters of a value on the page; the file has all of it."""
_CHUNKS_AT_ONCE = 50
_MARK = re.compile(r"(\d{1,9})\.(\d{1,9})")


class Mark(NamedTuple):
    """Where to go on in a log: a line of a chunk."""

    chunk: int
    line: int

    def __str__(self) -> str:
        """As an address carries it."""
        return f"{self.chunk}.{self.line}"


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that are wanted, and where the next ones are.

    ``go_on`` is None after the end. ``is_all`` says that there is no more at the moment.
    """

    lines: tuple[Line, ...]
    go_on: Mark | None
    is_all: bool
    problem: str = ""


def why_no_log(house: House, at: AtRun) -> str:
    """Why there is nothing to open, empty where there is."""
    try:
        reader_of(house, at)
    except NotFound as problem:
        return problem.detail
    return ""


def reader_of(house: House, at: AtRun) -> LogReader:
    """The run's log; ``NotFound`` with the reason where there is nothing to open."""
    try:
        return open_log(house.database, at.run, at.visit.facts.key, datetime.now(UTC))
    except (LogGone, LogDamaged) as problem:
        raise NotFound(str(problem)) from None


async def read_part(reader: LogReader, begin: Mark, wanted: Wanted) -> Part:
    """Some lines from ``begin`` on, also where the log turns out to be damaged after them."""
    lines: list[Line] = []
    go_on = begin
    try:
        async for chunk in reader.chunks(begin.chunk):
            first = begin.line if chunk.number == begin.chunk else 0
            for number, line in enumerate(chunk.lines[first:], first + 1):
                if wanted.has(line):
                    lines.append(line)
                if len(lines) == LINES_AT_ONCE:
                    return Part(tuple(lines), Mark(chunk.number, number), is_all=False)
            if chunk.is_last:
                return Part(tuple(lines), None, is_all=True)
            go_on = Mark(chunk.number + 1, 0)
            if go_on.chunk - begin.chunk >= _CHUNKS_AT_ONCE:
                return Part(tuple(lines), go_on, is_all=False)
    except LogDamaged as problem:
        return Part(tuple(lines), None, is_all=True, problem=str(problem))
    return Part(tuple(lines), go_on, is_all=True)


def newest_chunks(run_id: UUID) -> Select[Any]:
    """What ``newest_part`` looks at."""
    columns: Any = (LogChunk.number, LogChunk.lines)
    statement: Select[Any] = select(*columns).where(LogChunk.run_id == run_id)
    return statement.order_by(LogChunk.number.desc()).limit(LINES_AT_ONCE)


def newest_part(rows: Iterable[Any]) -> Mark:
    """Where the last lines begin, as many as are shown at once."""
    first, lines = 0, 0
    for number, in_it in rows:
        if lines >= LINES_AT_ONCE // 2:
            break
        first, lines = number, lines + in_it
    return Mark(first, 0)


async def whole_file(reader: LogReader) -> AsyncIterator[bytes]:
    """The log as JSON lines, chunk by chunk; the last line says so if it is damaged."""
    try:
        async for chunk in reader.chunks():
            if chunk.lines:
                yield b"".join(line.as_json() for line in chunk.lines)
    except LogDamaged as problem:
        yield Line(datetime.now(UTC), "error", "log damaged", str(problem)).as_json()


async def opened(house: House, at: AtRun, how: str, token: str = "") -> str:
    """Note an opening in the trail, unless ``token`` is of one that still lasts; its token."""
    place = ("log opening", at.run.id, at.visit.caller.account)
    key, now = at.visit.facts.key, datetime.now(UTC)
    if token and lasts(key, place, token, now):
        return token
    await note_opening(house, at, {"log": how})
    return opening(key, place, now)


async def note_opening(house: House, at: AtRun, what: dict[str, str]) -> None:
    """Note in the trail that somebody read data of a run."""
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        details = {**what, "integration": at.integration.name}
        record(session, at.visit, kind="run", thing_id=at.run.id, details=details)


def checked_mark(text: str) -> Mark:
    """A mark as an address carries it; ``InvalidInput`` for one that is none."""
    found = _MARK.fullmatch(text)
    if found is None:
        raise InvalidInput("This part of the log does not exist.", mend="Open the log again.")
    return Mark(int(found[1]), int(found[2]))


def checked_wanted(level: str, item: str) -> Wanted:
    """What lines are wanted; ``InvalidInput`` for what the page does not offer."""
    if level not in LEVELS or len(item) > 200 or not item.isprintable():
        raise InvalidInput("There is no such filter.", mend="Open the log again.")
    return Wanted(level, item.strip())
