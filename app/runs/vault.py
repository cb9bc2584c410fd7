"""The log vault: lines of a run in sealed chunks, which only the run's own key opens.

A run's key is wrapped by the instance's key and stands in ``Run.wrapped_key``; when it is taken
away, the log is destroyed. Each chunk is bound to its instance, run and number, to how many lines
it has and to whether it is the last one: what was left out, swapped or brought from elsewhere is
noticed. Its nonce is random, not its number: a chunk whose transaction failed is written again
under the same number with other lines, and no nonce may ever be used for two texts.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import OfInstance
from app.encryption import CannotOpen, InstanceKey, RunKey
from app.runs.log_lines import LEVELS, Line, cut, squeezed, unsqueezed
from app.runs.models import OPEN_STATES, LogChunk, Run

CHUNK_SIZE = 256 * 1024
"""Bytes of lines after which a chunk is squeezed, before that."""
MOST_DATA = 4 * 1024 * 1024
"""Squeezed bytes that wait for a flush, beyond which lines are kept without what moved."""
_CHUNKS_AT_ONCE = 8
_MORE, _LAST = b"\x00", b"\x01"


class LogGone(Exception):  # noqa: N818 - says what happened
    """There is no log (any more); the text says why."""


class LogDamaged(Exception):  # noqa: N818 - says what happened
    """What is stored is not what was written: changed, moved, or some of it is missing."""


def begin_log(run: Run, keep_days: int, key: InstanceKey, now: datetime) -> None:
    """Give a run a key for its log, unless it has had one or none is kept.

    ``run`` is locked or new, and has its ``id``.
    """
    if keep_days and run.log_expires_at is None:
        run.wrapped_key = key.new_run_key(run.id)
        run.log_expires_at = now + timedelta(days=keep_days)  # anew when the run ends


async def end_log(session: AsyncSession, run: Run, key: InstanceKey) -> None:
    """Mark the log as complete in the transaction that ends the run, whoever ends it.

    Harmless after ``LogWriter.close`` and where there is no log.
    """
    await LogWriter(run, 0, key).close(session)


class LogWriter:
    """Collects a run's lines and writes them with the transactions that commit its pages.

    ``keep_days`` is the integration's ``keep_logs_days`` of now: with 0, no line is written. What
    is held in memory is bounded: beyond ``MOST_DATA`` lines lose what moved, and beyond twice
    that they are only counted.
    """

    def __init__(
        self,
        run: Run,
        keep_days: int,
        key: InstanceKey,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._instance_id, self._run_id = run.instance_id, run.id
        self._is_kept = keep_days > 0
        self._key = key.run_key(run.wrapped_key, run.id) if run.wrapped_key else None
        self._now = now
        self._open: list[bytes] = []
        self._open_size = 0
        self._full: list[_Squeezed] = []
        self._left_out = 0

    def write(
        self,
        level: str,
        event: str,
        message: str,
        *,
        jira: str = "",
        tool: str = "",
        data: Mapping[str, str] | None = None,
    ) -> None:
        """Add a line; it is kept only if the transaction of the next ``flush`` is."""
        if level not in LEVELS:
            raise ValueError(f"a line's level is one of {', '.join(LEVELS)}")
        if self._key is None or not self._is_kept:
            return
        waiting = sum(len(chunk.small) for chunk in self._full)
        if waiting > 2 * MOST_DATA:
            self._left_out += 1
            return
        kept = data or {}
        if kept and waiting > MOST_DATA:
            kept = {"…": "Left out: more moved at once than a log holds."}
        self._add(
            Line(
                self._now(),
                level,
                event,
                cut(message),
                jira,
                tool,
                {name: cut(value) for name, value in kept.items()},
            )
        )

    async def flush(self, session: AsyncSession) -> None:
        """Write what came since the last flush, as part of the session's transaction."""
        if self._key is not None and (self._open or self._full):
            await self._write(session, self._key, is_last=False)

    async def close(self, session: AsyncSession) -> None:
        """Write what is left and the mark of the end; after it nothing is written any more."""
        if self._key is not None:
            await self._write(session, self._key, is_last=True)

    def _add(self, line: Line) -> None:
        written = line.as_json()
        self._open.append(written)
        self._open_size += len(written)
        if self._open_size >= CHUNK_SIZE:
            self._squeeze()

    def _squeeze(self) -> None:
        self._full.append(_Squeezed(squeezed(self._open), len(self._open)))
        self._open, self._open_size = [], 0

    def _taken(self, *, is_last: bool) -> list["_Squeezed"]:
        if self._left_out:
            told = f"{self._left_out} lines are left out: more moved at once than a log holds."
            self._left_out = 0
            self._add(Line(self._now(), "warning", "lines left out", told))
        if self._open or (is_last and not self._full):
            self._squeeze()
        taken, self._full = self._full, []
        return taken

    async def _write(self, session: AsyncSession, key: RunKey, *, is_last: bool) -> None:
        chunks = self._taken(is_last=is_last)
        first = await self._next_number(session)
        if first is None:
            return
        place = _Place(self._instance_id, self._run_id)
        for number, chunk in enumerate(chunks, first):
            flag = _LAST if is_last and chunk is chunks[-1] else _MORE
            sealed = key.seal(chunk.small, *place.of(number, chunk.lines, flag))
            session.add(
                LogChunk(
                    instance_id=self._instance_id,
                    run_id=self._run_id,
                    number=number,
                    lines=chunk.lines,
                    sealed=flag + sealed,
                )
            )

    async def _next_number(self, session: AsyncSession) -> int | None:
        """The number after the last chunk; None where the log has ended or is destroyed.

        Keeps others off the run's row until the transaction ends, so that nobody else takes the
        same number.
        """
        has_key = await session.scalar(
            select(Run.wrapped_key.is_not(None)).where(Run.id == self._run_id).with_for_update()
        )
        if not has_key:
            return None
        # A statement of its own: the first one may have seen what there was before it had the row.
        found = await session.execute(
            select(LogChunk.number, func.substring(LogChunk.sealed, 1, 1))
            .where(LogChunk.run_id == self._run_id)
            .order_by(LogChunk.number.desc())
            .limit(1)
        )
        newest = found.one_or_none()
        if newest is None:
            return 0
        return None if newest[1] == _LAST else newest[0] + 1


