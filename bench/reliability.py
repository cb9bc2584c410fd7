"""A first run whose worker is killed again and again, and what is there at its end."""

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import psycopg

from app.house import House
from app.runs.models import Run
from app.runs.vault import open_log
from bench import database
from bench.figures import Figures
from bench.synced import OPEN, Synced, end, synced, with_house

ITEMS = int(os.environ.get("RELIABILITY_ITEMS", "2000"))
KILLS = int(os.environ.get("RELIABILITY_KILLS", "100"))
SEED = int(os.environ.get("RELIABILITY_SEED", "7"))
RESTARTS = 2
LOST_AFTER_S = 3
# One life in so many is not helped along: its run waits until the queue itself misses the worker.
UNAIDED_EVERY = 20
# One life in so many ends by the clock, wherever it is: while it starts, looks back or commits.
BY_CLOCK_EVERY = 4
LONGEST_START_S = 4.0
LONGEST_DELAY_S = 0.3
LONGEST_S = float(os.environ.get("RELIABILITY_LONGEST_S", "3600"))
_MADE = ("created", "found")
_AGE_WORKERS = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 day'"
_RESCUE = (
    "SELECT put_job('house', 'rescue', 0, NULL, 'rescue', '{\"timestamp\": 0}'::jsonb, 0)"
    " WHERE NOT EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = 'rescue'"
    " AND status = 'todo')"
)


@dataclass
class _Ordeal:
    """What was done to the runs; there is a second one if the first ended before all kills."""

    runs: list[UUID]
    kills: int = 0
    restarts: int = 0
    idle_lives: int = 0
    unaided: int = 0


def measure() -> Figures:
    """The run, the kills, and then what both sides and the database hold."""
    with (
        tempfile.TemporaryDirectory(prefix="getint-bench-") as folder,
        database.postgres() as url,
        synced(Path(folder), url, ITEMS, "reliability") as found,
        found.stand.app(env="development"),
    ):
        began = time.monotonic()
        ordeal = _Ordeal([found.start_run()])
        _go_through(found, url, ordeal)
        return _figures(found, ordeal, time.monotonic() - began)


def _go_through(found: Synced, postgres_url: str, ordeal: _Ordeal) -> None:
    chance = random.Random(SEED)
    thresholds = sorted(chance.randrange(ITEMS) for _ in range(KILLS))
    restart_at = {round(KILLS * (part + 1) / (RESTARTS + 1)) for part in range(RESTARTS)}
    deadline = time.monotonic() + LONGEST_S
    for number, threshold in enumerate(thresholds, 1):
        made_before = found.gitlab("count")
        worker = _next_worker(found, ordeal)
        try:
            if number in restart_at:
                _until_made(found, made_before + 1, deadline)
                database.restart(postgres_url)
                ordeal.restarts += 1
            if number % BY_CLOCK_EVERY == 0:
                time.sleep(chance.uniform(0, LONGEST_START_S))
            else:
                _until_made(found, max(threshold, made_before + 1), deadline)
                time.sleep(chance.uniform(0, LONGEST_DELAY_S))
        finally:
            worker.kill()
            worker.join()
        ordeal.kills += 1
        made = found.gitlab("count")
        ordeal.idle_lives += made == made_before
        print(f"{number} killed, {made} made, {deadline - time.monotonic():.0f} s", flush=True)
        if not _is_open(found, ordeal.runs[-1]):
            ordeal.runs.append(found.start_run())
    worker = _next_worker(found, ordeal)
    try:
        found.ended(ordeal.runs[-1], deadline - time.monotonic())
    finally:
        end(worker)


def _next_worker(found: Synced, ordeal: _Ordeal) -> BaseProcess:
    """A worker at once after the last one's end; the wait for the queue to miss it is cut short."""
    if ordeal.kills % UNAIDED_EVERY:
        with psycopg.connect(found.stand.superuser_url, autocommit=True) as connection:
            connection.execute(_AGE_WORKERS)
            connection.execute(_RESCUE)
    else:
        ordeal.unaided += ordeal.kills > 0
    return found.new_worker(WORKER_LOST_AFTER_S=str(LOST_AFTER_S))


