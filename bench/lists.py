"""The list amid a million integrations: first and deep pages, by role and filter."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Select, text
from sqlalchemy.dialects.postgresql.base import PGDialect

from app.access import Caller, Tool
from app.database import Database, bind
from app.identity.visit import ProjectInView
from app.integrations.cursors import Position, cursor_of
from app.integrations.listing import NO_FILTERS, Filters, list_statement
from app.settings import Settings
from bench import database as postgres_of
from bench.figures import Figures

INSTANCES = 10_000
ROWS = 1_000_000
BIG_ROWS = 100_000
SMALL_ROWS = 100
TIMES = 100
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_TOOLS = [tool.value for tool in Tool]
_COLUMNS = (
    "id, created_at, updated_at, instance_id, workspace_id, kind, name, tool, tool_place,"
    " project_id, project_key, direction, jql, state, owner, version"
)
BIG, SMALL = UUID(int=1), UUID(int=2)
ADMIN = Caller(BIG, "jira:1", is_admin=True)


@dataclass(frozen=True, slots=True)
class Case:
    """One way to ask for a list."""

    name: str
    caller: Caller
    filters: Filters = NO_FILTERS
    project: ProjectInView | None = None


def measure() -> Figures:
    """Every case alone, then with a million rows of 10,000 instances around."""
    with postgres_of.postgres() as url:
        settings = settings_of(postgres_of.create(url, "lists"))
        superuser_url = postgres_of.as_superuser(url, "lists")
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # no foreign keys
            add_rows(connection, BIG, 0, BIG_ROWS)
            add_rows(connection, SMALL, BIG_ROWS, SMALL_ROWS)
            connection.execute("VACUUM ANALYZE integrations")
            alone = asyncio.run(_times(settings))
            rest = ROWS - BIG_ROWS - SMALL_ROWS
            began = time.monotonic()
            _add_many(connection, rest)
            print(f"  {rest:,} rows copied in {time.monotonic() - began:.0f} s", flush=True)
            connection.execute("VACUUM ANALYZE integrations")
            amid = asyncio.run(_times(settings))
            indexes = asyncio.run(_indexes(settings))
    rows = [
        (case.name, f"{alone[case.name]:.2f}", f"{amid[case.name]:.2f}", indexes[case.name])
        for case in cases()
    ]
    return Figures(
        "lists",
        ("page of the list", "alone, ms", f"amid {ROWS:,} rows, ms", "index"),
        rows,
        (
            f"Median of {TIMES} reads with row-level security, one at a time. The big instance has "
            f"{BIG_ROWS:,} integrations, the small one {SMALL_ROWS}; alone they are all that is "
            f"there, then {INSTANCES:,} instances share {ROWS:,}.",
        ),
    )


def cases() -> Iterator[Case]:
    """By instance, role and filter."""
    for name, instance_id, count in (("big", BIG, BIG_ROWS), ("small", SMALL, SMALL_ROWS)):
        first = 0 if name == "big" else BIG_ROWS
        deep = _cursor(first + count // 10)
        admin = replace(ADMIN, instance_id=instance_id)
        workspace = frozenset({_workspace(instance_id)})
        member = Caller(instance_id, "jira:2", tools=frozenset({"gitlab"}), workspaces=workspace)
        project = Caller(instance_id, "jira:3", projects=frozenset({"10003"}), workspaces=workspace)
        from_project = ProjectInView("10003", "P3")
        yield Case(f"{name}: admin, first page", admin)
        yield Case(f"{name}: admin, nine tenths down", admin, Filters(after=deep))
        yield Case(f"{name}: admin, back from there", admin, Filters(before=deep))
        yield Case(f"{name}: member, first page", member)
        yield Case(f"{name}: member, nine tenths down", member, Filters(after=deep))
        yield Case(f"{name}: project admin, first page", project, project=from_project)
        yield Case(f"{name}: member, only mine", member, Filters(mine="yes"))
        yield Case(f"{name}: member, one tool", member, Filters(tool="trello"))
        yield Case(f"{name}: member, paused", member, Filters(state="paused"))
        yield Case(f"{name}: member, a name that is there", member, Filters(q="orders 12"))
        yield Case(f"{name}: member, a name that is not", member, Filters(q="no such name"))


def _cursor(number: int) -> str:
    return cursor_of(Position(_created(number), UUID(int=0)))


async def _times(settings: Settings) -> dict[str, float]:
    database = Database(settings)
    found = {}
    for case in cases():
        statement = list_statement(
            case.caller, case.project, _workspace(case.caller.instance_id), case.filters
        )
        taken = []
        for _ in range(TIMES):
            began = time.perf_counter()
            await database.rows(case.caller.instance_id, statement)
            taken.append((time.perf_counter() - began) * 1000)
            if sum(taken) > 5000:  # a slow one need not be asked so often
                break
        found[case.name] = statistics.median(taken)
    await database.close()
    return found


async def _indexes(settings: Settings) -> dict[str, str]:
    database = Database(settings)
    found = {}
    for case in cases():
        statement = list_statement(
            case.caller, case.project, _workspace(case.caller.instance_id), case.filters
        )
        async with database.of_instance(case.caller.instance_id) as session:
            await bind(session, "app.instance_id", str(case.caller.instance_id))
            plan = await session.scalar(text(f"EXPLAIN (FORMAT JSON) {_sql(statement)}"))
        found[case.name] = ", ".join(_scans(plan[0]["Plan"]))
    await database.close()
    return found


def _sql(statement: Select[Any]) -> str:
    sql = str(
        statement.compile(
            dialect=PGDialect(),  # type: ignore[no-untyped-call]
            compile_kwargs={"literal_binds": True},
        )
    )
    return sql.replace(":", "\\:").replace("%%", "%")


def _scans(plan: dict[str, Any]) -> Iterator[str]:
    if "Scan" in plan["Node Type"]:
        name = plan.get("Index Name", plan["Node Type"])
        yield str(name).removeprefix("integrations_").removesuffix("_idx")
    for below in plan.get("Plans", ()):
        yield from _scans(below)


def _add_many(connection: psycopg.Connection, count: int) -> None:
    others = INSTANCES - 2
    for number in range(others):
        share = count * (number + 1) // others - count * number // others
        add_rows(connection, UUID(int=number + 3), BIG_ROWS + SMALL_ROWS + number * 97, share)


def add_rows(connection: psycopg.Connection, instance_id: UUID, first: int, count: int) -> None:
    """Copy an instance with this many integrations in."""
    workspace_id = _workspace(instance_id)
    connection.execute(
        "INSERT INTO instances (id, wrapped_key, jira_workspace_id) VALUES (%s, '', %s)",
        (instance_id, workspace_id),
    )
    copy = f"COPY integrations ({_COLUMNS}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copy) as rows:
        for number in range(first, first + count):
            rows.write_row(_row(instance_id, workspace_id, number))


def _row(instance_id: UUID, workspace_id: UUID, number: int) -> tuple[object, ...]:
    at = _created(number)
    project = number % 50
    return (
        UUID(int=(instance_id.int << 64) + number), at, at, instance_id, workspace_id,
        "integration", f"Orders {number} to the team board",
        _TOOLS[number % len(_TOOLS)], "shop/orders", str(10000 + project), f"P{project}", "both",
        "", "paused" if number % 20 == 0 else "active", f"jira:{number % 40}", 1,
    )  # fmt: skip


def _created(number: int) -> datetime:
    return _BEGAN + timedelta(seconds=number)


def _workspace(instance_id: UUID) -> UUID:
    return UUID(int=instance_id.int + (1 << 100))


def settings_of(url: str) -> Settings:
    """Production settings on a database that is brought to today's schema."""
    environment = {
        "APP_ENV": "production",
        "APP_BASE_URL": "http://localhost:8000",
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    postgres_of.migrate(environment)
    return Settings.model_validate({name.lower(): value for name, value in environment.items()})
