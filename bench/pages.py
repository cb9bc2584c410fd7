"""A verified page load: our general page beside the same page on atlassian-connect-express."""

import json
import os
import statistics
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from app.integrations.listing import ROWS
from bench import peer_app
from bench.database import postgres
from bench.figures import Figures
from bench.peer_app import Row, tool_label
from bench.processes import OTHER_CORE, ROOT, cpu_seconds, python, resident_mb
from bench.stand import Stand, standing
from sandbox.seed import ALICE

CONNECTIONS = 32
ROUNDS = 5
ROUND_S = float(os.environ.get("BENCH_ROUND_S", "8"))
PATHS = 4000
TOOLS = ("gitlab", "azure", "servicenow", "monday", "trello")


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round."""

    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    page_bytes: int
    mb: float


def measure() -> Figures:
    """Both sides in turns on one core, generator and PostgreSQL on the other."""
    peer_app.install()
    with (
        tempfile.TemporaryDirectory(prefix="getint-bench-") as folder,
        postgres() as postgres_url,
        standing(Path(folder), postgres_url) as stand,
    ):
        rows = add_integrations(stand, ROWS)
        with stand.app() as pid:
            page = _page(stand)
            with peer_app.peer(stand, page, rows) as (peer_pid, peer_port):
                port = int(stand.app_url.rsplit(":", 1)[1])
                rounds = _rounds(stand, {"ours": (pid, port), "peer": (peer_pid, peer_port)})
    return _figures(rounds)


def _page(stand: Stand) -> str:
    """Our page, once: names of people are known from now on."""
    answer = httpx.get(stand.app_url + stand.page_paths(ALICE, 1)[0])
    answer.raise_for_status()
    return answer.text


def _rounds(stand: Stand, sides: dict[str, tuple[int, int]]) -> dict[str, list[Round]]:
    rounds: dict[str, list[Round]] = defaultdict(list)
    for number in range(-1, ROUNDS):
        for name, (pid, port) in sides.items():
            found = _round(stand, pid, port, ROUND_S if number >= 0 else 3)
            if number >= 0:  # the first one warms up
                rounds[name].append(found)
                print(f"  {name}: {found.per_second:.0f}/s, {found.cpu_us:.0f} us", flush=True)
    return rounds


def _round(stand: Stand, pid: int, port: int, seconds: float) -> Round:
    paths = "\n".join(stand.page_paths(ALICE, PATHS))
    before = cpu_seconds(pid)
    ran = subprocess.run(
        python("-m", "bench.load", "localhost", str(port), str(CONNECTIONS), str(seconds)),
        input=paths,
        text=True,
        capture_output=True,
        cwd=ROOT,
        check=False,
        timeout=seconds + 30,
        preexec_fn=lambda: os.sched_setaffinity(0, {OTHER_CORE}),
    )
    if ran.returncode:
        raise RuntimeError(f"the load ended: {ran.stderr[-500:]}")
    found = json.loads(ran.stdout)
    return Round(
        per_second=found["per_second"],
        cpu_us=(cpu_seconds(pid) - before) / found["requests"] * 1e6,
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        page_bytes=found["bytes"],
        mb=resident_mb(pid),
    )


def _figures(rounds: dict[str, list[Round]]) -> Figures:
    def middle(side: str, name: str) -> float:
        return statistics.median(float(getattr(each, name)) for each in rounds[side])

    titles = {"ours": "ours", "peer": "atlassian-connect-express 11.5.3"}
    table = [
        (
            title,
            f"{middle(side, 'per_second'):,.0f}",
            f"{middle(side, 'cpu_us'):,.0f}",
            f"{middle(side, 'p50_ms'):.1f}",
            f"{middle(side, 'p99_ms'):.1f}",
            f"{middle(side, 'mb'):.0f}",
            f"{middle(side, 'page_bytes'):,.0f}",
        )
        for side, title in titles.items()
    ]
    served = middle("ours", "per_second") / middle("peer", "per_second")
    cpu = middle("peer", "cpu_us") / middle("ours", "cpu_us")
    return Figures(
        "pages",
        ("", "requests/s on a core", "CPU µs a request", "p50 ms", "p99 ms", "MB", "page bytes"),
        table,
        (
            f"**{served:.2f} times the peer's requests a second**, {cpu:.2f} times by CPU. "
            f"Median of {ROUNDS} rounds of {ROUND_S:.0f} s in turns, {CONNECTIONS} connections.",
        ),
    )


def add_integrations(stand: Stand, count: int) -> list[Row]:
    """Integrations of the admin in the stand's one instance."""
    with psycopg.connect(stand.superuser_url, autocommit=True) as connection:
        return insert_integrations(connection, count)


def insert_integrations(connection: psycopg.Connection, count: int) -> list[Row]:
    """Integrations of the admin in the only instance, as the page shows them, newest first."""
    began = datetime.now(UTC).replace(microsecond=0)
    found = connection.execute("SELECT id, jira_workspace_id FROM instances").fetchone()
    assert found is not None
    rows = []
    for number in range(count):
        at = began - timedelta(hours=number)
        tool = TOOLS[number % len(TOOLS)]
        row = (uuid4(), f"Orders {number} to the team board", tool, "PAY", at)
        connection.execute(
            "INSERT INTO integrations (id, name, tool, project_key, created_at, updated_at,"
            " instance_id, workspace_id, kind, tool_place, project_id, direction, jql, state,"
            " owner, version) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'integration',"
            " 'shop/orders', '10001', 'both', '', 'active', %s, 1)",
            (*row, at, *found, f"jira:{ALICE}"),
        )
        rows.append(
            Row(
                str(row[0]), row[1], tool_label(tool), "PAY", "Alice Admin",
                at.isoformat(), at.isoformat(),
            )
        )  # fmt: skip
    return rows