def _until_made(found: Synced, count: int, deadline: float) -> None:
    while found.gitlab("count") < min(count, ITEMS):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no {count} items in time:\n{found.log.read_text()[-2000:]}")
        time.sleep(0.02)


def _is_open(found: Synced, run_id: UUID) -> bool:
    return found.one("SELECT state FROM runs WHERE id = %s", run_id)["state"] in OPEN


def _figures(found: Synced, ordeal: _Ordeal, taken: float) -> Figures:
    items = found.gitlab("items")
    marks = Counter(mark for _, _, mark in items)
    links = found.rows("SELECT id::text, state, jira_key, tool_id FROM links")
    linked = [link for link in links if link["state"] == "linked" and link["tool_id"]]
    counted = found.one("SELECT sum(created) AS created, sum(failed) AS failed FROM runs")
    lines = _log_lines(found, ordeal)
    agree = _titles_that_agree(items, {link["id"]: link["jira_key"] for link in links})
    wanted = f"{ITEMS:,}"
    rows = [
        ("the worker killed with SIGKILL", f"{KILLS}", f"{ordeal.kills}"),
        ("PostgreSQL restarted (pg_ctl, immediate)", f"{RESTARTS}", f"{ordeal.restarts}"),
        ("issues in GitLab", wanted, f"{len(items):,}"),
        ("marks of ours that two of them carry", "0", f"{sum(n > 1 for n in marks.values())}"),
        ("issues in GitLab without a mark", "0", f"{marks['']}"),
        ("links", wanted, f"{len(links):,}"),
        ("of them linked", wanted, f"{len(linked):,}"),
        ("titles that agree", wanted, f"{agree:,}"),
        ("items that the run counts as created", wanted, f"{counted['created']:,}"),
        ("items that the run counts as failed", "0", f"{counted['failed']:,}"),
        ("the log, read to its end", "whole", "whole"),
        ("items with a line of how they came to be", wanted, f"{lines:,}"),
        ("tasks left in the queue", "0", f"{_tasks_left(found)}"),
    ]
    wrong = [row[0] for row in rows if row[1] != row[2]]
    lives = (
        f"{ordeal.idle_lives} of {ordeal.kills} lives ended before they had made anything; "
        f"{ordeal.unaided} were found missing by the queue alone. From start to end {taken:.0f} s, "
        f"seed {SEED}."
    )
    verdict = f"**Not as it should be: {'; '.join(wrong)}.**" if wrong else "**As it should be.**"
    return Figures(
        "reliability", ("", "should be", "is"), rows, (verdict, lives), document="reliability.md"
    )


def _titles_that_agree(items: Sequence[tuple[int, str, str]], keys: Mapping[str, str]) -> int:
    """By the mark: its link's key has the number that the bench's Jira ends its titles with."""
    numbers = {link: key.rpartition("-")[2] for link, key in keys.items()}
    return sum(title.endswith(f" {numbers.get(mark, '?')}") for _, title, mark in items)


def _log_lines(found: Synced, ordeal: _Ordeal) -> int:
    """How many items have a line about their making; LogDamaged where a log has no whole end."""

    async def read(house: House) -> int:
        items: set[str] = set()
        for run_id in ordeal.runs:
            async with house.database.of_instance(found.facts.instance_id) as session:
                run = await session.get_one(Run, run_id)
            reader = open_log(house.database, run, found.facts.key, datetime.now(UTC))
            async for chunk in reader.chunks():
                items |= {line.jira for line in chunk.lines if line.event in _MADE}
        return len(items)

    return with_house(found.worker_environment, read)


def _tasks_left(found: Synced) -> int:
    left = "SELECT count(*) AS n FROM procrastinate_jobs WHERE queue_name = 'runs'"
    return int(found.one(left)["n"])
