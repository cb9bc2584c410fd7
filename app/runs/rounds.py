"""What has to be done again and again for all customers, by whichever worker comes first."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TypeVarTuple
from uuid import UUID

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import Row, Select, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.instances.directory import Directory
from app.instances.licence import REFRESH_AFTER, Licences
from app.instances.models import Installation
from app.metrics import RUNS_RESCUED
from app.runs.life import locked, start_unchecked
from app.runs.models import LogChunk, Run, Schedule
from app.runs.queue import look_now, put
from app.runs.work import CAN_GO_ON, LOST
from app.support.force import end_shares_unchecked, take_turn
from app.support.models import RunShare

Columns = TypeVarTuple("Columns")
_AT_ONCE = 500
_REFRESHES_AT_ONCE = 5
_IN_NO_QUEUE = text(
    "NOT EXISTS (SELECT FROM procrastinate_jobs job WHERE job.args ->> 'run_id' = runs.id::text"
    " AND job.status IN ('todo', 'doing'))"
)
_log = structlog.stdlib.get_logger("app.runs")


async def rescue(app: App, database: Database, lost_after_s: float) -> int:
    """Queue again the runs of workers that fell silent; how many there were.

    Also finds every other run that nobody would come back to, however that came about.
    """
    silent = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=lost_after_s)
    for job in silent:
        assert job.id is not None  # noqa: S101 - it was read from the table
        with contextlib.suppress(ConnectorException):  # it ended after all
            await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
    async with database.housekeeping() as session:
        forgotten = await _rows(
            session,
            select(Run.instance_id, Run.id).where(
                Run.state.in_((*CAN_GO_ON, "cancelling")), _IN_NO_QUEUE
            ),
        )
    for instance_id, run_id in forgotten:
        async with database.of_instance(instance_id) as session:
            run = await locked(session, run_id)
            if run is not None and run.state in CAN_GO_ON:
                await put(session, run)
            elif run is not None and run.state == "cancelling":
                await look_now(session, run)
    if forgotten:
        RUNS_RESCUED.inc(len(forgotten))
        _log.info("runs rescued", runs=[str(row.id) for row in forgotten])
    return len(forgotten)


async def start_due(database: Database) -> int:
    """Start what is due; how many runs that made. The next time is jittered by a tenth."""
    async with database.housekeeping() as session:
        due = await _rows(
            session,
            select(Schedule.instance_id, Schedule.integration_id)
            .where(
                Schedule.due_at <= func.now(),
                Schedule.instance_id.in_(
                    select(Installation.instance_id).where(Installation.uninstalled_at.is_(None))
                ),
            )
            .order_by(Schedule.due_at),
        )
    started = 0
    for instance_id, integration_id in due:
        try:
            started += await _start_one(database, instance_id, integration_id)
        except LOST as error:
            _log.warning("not started", kind=type(error).__name__, integration=integration_id)
    return started


async def _start_one(database: Database, instance_id: UUID, integration_id: UUID) -> bool:
    async with database.of_instance(instance_id) as session:
        ours = await session.scalar(
            update(Schedule)
            .where(Schedule.integration_id == integration_id, Schedule.due_at <= func.now())
            .values(
                due_at=func.now()
                + Schedule.every_minutes * text("(0.95 + random() * 0.1) * interval '1 minute'")
            )
            .returning(Schedule.integration_id)
        )
        if ours is None:  # another worker was faster, or it was switched off
            return False
        run = await start_unchecked(session, instance_id, integration_id, "schedule")
        return run is not None


async def destroy_expired_logs(database: Database) -> int:
    """Destroy the keys of logs that were kept long enough, also support's, and what they sealed."""
    async with database.housekeeping() as session:
        expired = await _rows(
            session,
            select(Run.instance_id, Run.id).where(
                Run.wrapped_key.is_not(None),
                Run.log_expires_at <= func.now(),
                Run.finished_at.is_not(None),
            ),
        )
    for instance_id, run_id in expired:
        async with database.of_instance(instance_id) as session:
            await take_turn(session, instance_id)
            await session.execute(update(Run).where(Run.id == run_id).values(wrapped_key=None))
            await session.execute(delete(LogChunk).where(LogChunk.run_id == run_id))
            await end_shares_unchecked(session, RunShare.run_id == run_id, by=None)
    return len(expired)


async def refresh_licences(database: Database, directory: Directory, licences: Licences) -> int:
    """Ask Jira for every licence that was learnt more than an hour ago; how many there were."""
    async with database.housekeeping() as session:
        old = await _rows(
            session,
            select(Installation.client_key)
            .where(
                Installation.uninstalled_at.is_(None),
                Installation.superseded_at.is_(None),
                Installation.enabled,
                or_(
                    Installation.licence_learnt_at.is_(None),
                    Installation.licence_learnt_at <= func.now() - REFRESH_AFTER,
                ),
            )
            .order_by(func.random()),  # sites that never answer must not stand before all others
        )
    turns = asyncio.Semaphore(_REFRESHES_AT_ONCE)

    async def refresh(client_key: str) -> None:
        async with turns:
            facts = await directory.load(client_key)
            if facts is not None:
                await licences.check_again(facts)

    done = await asyncio.gather(*(refresh(row.client_key) for row in old), return_exceptions=True)
    for error in done:
        if isinstance(error, BaseException):
            _log.warning("licence not refreshed", kind=type(error).__name__)
    return len(old)


async def _rows(session: AsyncSession, statement: Select[*Columns]) -> Sequence[Row[*Columns]]:
    return (await session.execute(statement.limit(_AT_ONCE))).all()
