"""The queue: procrastinate on the app's own PostgreSQL. Jobs hold ids, or what is sealed.

A job is put on the connection of the session that changes the run, so that there is a job exactly
if the change is kept. Customers take turns: each slice gets a turn number (the job's negative
priority), one after the customer's last one and never before the turn that is being served. So who
has a hundred runs waiting is as far from the counter as who has one.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.runs.models import Run

SLICES_OF_ONE_INSTANCE = 3
"""How many slices of one customer are worked on at the same time, by all workers together."""

RUNS, HOUSE, MAIL = "runs", "house", "mail"
"""The queue of slices, that of everything short that must not wait behind slices, and that of mail,
which waits for others' servers."""


class Task(NamedTuple):
    """A task's name in the table of jobs and the queue it belongs to."""

    name: str
    queue: str


WORK = Task("work_on_run", RUNS)
WAKE = Task("wake_run", HOUSE)
START = Task("start_run", HOUSE)
SEND = Task("send_link", MAIL)

_PUT = text(
    "SELECT put_job(:queue, :task, :priority, :lock, :queueing_lock, CAST(:args AS jsonb), :in_s)"
)
_NEXT_TURN = text(
    "SELECT greatest((SELECT turn FROM turn_now), (SELECT max(-priority) + 1"
    " FROM procrastinate_jobs WHERE queue_name = 'runs' AND status IN ('todo', 'doing')"
    " AND args ->> 'instance_id' = :instance_id))"
)
_SERVE = text("UPDATE turn_now SET turn = :turn WHERE turn < :turn")
_DEPTH = text(
    "SELECT count(*) FILTER (WHERE job.queue_name = 'runs' AND job.status = 'todo') AS waiting,"
    " count(*) FILTER (WHERE job.queue_name = 'runs' AND job.status = 'doing') AS worked_on,"
    " count(*) FILTER (WHERE job.task_name = 'wake_run' AND job.status = 'todo') AS sleeping,"
    " coalesce(extract(epoch FROM now() - min(event.at) FILTER"
    " (WHERE job.queue_name = 'runs' AND job.status = 'todo')), 0)::float AS oldest_s"
    " FROM procrastinate_jobs job LEFT JOIN procrastinate_events event"
    " ON event.job_id = job.id AND event.type = 'deferred'"
    " WHERE job.status IN ('todo', 'doing')"
)


@dataclass(frozen=True, slots=True)
class Depth:
    """Slices that wait for their turn and that are worked on, runs that sleep until a time.

    ``oldest_s`` is how long the slice has waited that waits longest.
    """

    waiting: int
    worked_on: int
    sleeping: int
    oldest_s: float


async def put(session: AsyncSession, run: Run) -> None:
    """Queue a slice of ``run`` behind its customer's others, unless one is waiting already."""
    turn = await session.scalar(_NEXT_TURN, {"instance_id": str(run.instance_id)})
    slot = run.integration_id.int % SLICES_OF_ONE_INSTANCE
    lock = f"{run.instance_id}/{slot}"
    await _put(session, WORK, _args(run), f"work {run.id}", priority=-turn, lock=lock)


async def put_later(session: AsyncSession, run: Run, seconds: float) -> None:
    """Queue ``run`` in some seconds. Until then it stands in nobody's way.

    (A slice that waits for its time would block all others that have the same lock.)
    """
    await _put(session, WAKE, _args(run), f"wake {run.id}", in_s=seconds)


async def look_now(session: AsyncSession, run: Run) -> None:
    """Let somebody look at ``run`` at once, whether or not it is its turn: it is to be ended."""
    await _put(session, WAKE, _args(run), f"look at {run.id}")


async def put_start(
    session: AsyncSession, instance_id: UUID, integration_id: UUID, trigger: str, seconds: float
) -> None:
    """Start a run in some seconds; asked for again before that, it is still one."""
    args = {
        "instance_id": str(instance_id),
        "integration_id": str(integration_id),
        "trigger": trigger,
    }
    await _put(session, START, args, f"start {integration_id}", in_s=seconds)


async def put_mail(session: AsyncSession, args: dict[str, str]) -> None:
    """Send something by mail, once for each time this is asked for."""
    await _put(session, SEND, args, f"mail {uuid4()}")


async def serve(session: AsyncSession, turn: int) -> None:
    """Note that this turn is served now: whoever comes new is not put before it."""
    await session.execute(_SERVE, {"turn": turn})


async def depth(session: AsyncSession) -> Depth:
    """How much there is to do now, of all customers."""
    row = (await session.execute(_DEPTH)).one()
    return Depth(row.waiting, row.worked_on, row.sleeping, row.oldest_s)


def _args(run: Run) -> dict[str, str]:
    return {"instance_id": str(run.instance_id), "run_id": str(run.id)}


async def _put(
    session: AsyncSession,
    task: Task,
    args: dict[str, str],
    queueing_lock: str,
    *,
    priority: int = 0,
    lock: str | None = None,
    in_s: float = 0,
) -> None:
    await session.execute(
        _PUT,
        {
            "queue": task.queue,
            "task": task.name,
            "priority": priority,
            "lock": lock,
            "queueing_lock": queueing_lock,
            "args": json.dumps(args),
            "in_s": in_s,
        },
    )
