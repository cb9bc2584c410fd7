"""A verified page load: our general page beside the same page on atlassian-connect-express."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from app.integrations.listing import ROWS
from bench import peer_app
from bench.database import postgres
from bench.figures import Figures
from bench.loads import CONNECTIONS, ROUND_S, Asked, Rounds, in_turns
from bench.peer_app import Row, tool_label
from bench.stand import Stand, standing
from sandbox.seed import ALICE

ROUNDS = 5
PATHS = 4000
TOOLS = ("gitlab", "azure", "servicenow", "monday", "trello")


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
                paths = stand.page_paths(ALICE, PATHS)
                rounds = in_turns(
                    {
                        "ours": Asked(pid, stand.app_port, paths),
                        "peer": Asked(peer_pid, peer_port, paths),
                    },
                    ROUNDS,
                )
    return _figures(rounds["ours"], rounds["peer"])


def _page(stand: Stand) -> str:
    """Our page, once: names of people are known from now on."""
    answer = httpx.get(stand.app_url + stand.page_paths(ALICE, 1)[0])
    answer.raise_for_status()
    return answer.text


def _figures(ours: Rounds, peer: Rounds) -> Figures:
    table = [
        (title, *side.told(per_second=",.0f", cpu_us=",.0f", p50_ms=".1f", p99_ms=".1f", mb=".0f",
                           page_bytes=",.0f"))
        for title, side in (("ours", ours), ("atlassian-connect-express 11.5.3", peer))
    ]  # fmt: skip
    served = ours.middle("per_second") / peer.middle("per_second")
    cpu = peer.middle("cpu_us") / ours.middle("cpu_us")
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
