"""An integration between the bench's Jira and GitLab, kept by real processes."""

import asyncio
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import psycopg
from psycopg.rows import DictRow, dict_row

from app import house as parts
from app import worker
from app.house import House, build_house
from app.instances.facts import InstanceFacts
from app.integrations.models import Connection, Integration
from app.runs.models import Run
from app.runs.queue import put
from app.settings import Settings
from app.sync.models import TypeMapping
from app.sync.proposal import propose_rules
from app.sync.sides import open_sides
from bench.far_sides import PROJECT_ID, PROJECT_KEY
from bench.processes import OTHER_CORE, answers, python, running, wait_until
from bench.stand import Stand, free_port, standing
from connect import Quota, new_http_client
from sandbox.gitlab.seed import OWNER_TOKEN, PAYMENTS
from sandbox.seed import GIA

_POINTS_AN_HOUR = 10**9
OPEN = ("waiting", "running", "held", "paused", "cancelling")
T = TypeVar("T")
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["bench.synced"])


@dataclass
class Synced:
    """The stand, GitLab beside it, and one integration of one customer."""

    stand: Stand
    gitlab_url: str
    facts: InstanceFacts
    integration_id: UUID
    log: Path

    @property
    def worker_environment(self) -> dict[str, str]:
        """Loopback http is for development only."""
        return {**self.stand.environment, "APP_ENV": "development", "LOG_LEVEL": "INFO"}

    def new_worker(self, **settings: str) -> BaseProcess:
        """A worker as it runs in production; whoever starts it ends it.

        Forked from a process that has read the program already: of a life that is soon to be cut
        off, most would else be the reading of files.
        """
        environment = {**self.worker_environment, **settings}
        process = _FORKS.Process(target=_work, args=(environment, self.log))
        process.start()
        return process

    @contextmanager
    def worker(self, **settings: str) -> Iterator[int]:
        """The same until the block ends; gives its process id."""
        process = self.new_worker(**settings)
        try:
            yield process.pid or 0
        finally:
            end(process)

    def start_run(self) -> UUID:
        """Start a run as a person would; it waits for a worker."""

        async def start(house: House) -> UUID:
            async with house.database.of_instance(self.facts.instance_id) as session:
                run = Run(
                    id=uuid4(),
                    instance_id=self.facts.instance_id,
                    integration_id=self.integration_id,
                    trigger="hand",
                )
                session.add(run)
                await session.flush()
                await put(session, run)
                return run.id

        return with_house(self.worker_environment, start)

    def ended(self, run_id: UUID, within_s: float) -> DictRow:
        """The run's row once it has ended; RuntimeError when that takes too long."""
        deadline = time.monotonic() + within_s
        while (row := self.one("SELECT * FROM runs WHERE id = %s", run_id))["state"] in OPEN:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the run is still {row['state']}: {row['reason']}")
            time.sleep(0.05)
        if row["state"] != "done":
            raise RuntimeError(f"the run ended as {row['state']}: {row['reason']}")
        return row

    def one(self, query: str, *values: object) -> DictRow:
        """A row past row-level security."""
        (row,) = self.rows(query, *values)
        return row

    def rows(self, query: str, *values: object) -> list[DictRow]:
        """Rows past row-level security."""
        with psycopg.connect(self.stand.superuser_url, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def calls(self) -> Counter[str]:
        """What was asked of both sides so far, by endpoint; Jira's begin with ``Jira``."""
        counts = Counter[str]()
        for name, url in (("Jira", self.stand.jira_url), ("GitLab", self.gitlab_url)):
            told = httpx.get(f"{url}/bench/calls", timeout=10).json()
            counts.update({f"{name} {call}": count for call, count in told.items()})
        return counts

    def gitlab(self, what: str) -> Any:
        """What the stand-in tells of itself."""
        return httpx.get(f"{self.gitlab_url}/bench/{what}", timeout=30).json()

    def latency(self, ms: int) -> None:
        """Have GitLab answer so much later."""
        control = f"{self.gitlab_url}/sandbox/api/faults"
        httpx.delete(control)
        if ms:
            httpx.post(control, json={"kind": "latency", "latencyMs": ms}).raise_for_status()


def end(process: BaseProcess) -> None:
    """Ask a worker to leave; ended if it does not."""
    process.terminate()
    process.join(40)
    process.kill()


def _work(environment: dict[str, str], log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    # With its real quota a run of 100,000 rests after some 80,000 items until the next hour.
    parts.Quota = partial(Quota, _POINTS_AN_HOUR)  # type: ignore[assignment, attr-defined]
    worker.main()


@contextmanager
def synced(folder: Path, postgres_url: str, issues: int, name: str) -> Iterator[Synced]:
    """Jira with so many issues, an empty GitLab, and an integration that has never run."""
    place = folder / name
    place.mkdir()
    with (
        standing(
            place, postgres_url, name, jira_program="bench.far_sides:jira", BENCH_ISSUES=str(issues)
        ) as stand,
        _gitlab(place) as gitlab_url,
    ):
        facts, integration_id = with_house(
            {**stand.environment, "APP_ENV": "development"},
            lambda house: _integrated(house, stand, gitlab_url),
        )
        yield Synced(stand, gitlab_url, facts, integration_id, place / "worker.log")


def with_house(environment: dict[str, str], do: Callable[[House], Awaitable[T]]) -> T:
    """Do something with the app's own parts, in this process."""

    async def whole() -> T:
        house = build_house(
            Settings(**{name.lower(): value for name, value in environment.items()}),  # type: ignore[arg-type]
            new_http_client(),
        )
        try:
            return await do(house)
        finally:
            await house.close()

    return asyncio.run(whole())


@contextmanager
def _gitlab(folder: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://localhost:{port}"
    command = python(
        "-m", "uvicorn", "--factory", "bench.far_sides:gitlab", "--host", "127.0.0.1",
        "--port", str(port), "--no-access-log", "--no-date-header",
    )  # fmt: skip
    environment = {"SANDBOX_GITLAB_URL": url}
    with running(command, environment, folder / "gitlab.log", OTHER_CORE):
        wait_until(lambda: answers(f"{url}/bench/count"), "GitLab")
        yield url


async def _integrated(house: House, stand: Stand, gitlab_url: str) -> tuple[InstanceFacts, UUID]:
    facts = await house.directory.find(stand.site.client_key)
    assert facts is not None
    connection = _connection(facts, gitlab_url)
    integration = _integration(facts, connection.id)
    async with house.database.of_instance(facts.instance_id) as session:
        session.add(connection)
        await session.flush()
        session.add(integration)
    async with open_sides(house, facts, integration) as sides:
        jira, tool = await sides.jira.schema(), await sides.tool.schema()
    task, issue = jira.type_named("Task"), tool.type_named("Issue")
    assert task is not None
    assert issue is not None
    async with house.database.of_instance(facts.instance_id) as session:
        session.add(
            TypeMapping(
                instance_id=facts.instance_id,
                integration_id=integration.id,
                position=1,
                jira_type="Task",
                tool_type="Issue",
                rules=propose_rules(jira, tool, task, issue).model_dump(mode="json"),
            )
        )
    return facts, integration.id


def _connection(facts: InstanceFacts, address: str) -> Connection:
    connection_id = uuid4()
    credentials = f'{{"token": "{OWNER_TOKEN}"}}'.encode()
    return Connection(
        id=connection_id,
        instance_id=facts.instance_id,
        workspace_id=facts.workspace_id,
        tool="gitlab",
        owner=f"jira:{GIA}",
        name="GitLab",
        address=address,
        credentials=facts.key.seal(credentials, "connections", connection_id, "credentials"),
        credentials_changed_at=datetime.now(UTC),
    )


def _integration(facts: InstanceFacts, connection_id: UUID) -> Integration:
    return Integration(
        id=uuid4(),
        instance_id=facts.instance_id,
        workspace_id=facts.workspace_id,
        kind="integration",
        name="Payments",
        tool="gitlab",
        tool_place=PAYMENTS,
        connection_id=connection_id,
        project_id=str(PROJECT_ID),
        project_key=PROJECT_KEY,
        direction="both",
        jql="",
        tool_query="",
        every_minutes=0,
        conflict_rule="latest",
        copies_deletions=False,
        keep_logs_days=14,
        state="active",
        owner=f"jira:{GIA}",
    )
