"""A read of one customer's rows: through a session, and in one round trip."""

import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
import uvloop

from app.database import Database
from app.integrations.listing import NO_FILTERS, list_statement
from app.settings import Settings
from bench import database as postgres_of
from bench.figures import Figures
from bench.lists import ADMIN, BIG, add_rows, settings_of

TIMES = 1000


def measure() -> Figures:
    """A list's 26 rows, one read after the other."""
    with postgres_of.postgres() as url:
        settings = settings_of(postgres_of.create(url, "reads"))
        with psycopg.connect(postgres_of.as_superuser(url, "reads"), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # no foreign keys
            add_rows(connection, BIG, 0, 1000)
            connection.execute("VACUUM ANALYZE integrations")
        rows = uvloop.run(_rows(settings))
    return Figures(
        "reads",
        ("", "µs", "CPU µs in the app"),
        rows,
        (f"Mean of {TIMES} reads of a list page's rows, with row-level security.",),
    )


async def _rows(settings: Settings) -> list[tuple[str, str, str]]:
    database = Database(settings)
    make = list_statement.__wrapped__
    kept = make(ADMIN, None, NO_FILTERS)

    async def through_a_session() -> Sequence[Any]:
        async with database.of_instance(BIG) as session:
            rows: Sequence[Any] = (await session.execute(kept)).all()
            return rows

    found = [
        await _timed("a session: BEGIN, set_config, SELECT, COMMIT", through_a_session),
        await _timed(
            "rows() with a new statement",
            lambda: database.rows(BIG, make(ADMIN, None, NO_FILTERS)),
        ),
        await _timed("rows() with a kept statement", lambda: database.rows(BIG, kept)),
    ]
    await database.close()
    return found


async def _timed(name: str, read: Callable[[], Awaitable[Sequence[Any]]]) -> tuple[str, str, str]:
    for _ in range(50):
        assert await read()
    began, used = time.perf_counter(), _cpu()
    for _ in range(TIMES):
        await read()
    taken = time.perf_counter() - began
    return name, f"{taken / TIMES * 1e6:,.0f}", f"{(_cpu() - used) / TIMES * 1e6:,.0f}"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
