"""What a worker does with a run when it is its turn: one slice, then to the end of the queue."""

import asyncio
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import CannotTell
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.metrics import SLICE_SECONDS, SLICES
from app.runs.holds import Holds
from app.runs.life import (
    finish_unchecked,
    hold_unchecked,
    locked,
    start_unchecked,
    take_unchecked,
    wait_unchecked,
)
from app.runs.models import Run
from app.runs.queue import put, serve
from app.runs.right import MayNotRun, RightToRun
from app.runs.slices import Engine, SliceOutcome, Turn, failed, wait
from app.runs.vault import begin_log, end_log

CAN_GO_ON = ("waiting", "running", "held")
ASKS_JIRA = (
    "Jira could not be asked whether the owner may still run this. It goes on by itself once Jira "
    "answers."
)
AWAY = "Something that the run needs did not answer. It goes on by itself."
BROKEN = "Getint met a fault of its own. Its makers see it; the next run goes on where it stopped."
_WHILE_AWAY_S = 10.0
_log = structlog.stdlib.get_logger("app.runs")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long a slice lasts, and how often a held run is looked at."""

    slice_s: float = 20.0
    held_s: float = 300.0


class _Found(NamedTuple):
    run: Run
    integration: Integration


class Work:
    """Works on runs with an engine. ``is_leaving`` says whether the worker was asked to end."""

    def __init__(
        self,
        database: Database,
        right: RightToRun,
        holds: Holds,
        engine: Engine,
        *,
        pace: Pace,
        is_leaving: Callable[[], bool],
    ) -> None:
        self._database = database
        self._right = right
        self._holds = holds
        self._engine = engine
        self._pace = pace
        self._is_leaving = is_leaving

    async def take_turn(self, instance_id: UUID, run_id: UUID, turn: int) -> None:
        """Work on the run for a slice if it may be; whoever else holds it goes on instead.

        Raises what a database that is away raises; the run is then found again as it was left.
        """
        async with self._holds.hold(run_id) as is_ours:
            if is_ours:
                await self._work_on(instance_id, run_id, turn)

    async def wake(self, instance_id: UUID, run_id: UUID) -> None:
        """Queue a run that slept; end one that is to be cancelled, if nobody works on it."""
        async with self._database.of_instance(instance_id) as session:
            run = await locked(session, run_id)
            if run is not None and run.state in CAN_GO_ON:
                await put(session, run)
        if run is not None and run.state == "cancelling":
            async with self._holds.hold(run_id) as is_ours:
                if is_ours:
                    await self._end_cancelled(run)

    async def start(self, instance_id: UUID, integration_id: UUID, trigger: str) -> None:
        """Start a run because something changed, if one is wanted."""
        async with self._database.of_instance(instance_id) as session:
            await start_unchecked(session, instance_id, integration_id, trigger)

    async def _work_on(self, instance_id: UUID, run_id: UUID, turn: int) -> None:
        found = await self._found(instance_id, run_id)
        if found is None:
            return
        if found.run.state == "cancelling":
            await self._end_cancelled(found.run)
            return
        try:
            facts = await self._right.require(found.integration)
        except MayNotRun as refusal:
            await self._hold(found.run, str(refusal))
            return
        except CannotTell as error:
            reason = f"{ASKS_JIRA} {error.mend}".strip()
            await self._rest(found.run, error.retry_after or _WHILE_AWAY_S, reason)
            return
        if await self._take(found, facts, turn):
            await self._settle(found.run, facts, await self._slice(facts, found.run))

    async def _found(self, instance_id: UUID, run_id: UUID) -> _Found | None:
        """The run and its integration, unless there is nothing to do."""
        async with self._database.of_instance(instance_id) as session:
            row = await session.execute(
                select(Run, Integration)
                .join(Integration, Integration.id == Run.integration_id)
                .where(Run.id == run_id, Run.state.in_((*CAN_GO_ON, "cancelling")))
            )
            return next((_Found(*found) for found in row), None)

    async def _take(self, found: _Found, facts: InstanceFacts, turn: int) -> bool:
        async with self._database.of_instance(facts.instance_id) as session:
            run = await locked(session, found.run.id)
            if run is None or run.state not in CAN_GO_ON:
                return False
            take_unchecked(run)
            if run.preview_of is None:
                begin_log(run, found.integration.keep_logs_days, facts.key, datetime.now(UTC))
            await serve(session, turn)
            return True

    async def _slice(self, facts: InstanceFacts, run: Run) -> SliceOutcome:
        began = time.monotonic()

        def is_time_up() -> bool:
            # Where something changed, the owner's right is asked for anew before the next page.
            is_over = time.monotonic() - began >= self._pace.slice_s
            return is_over or self._is_leaving() or not self._right.still_stands(facts)

        turn = Turn(run.instance_id, run.integration_id, run.id, is_time_up)
        try:
            outcome = await self._engine(facts, turn)
        except asyncio.CancelledError:
            SLICES.labels("cut off").inc()
            raise
        except Exception as error:
            outcome = _explained(error, run.id)
        SLICES.labels(outcome.kind).inc()
        SLICE_SECONDS.observe(time.monotonic() - began)
        return outcome

    async def _settle(self, seen: Run, facts: InstanceFacts, outcome: SliceOutcome) -> None:
        """Write down what came of the slice, and queue the next one with it."""
        async with self._database.of_instance(seen.instance_id) as session:
            run = await locked(session, seen.id)
            if run is None:
                return
            if run.state == "cancelling":
                await self._finish(session, run, facts, "cancelled")
            elif run.state == "running":
                await self._conclude(session, run, facts, outcome)

    async def _conclude(
        self, session: AsyncSession, run: Run, facts: InstanceFacts, outcome: SliceOutcome
    ) -> None:
        match outcome.kind:
            case "finished":
                await self._finish(session, run, facts, "done", outcome.reason or None)
            case "failed":
                await self._finish(session, run, facts, "failed", outcome.reason)
            case "more":
                await put(session, run)
            case "wait":
                await wait_unchecked(session, run, outcome.wait_s, outcome.reason)
            case "held":
                await hold_unchecked(session, run, self._pace.held_s, outcome.reason)

    async def _end_cancelled(self, seen: Run) -> None:
        facts = await self._right.facts(seen.instance_id)
        async with self._database.of_instance(seen.instance_id) as session:
            run = await locked(session, seen.id)
            if run is not None and run.state == "cancelling":
                await self._finish(session, run, facts, "cancelled")

    async def _finish(
        self,
        session: AsyncSession,
        run: Run,
        facts: InstanceFacts | None,
        state: str,
        reason: str | None = None,
    ) -> None:
        if facts is not None:
            await end_log(session, run, facts.key)
        await finish_unchecked(session, run, state, reason)

    async def _hold(self, seen: Run, reason: str) -> None:
        SLICES.labels("refused").inc()
        async with self._database.of_instance(seen.instance_id) as session:
            run = await locked(session, seen.id)
            if run is not None and run.state in CAN_GO_ON:
                await hold_unchecked(session, run, self._pace.held_s, reason)

    async def _rest(self, seen: Run, seconds: float, reason: str) -> None:
        async with self._database.of_instance(seen.instance_id) as session:
            run = await locked(session, seen.id)
            if run is not None and run.state in CAN_GO_ON:
                await wait_unchecked(session, run, seconds, reason)


def _explained(error: Exception, run_id: UUID) -> SliceOutcome:
    """What an engine that broke off means for the run. An error's text may hold content."""
    kind = type(error).__name__
    if is_away(error):
        _log.warning("a slice broke off", kind=kind, run=run_id)
        return wait(_WHILE_AWAY_S, AWAY)
    _log.error("a slice failed", kind=kind, where=_where(error), run=run_id)
    return failed(BROKEN)


def _where(error: Exception) -> list[str]:
    """The lines of this house that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{at.filename}:{at.lineno}" for at in frames if "site-packages" not in at.filename]


def is_away(error: Exception) -> bool:
    """Whether it means that the database, or what else is needed, can not be reached now."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    lost = (CannotTell, psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError)
    return isinstance(error, lost)


LOST: tuple[type[Exception], ...] = (
    CannotTell,
    SQLAlchemyError,
    ConnectorException,
    psycopg.Error,
    OSError,
)
"""What a database that is away raises outside the engine."""
