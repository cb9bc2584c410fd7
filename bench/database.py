"""A PostgreSQL of the bench's own: embedded, in a temporary folder, for an ordinary role."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

from bench.processes import OTHER_CORE, ROOT, python
from dev.postgres import start_postgres

ROLE = "getint_bench"


@contextmanager
def postgres() -> Iterator[str]:
    """The superuser's URL of a fresh server on the core that is not measured."""
    mine = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="getint-bench-pg-") as folder:
        if OTHER_CORE in mine:
            os.sched_setaffinity(0, {OTHER_CORE})
        server = start_postgres(Path(folder) / "data")
        os.sched_setaffinity(0, mine)
        try:
            yield server.get_uri()
        finally:
            server.stop()


def restart(superuser_url: str) -> None:
    """End PostgreSQL without a good-bye and start it again; back when it answers."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        found = connection.execute("SHOW data_directory").fetchone()
    assert found is not None
    data = Path(found[0])
    postmaster = (data / "postmaster.pid").read_text().split()[0]
    pg_ctl = Path(f"/proc/{postmaster}/exe").resolve().with_name("pg_ctl")
    subprocess.run(
        [pg_ctl, "-w", "-D", data, "-m", "immediate", "-l", data / "log", "restart"],
        user=data.stat().st_uid,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
    )


def create(superuser_url: str, name: str) -> str:
    """Create a database of an ordinary role, as an operator would; returns that role's URL."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        role, database = Identifier(ROLE), Identifier(name)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
            connection.execute(SQL("CREATE ROLE {} LOGIN").format(role))
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    parts = urlsplit(superuser_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{ROLE}:@{place}", path=f"/{name}"))


def as_superuser(superuser_url: str, name: str) -> str:
    """The superuser's URL of one of the databases."""
    return urlunsplit(urlsplit(superuser_url)._replace(path=f"/{name}"))


def migrate(environment: Mapping[str, str]) -> None:
    """Bring the database of this environment to today's schema."""
    subprocess.run(
        python("-m", "alembic", "upgrade", "head"),
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