@dataclass(frozen=True, slots=True)
class _Squeezed:
    small: bytes
    lines: int


@dataclass(frozen=True, slots=True)
class _Place:
    """What the chunks of a run are bound to."""

    instance_id: UUID
    run_id: UUID

    def of(self, number: int, lines: int, flag: bytes) -> tuple[object, ...]:
        is_last = "last" if flag == _LAST else "more"
        return ("log_chunks", self.instance_id, self.run_id, number, lines, is_last)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines of a log as they were written."""

    number: int
    lines: Sequence[Line]
    is_last: bool


def why_gone(
    log_expires_at: datetime | None, finished_at: datetime | None, *, has_key: bool, now: datetime
) -> str:
    """Why there is no log of a run (any more), empty where there is one."""
    if log_expires_at is None:
        return "There is no log of this run: it was not begun, or none is kept."
    is_expired = finished_at is not None and log_expires_at <= now
    if not has_key or is_expired:
        return "The log of this run has expired and its key is destroyed."
    return ""


def key_of_log(run: Run, key: InstanceKey, now: datetime) -> RunKey:
    """What opens a run's log; LogGone where there is none (any more), or LogDamaged."""
    has_key = run.wrapped_key is not None
    if reason := why_gone(run.log_expires_at, run.finished_at, has_key=has_key, now=now):
        raise LogGone(reason)
    assert run.wrapped_key is not None  # noqa: S101 - for the type checker
    try:
        return key.run_key(run.wrapped_key, run.id)
    except CannotOpen:
        raise LogDamaged("The key of this log is not this run's.") from None


def open_log(database: OfInstance, run: Run, key: InstanceKey, now: datetime) -> "LogReader":
    """A reader of a run's log; LogGone where there is none (any more), or LogDamaged."""
    return LogReader(database, run.instance_id, run.id, key_of_log(run, key, now))


class LogReader:
    """Reads a run's log from the first chunk that is asked for, a few at a time."""

    def __init__(self, database: OfInstance, instance_id: UUID, run_id: UUID, key: RunKey) -> None:
        self._database = database
        self._place = _Place(instance_id, run_id)
        self._key = key

    async def chunks(self, start: int = 0) -> AsyncIterator[Chunk]:
        """The chunks that there are now, in their order; LogDamaged at the first that is wrong.

        Each few are read in a transaction of their own: whoever reads slowly must not hold a
        connection. A log that has not ended yet just stops, unless its run is over.
        """
        number = start
        while True:
            is_over, rows = await self._some(number)
            for row in rows:
                chunk = self._opened(row, number)
                yield chunk
                if chunk.is_last:
                    return
                number += 1
            if len(rows) < _CHUNKS_AT_ONCE:
                if is_over:
                    raise LogDamaged("The end of this log is missing.")
                return

    async def _some(self, number: int) -> tuple[bool, Sequence[LogChunk]]:
        async with self._database.of_instance(self._place.instance_id) as session:
            # Its state first: what is written after that belongs to the next look.
            state = await session.scalar(select(Run.state).where(Run.id == self._place.run_id))
            rows = await session.scalars(
                select(LogChunk)
                .where(LogChunk.run_id == self._place.run_id, LogChunk.number >= number)
                .order_by(LogChunk.number)
                .limit(_CHUNKS_AT_ONCE)
            )
            return state not in OPEN_STATES, rows.all()

    def _opened(self, row: LogChunk, number: int) -> Chunk:
        flag, sealed = row.sealed[:1], row.sealed[1:]
        if row.number != number:
            raise LogDamaged("A part of this log is missing.")
        try:
            small = self._key.open(sealed, *self._place.of(number, row.lines, flag))
        except CannotOpen:
            raise LogDamaged("A part of this log was changed or is not its own.") from None
        return Chunk(number, unsqueezed(small), flag == _LAST)
