"""The peer: atlassian-connect-express 11.5.3 showing our own page, with its own rows."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.access import Tool
from bench import database
from bench.processes import SERVER_CORE, answers, running, wait_until
from bench.stand import Stand, free_port

FOLDER = Path(__file__).parent / "peer"
COLUMNS = "id, name, tool, project_key, owner, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as our page shows it; what is shown of it becomes a field of the peer's template."""

    id: str
    name: str
    tool: str
    project_key: str
    owner: str
    created_at: str
    updated_at: str


def install() -> None:
    """Install the peer's packages from its own lock file."""
    done = FOLDER / "node_modules" / ".package-lock.json"
    wanted = FOLDER / "package-lock.json"
    if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=FOLDER,
            check=True,
        )


@contextmanager
def peer(stand: Stand, page: str, rows: list[Row]) -> Iterator[tuple[int, int]]:
    """The peer knows the same site and rows; gives its process id and port."""
    url = database.create(stand.superuser_url, "peer")
    site = stand.site
    assert site.addon is not None
    _fill(url, site.client_key, rows)
    views = stand.folder / "views"
    views.mkdir()
    (views / "list.hbs").write_text(handlebars(page, rows[0]))
    port = free_port()
    tenant = {
        "rows": len(rows),
        "clientInfo": {
            "key": "com.getint.jira.peer",
            "clientKey": site.client_key,
            "sharedSecret": site.addon.shared_secret,
            "baseUrl": site.base_url,
            "productType": "jira",
            "eventType": "installed",
        },
    }
    environment = {
        "NODE_ENV": "production",
        "PORT": str(port),
        "PEER_BASE_URL": f"http://localhost:{port}",
        "PEER_DATABASE_URL": url,
        "PEER_VIEWS": str(views),
        "PEER_TENANT": json.dumps(tenant),
    }
    log = stand.folder / "peer.log"
    with running(["node", "server.js"], environment, log, SERVER_CORE, FOLDER) as process:
        wait_until(lambda: answers(f"http://localhost:{port}/ready"), "the peer")
        yield process.pid, port


def handlebars(page: str, first: Row) -> str:
    """Our page as a template: its first row repeated, with fields where its values stand."""
    found = re.search(r"(<tbody>\s*)(<tr>.*?</tr>\s*)(?:<tr>.*</tr>\s*)*(</tbody>)", page, re.S)
    assert found is not None
    row = found[2]
    for name in ("id", "name", "tool", "project_key", "owner", "updated_at"):
        value = getattr(first, name)
        assert value in row, f"our page shows no {name}"
        row = row.replace(value, "{{" + name + "}}")
    body = f"{found[1]}{{{{#each rows}}}}{row}{{{{/each}}}}{found[3]}"
    text = page[: found.start()] + body + page[found.end() :]
    return text.replace("</title>", '</title><meta name="token" content="{{token}}">')


def _fill(url: str, client_key: str, rows: list[Row]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE integrations (client_key text, id text PRIMARY KEY, name text, tool text,"
            " project_key text, owner text, created_at timestamptz, updated_at text)"
        )
        connection.execute("CREATE INDEX ON integrations (client_key, created_at, id)")
        with connection.cursor() as cursor:
            copy = f"COPY integrations (client_key, {COLUMNS}) FROM STDIN"
            with cursor.copy(copy) as rows_in:
                for row in rows:
                    rows_in.write_row((client_key, *(getattr(row, name) for name in row.__slots__)))


def tool_label(tool: str) -> str:
    """A tool as pages name it."""
    return Tool(tool).label
