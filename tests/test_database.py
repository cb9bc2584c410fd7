"""Reads of one customer's rows: bound, in one round trip, whatever happens on the way."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from pydantic import SecretStr
from sqlalchemy import Select, func, literal, select, text, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import String, TypeDecorator

from app.audit.models import AuditEntry
from app.database import (
    APP_ROLE,
    Database,
    RoleBypassesRowSecurity,
    connect_for_reads,
)
from app.errors import CannotTell
from app.instances.models import Workspace
from app.reads import Reads
from app.settings import Settings

NAMES = select(Workspace.name).order_by(Workspace.name)
BOUND_NOW = select(func.current_setting("app.instance_id", True).label("bound"))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """A database of two connections at most, without an app around it."""
    database = Database(settings.model_copy(update={"database_pool_size": 2}))
    yield database
    await database.close()


@pytest.fixture
def customer(superuser: psycopg.Connection) -> Callable[..., UUID]:
    """Makes an instance with workspaces of these names."""

    def make(*names: str) -> UUID:
        instance_id = uuid4()
        superuser.execute("INSERT INTO instances (id, wrapped_key) VALUES (%s, '')", (instance_id,))
        for name in names:
            superuser.execute(
                "INSERT INTO workspaces (id, instance_id, name) VALUES (%s, %s, %s)",
                (uuid4(), instance_id, name),
            )
        return instance_id

    return make


def opened(database: Database) -> int:
    """How many connections wait for the next read."""
    return len(database._reads._connections._idle)


async def backend(database: Database, instance_id: UUID) -> int:
    """The process of PostgreSQL that answers reads now."""
    pid: int = (await database.rows(instance_id, select(func.pg_backend_pid())))[0][0]
    return pid


async def test_many_reads_of_two_customers_at_once_never_mix(
    database: Database, customer: Callable[..., UUID]
) -> None:
    first, second = customer("first a", "first b"), customer("second")

    async def read(number: int) -> None:
        instance_id, expected = (
            (first, ["first a", "first b"]) if number % 2 else (second, ["second"])
        )
        rows = await database.rows(instance_id, NAMES)
        assert [row.name for row in rows] == expected

    await asyncio.gather(*(read(number) for number in range(200)))
    assert opened(database) == 2


async def test_no_connection_stays_bound(database: Database, customer: Callable[..., UUID]) -> None:
    instance_id = customer("mine")
    bound = await database.rows(instance_id, BOUND_NOW)
    assert bound[0].bound == str(instance_id)
    libpq = database._reads._connections._idle[0]._libpq
    assert libpq.transaction_status == TransactionStatus.IDLE
    libpq.exit_pipeline_mode()
    found = libpq.exec_(
        b"SELECT current_setting('app.instance_id', true), (SELECT count(*) FROM workspaces)"
    )
    assert (found.get_value(0, 0), found.get_value(0, 1)) == (b"", b"0")


async def test_an_unchanged_answer_is_the_same_object_and_a_changed_one_is_read_anew(
    database: Database, customer: Callable[..., UUID], superuser: psycopg.Connection
) -> None:
    instance_id, other = customer("mine"), customer("theirs")
    first = await database.rows(instance_id, NAMES)
    assert await database.rows(instance_id, NAMES) is first
    assert [row.name for row in await database.rows(other, NAMES)] == ["theirs"]
    superuser.execute("UPDATE workspaces SET name = 'new' WHERE instance_id = %s", (instance_id,))
    assert [row.name for row in await database.rows(instance_id, NAMES)] == ["new"]
    superuser.execute("DELETE FROM workspaces WHERE instance_id = %s", (instance_id,))
    assert not await database.rows(instance_id, NAMES)
    assert [row.name for row in first] == ["mine"]


async def test_a_read_that_names_another_customer_finds_nothing(
    database: Database, customer: Callable[..., UUID]
) -> None:
    mine, theirs = customer("mine"), customer("theirs")
    assert not await database.rows(mine, NAMES.where(Workspace.instance_id == theirs))


async def test_the_reading_role_is_bound_by_row_security(
    database: Database, customer: Callable[..., UUID]
) -> None:
    rows = await database.rows(customer(), select(text("current_user::text")))
    assert rows[0][0] == APP_ROLE


async def test_a_role_that_bypasses_row_security_is_refused_in_production(
    settings: Settings,
) -> None:
    production = settings.model_copy(update={"app_env": "production"})
    with pytest.raises(RoleBypassesRowSecurity):
        await connect_for_reads(production)


async def test_rows_are_typed_as_a_session_types_them(
    database: Database, customer: Callable[..., UUID], superuser: psycopg.Connection
) -> None:
    class Shouted(TypeDecorator[str]):
        impl = String
        cache_ok = True

        def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
            return value.lower() if value else value

        def process_result_value(self, value: str | None, _dialect: Any) -> str | None:
            return value.upper() if value else value

    instance_id = customer("mine")
    superuser.execute(
        "INSERT INTO audit_entries (instance_id, account, door, action, allowed, reason, details)"
        " VALUES (%s, 'a', 'connect', 'x', true, 'GRANTED', %s)",
        (instance_id, '{"a": [1, null, "ü"]}'),
    )
    statement = select(
        AuditEntry.instance_id,
        AuditEntry.at,
        AuditEntry.details,
        AuditEntry.thing_id,
        AuditEntry.allowed,
        (AuditEntry.id * 2).label("twice"),
        type_coerce(AuditEntry.account, Shouted()).label("loud"),
        literal({"b": 2}, JSONB).label("given"),
        func.count().over().label("total"),
    ).where(
        type_coerce(AuditEntry.account, Shouted()) == "A",
        AuditEntry.door.in_(["connect", "forge"]),
        AuditEntry.details.contains({"a": [1]}),
        AuditEntry.action.like("%x"),
        AuditEntry.at < datetime.now(UTC) + timedelta(days=1),
    )
    async with database.of_instance(instance_id) as session:
        expected = (await session.execute(statement)).all()
    rows = await database.rows(instance_id, statement)
    assert list(rows) == expected
    assert len(rows) == 1
    assert [type(value) for value in rows[0]] == [type(value) for value in expected[0]]
    assert rows[0]._mapping == expected[0]._mapping


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["b", "c", "d"], []])
async def test_statements_of_one_form_keep_their_own_values(
    database: Database, customer: Callable[..., UUID], names: list[str]
) -> None:
    instance_id = customer("a", "b", "c", "d")
    await database.rows(instance_id, NAMES.where(Workspace.name.in_(["a", "b", "c"])))
    for limit in (1, 2, 9):
        statement = NAMES.where(Workspace.name.in_(names)).limit(limit)
        rows = await database.rows(instance_id, statement)
        assert [row.name for row in rows] == names[:limit]


async def test_entities_are_refused(database: Database, customer: Callable[..., UUID]) -> None:
    with pytest.raises(TypeError, match="columns"):
        await database.rows(customer(), select(Workspace))


async def test_a_failed_read_leaves_nothing_behind(
    database: Database, customer: Callable[..., UUID]
) -> None:
    instance_id = customer("mine")
    failing: Select[Any] = select(text("1/0"))
    for _ in range(5):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.rows(instance_id, failing)
    assert opened(database) == 0
    assert len(await database.rows(instance_id, NAMES)) == 1


async def test_a_cancelled_read_frees_its_place_and_its_connection(
    database: Database, customer: Callable[..., UUID], superuser: psycopg.Connection
) -> None:
    instance_id = customer("mine")
    for _ in range(5):
        reading = asyncio.create_task(database.rows(instance_id, select(func.pg_sleep(60))))
        await _until_somebody_sleeps(superuser)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert opened(database) == 0
    assert len(await database.rows(instance_id, NAMES)) == 1


async def test_a_waiter_that_gives_up_takes_no_place_away(
    database: Database, customer: Callable[..., UUID], superuser: psycopg.Connection
) -> None:
    instance_id = customer("mine")
    slow = [
        asyncio.create_task(database.rows(instance_id, select(func.pg_sleep(60)))) for _ in range(2)
    ]
    await _until_somebody_sleeps(superuser, 2)
    waiting = asyncio.create_task(database.rows(instance_id, NAMES))
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    for task in (waiting, *slow):
        task.cancel()
    await asyncio.gather(waiting, *slow, return_exceptions=True)
    assert len(await asyncio.gather(*(database.rows(instance_id, NAMES) for _ in range(4)))) == 4


async def test_a_connection_lost_while_it_idled_costs_no_read(
    database: Database, customer: Callable[..., UUID], superuser: psycopg.Connection
) -> None:
    instance_id = customer("mine")
    await asyncio.gather(*(database.rows(instance_id, NAMES) for _ in range(4)))
    before = await backend(database, instance_id)
    superuser.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND query LIKE '%%workspaces%%' OR pid = %s",
        (before,),
    )
    assert len(await database.rows(instance_id, NAMES)) == 1
    assert await backend(database, instance_id) != before


async def test_a_database_that_is_away_is_told_and_forgiven(
    settings: Settings, customer: Callable[..., UUID]
) -> None:
    instance_id = customer("mine")
    away = True

    async def connect() -> psycopg.AsyncConnection[Any]:
        if away:
            raise psycopg.OperationalError("nobody answers")
        return await connect_for_reads(settings)

    database = Database(settings)
    reads = Reads(connect, 1)
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError):
            await reads.rows(instance_id, NAMES)
    away = False
    assert len(await reads.rows(instance_id, NAMES)) == 1
    await reads.close()
    await database.close()


async def test_connections_in_use_are_closed_when_they_come_back(
    database: Database, customer: Callable[..., UUID], superuser: psycopg.Connection
) -> None:
    reading = asyncio.create_task(database.rows(customer("mine"), select(func.pg_sleep(0.2))))
    await _until_somebody_sleeps(superuser)
    await database.close()
    await reading
    assert opened(database) == 0


async def test_a_read_is_one_round_trip(settings: Settings, customer: Callable[..., UUID]) -> None:
    instance_id = customer("mine", "other")
    async with _Wire.to(settings.libpq_url) as wire:
        on_the_wire = settings.model_copy(update={"database_url": wire.url})
        database = Database(on_the_wire)
        await database.rows(instance_id, NAMES)
        wire.turns = 0
        for _ in range(10):
            assert len(await database.rows(instance_id, NAMES)) == 2
        assert wire.turns == 10
        await database.close()


async def _until_somebody_sleeps(superuser: psycopg.Connection, count: int = 1) -> None:
    while True:
        found = superuser.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        ).fetchone()
        if found is not None and found[0] >= count:
            return
        await asyncio.sleep(0)


class _Wire:
    """Stands between driver and PostgreSQL; counts how often the driver spoke after an answer."""

    def __init__(self, target: dict[str, Any], folder: str) -> None:
        self.turns = 0
        self._target = target
        self._folder = folder
        self._answered = True
        self._carried: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def to(cls, conninfo: str) -> AsyncIterator["_Wire"]:
        with tempfile.TemporaryDirectory(prefix="getint-wire-") as folder:
            wire = cls(conninfo_to_dict(conninfo), folder)
            server = await asyncio.start_unix_server(wire._carry, f"{folder}/.s.PGSQL.5432")
            async with server:
                yield wire
                await asyncio.gather(*wire._carried)

    @property
    def url(self) -> SecretStr:
        """The address to connect to instead."""
        user, password = self._target.get("user", ""), self._target.get("password", "")
        database = self._target.get("dbname", "postgres")
        return SecretStr(f"postgresql://{user}:{password}@/{database}?host={self._folder}")

    def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carried.append(asyncio.create_task(self._carry_all(reader, writer)))

    async def _carry_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._target["host"], self._target.get("port", 5432)
        if host.startswith("/"):
            far = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            far = await asyncio.open_connection(host, int(port))
        await asyncio.gather(self._ask(reader, far[1]), self._answer(far[0], writer))

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.turns += self._answered
            self._answered = False
            writer.write(data)
        writer.close()
        await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._answered = True
            writer.write(data)
        writer.close()
        await writer.wait_closed()


async def test_when_all_connections_are_taken_the_answer_is_cannot_tell(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.engine.sync_engine.pool, "_timeout", 0.01)
    async with database.housekeeping(), database.housekeeping():
        with pytest.raises(CannotTell) as told:
            async with database.of_instance(uuid4()):
                pass
    assert told.value.mend


async def test_a_failed_statement_does_not_tell_its_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with database.of_instance(uuid4()) as session:
            await session.execute(text("SELECT 1 / 0, :value"), {"value": "hush-hush"})
    assert "hush" not in str(failed.value)
