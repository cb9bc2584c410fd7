"""A run's log opens for its own run, whole and in order, or not at all."""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database import Database
from app.encryption import InstanceKey, MasterKeys
from app.instances.rewrap_keys import rewrap_keys
from app.runs.life import finish_unchecked
from app.runs.log_lines import ALL, LONGEST_VALUE, Line, Wanted, squeezed, unsqueezed
from app.runs.models import Run
from app.runs.rounds import destroy_expired_logs
from app.runs.vault import (
    CHUNK_SIZE,
    MOST_DATA,
    LogDamaged,
    LogGone,
    LogWriter,
    begin_log,
    end_log,
    open_log,
)

KEY = InstanceKey(b"k" * 32)
SECRET = "the salary of Zoë is 90000"


@dataclass
class Vault:
    """Runs of one customer and what the database holds of their logs."""

    database: Database
    superuser: psycopg.Connection
    instance_id: UUID
    integration_id: UUID
    now: datetime

    def clock(self) -> datetime:
        return self.now

    async def run(self, keep_days: int = 14, state: str = "running") -> Run:
        run = Run(
            id=uuid4(),
            instance_id=self.instance_id,
            integration_id=self.integration_id,
            trigger="hand",
            state=state,
        )
        begin_log(run, keep_days, KEY, self.now)
        self.superuser.execute("UPDATE runs SET state = 'done' WHERE state = 'running'")
        async with self.database.of_instance(self.instance_id) as session:
            session.add(run)
        return run

    def writer(self, run: Run, keep_days: int = 14) -> LogWriter:
        return LogWriter(run, keep_days, KEY, self.clock)

    async def written(self, run: Run, *pages: list[str]) -> None:
        """Each page of messages in a transaction of its own, by one worker."""
        log = self.writer(run)
        for page in pages:
            for message in page:
                log.write("info", "told", message, jira="PAY-1", tool="#7", data={"title": SECRET})
            async with self.database.of_instance(self.instance_id) as session:
                await log.flush(session)

    async def end(self, run: Run) -> None:
        async with self.database.of_instance(self.instance_id) as session:
            run = await session.get_one(Run, run.id)
            await finish_unchecked(session, run, "done")
            await end_log(session, run, KEY)

    async def read(self, run: Run, start: int = 0, key: InstanceKey = KEY) -> list[str]:
        async with self.database.of_instance(self.instance_id) as session:
            run = await session.get_one(Run, run.id)
        reader = open_log(self.database, run, key, self.now)
        return [line.message async for chunk in reader.chunks(start) for line in chunk.lines]

    def numbers(self, run: Run) -> list[int]:
        return [
            row[0]
            for row in self.superuser.execute(
                "SELECT number FROM log_chunks WHERE run_id = %s ORDER BY number", (run.id,)
            )
        ]


@pytest.fixture
def vault(database: Database, superuser: psycopg.Connection) -> Vault:
    instance_id, workspace_id, integration_id = uuid4(), uuid4(), uuid4()
    superuser.execute(
        "INSERT INTO instances (id, wrapped_key) VALUES (%s, %s)",
        (instance_id, secrets.token_bytes(32)),
    )
    superuser.execute(
        "INSERT INTO workspaces (id, instance_id, name) VALUES (%s, %s, 'Ours')",
        (workspace_id, instance_id),
    )
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " project_id, project_key, direction, jql, state, owner, version) VALUES (%s, %s, %s,"
        " 'integration', 'Payroll', 'gitlab', 'a/b', '10001', 'PAY', 'both', '', 'paused',"
        " 'jira:gia', 1)",
        (integration_id, instance_id, workspace_id),
    )
    return Vault(database, superuser, instance_id, integration_id, datetime.now(UTC))


async def test_what_was_written_page_by_page_is_read_in_order(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, ["one", "two"], ["three"])
    assert await vault.read(run) == ["one", "two", "three"]
    await vault.end(run)
    assert await vault.read(run) == ["one", "two", "three"]
    assert await vault.read(run, start=1) == ["three"]


async def test_a_run_that_was_killed_goes_on_at_the_next_chunk(vault: Vault) -> None:
    run = await vault.run()
    for worker in range(3):
        await vault.written(run, [f"worker {worker}"])
    assert vault.numbers(run) == [0, 1, 2]
    assert await vault.read(run) == ["worker 0", "worker 1", "worker 2"]


async def test_lines_of_a_page_that_was_not_committed_are_not_in_the_log(vault: Vault) -> None:
    run = await vault.run()
    log = vault.writer(run)
    log.write("info", "told", "lost with its page")
    async with vault.database.of_instance(vault.instance_id) as session:
        await log.flush(session)
        await session.rollback()
    log.write("info", "told", "kept with its page")
    async with vault.database.of_instance(vault.instance_id) as session:
        await log.flush(session)
    assert await vault.read(run) == ["kept with its page"]


async def test_a_page_without_lines_writes_no_chunk(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, [], [])
    assert vault.numbers(run) == []


async def test_nothing_of_a_log_is_stored_in_the_clear(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, ["told"] * 50)
    await vault.end(run)
    rows = vault.superuser.execute(
        "SELECT runs::text, log_chunks::text, log_chunks.sealed FROM runs JOIN log_chunks"
        " ON run_id = runs.id"
    ).fetchall()
    for stored in rows:
        for text in (SECRET, "PAY-1", "told", squeezed([b"told"]).decode("latin1")):
            assert text not in str(stored)
            assert text.encode() not in bytes(stored[2])


DAMAGE = {
    "the last chunk is taken away": "DELETE FROM log_chunks WHERE number = 3",
    "the last two are taken away": "DELETE FROM log_chunks WHERE number >= 2",
    "the middle is taken away": "DELETE FROM log_chunks WHERE number = 1",
    "the beginning is taken away": "DELETE FROM log_chunks WHERE number = 0",
    "all is taken away": "DELETE FROM log_chunks",
    "two change places": (
        "UPDATE log_chunks mine SET sealed = other.sealed FROM log_chunks other"
        " WHERE mine.number + other.number = 1"
    ),
    "one is copied over another": (
        "UPDATE log_chunks mine SET sealed = other.sealed FROM log_chunks other"
        " WHERE mine.number = 1 AND other.number = 2"
    ),
    "a bit is turned": (
        "UPDATE log_chunks SET sealed = set_bit(sealed, 200, 1 - get_bit(sealed, 200))"
    ),
    "the mark of the end is moved forward": (
        r"UPDATE log_chunks SET sealed = '\x01' || substring(sealed, 2) WHERE number = 1"
    ),
    "the mark of the end is taken off": (
        r"UPDATE log_chunks SET sealed = '\x00' || substring(sealed, 2) WHERE number = 3"
    ),
    "it says it has other lines": "UPDATE log_chunks SET lines = lines + 1 WHERE number = 1",
    "it is cut short": "UPDATE log_chunks SET sealed = substring(sealed, 1, 20) WHERE number = 1",
    "it is emptied": "UPDATE log_chunks SET sealed = '' WHERE number = 1",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_log_that_was_tampered_with_is_refused(vault: Vault, damage: str) -> None:
    run = await vault.run()
    await vault.written(run, ["one"], ["two"], ["three"])
    await vault.end(run)
    assert vault.numbers(run) == [0, 1, 2, 3]
    vault.superuser.execute(DAMAGE[damage])
    with pytest.raises(LogDamaged):
        await vault.read(run)


async def test_a_chunk_of_another_run_is_refused_even_with_its_key(vault: Vault) -> None:
    runs = [await vault.run(), await vault.run()]
    for run in runs:
        await vault.written(run, ["same place, same words"])
        await vault.end(run)
    vault.superuser.execute(
        "UPDATE log_chunks mine SET sealed = other.sealed FROM log_chunks other"
        " WHERE mine.run_id = %s AND other.run_id = %s AND mine.number = other.number",
        (runs[0].id, runs[1].id),
    )
    with pytest.raises(LogDamaged):
        await vault.read(runs[0])
    vault.superuser.execute(
        "UPDATE runs mine SET wrapped_key = other.wrapped_key FROM runs other"
        " WHERE mine.id = %s AND other.id = %s",
        (runs[0].id, runs[1].id),
    )
    with pytest.raises(LogDamaged):
        await vault.read(runs[0])


async def test_the_key_of_another_customer_does_not_open_a_log(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, ["one"])
    with pytest.raises(LogDamaged):
        await vault.read(run, key=InstanceKey(b"x" * 32))


async def test_without_days_to_keep_it_nothing_is_written(vault: Vault) -> None:
    run = await vault.run(keep_days=0)
    await vault.written(run, ["one"])
    await vault.end(run)
    assert (run.wrapped_key, run.log_expires_at, vault.numbers(run)) == (None, None, [])
    with pytest.raises(LogGone, match="none is kept"):
        await vault.read(run)


async def test_a_log_that_is_switched_off_meanwhile_takes_no_more_lines(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, ["before"])
    log = vault.writer(run, keep_days=0)
    log.write("info", "told", "after")
    async with vault.database.of_instance(vault.instance_id) as session:
        await log.flush(session)
    assert vault.numbers(run) == [0]


async def test_past_its_time_the_key_is_destroyed_and_nobody_reads_it(vault: Vault) -> None:
    old, young = await vault.run(), await vault.run()
    for run in (old, young):
        await vault.written(run, ["soon gone"])
        await vault.end(run)
    vault.superuser.execute(
        "UPDATE runs SET log_expires_at = now() - interval '1 second' WHERE id = %s", (old.id,)
    )
    with pytest.raises(LogGone, match="expired"):  # also before anybody swept
        await vault.read(old)
    assert await destroy_expired_logs(vault.database) == 1
    with pytest.raises(LogGone, match="expired"):
        await vault.read(old)
    assert vault.numbers(old) == []
    assert await vault.read(young) == ["soon gone"]
    kept = vault.superuser.execute("SELECT wrapped_key FROM runs WHERE id = %s", (old.id,))
    assert kept.fetchone() == (None,)


async def test_a_log_begun_once_is_not_begun_again(vault: Vault) -> None:
    run = await vault.run()
    first = run.wrapped_key
    begin_log(run, 14, KEY, vault.now)
    assert run.wrapped_key == first
    run.wrapped_key = None  # destroyed
    begin_log(run, 14, KEY, vault.now)
    assert run.wrapped_key is None


async def test_a_new_master_key_leaves_every_log_readable(vault: Vault) -> None:
    masters = MasterKeys([b"o" * 32]), MasterKeys([b"n" * 32, b"o" * 32])
    wrapped = masters[0].new_instance_key(vault.instance_id)
    run = await vault.run()
    run.wrapped_key = masters[0].instance_key(wrapped, vault.instance_id).new_run_key(run.id)
    vault.superuser.execute("UPDATE runs SET wrapped_key = %s", (run.wrapped_key,))
    vault.superuser.execute(
        "UPDATE instances SET wrapped_key = %s WHERE id = %s", (wrapped, vault.instance_id)
    )
    log = LogWriter(run, 14, masters[0].instance_key(wrapped, vault.instance_id))
    log.write("info", "told", "from before")
    async with vault.database.of_instance(vault.instance_id) as session:
        await log.flush(session)
    before = vault.superuser.execute("SELECT sealed FROM log_chunks").fetchall()

    assert (await rewrap_keys(vault.database, masters[1])).count == 1

    row = vault.superuser.execute("SELECT wrapped_key FROM instances").fetchone()
    assert row is not None
    key = MasterKeys([b"n" * 32]).instance_key(row[0], vault.instance_id)
    assert await vault.read(run, key=key) == ["from before"]
    assert vault.superuser.execute("SELECT sealed FROM log_chunks").fetchall() == before


async def test_after_its_end_nothing_is_added_to_a_log(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, ["one"])
    await vault.end(run)
    await vault.end(run)
    await vault.written(run, ["a worker that was thought dead"])
    assert vault.numbers(run) == [0, 1]
    assert await vault.read(run) == ["one"]


async def test_what_waits_for_a_flush_is_bounded_and_says_what_it_left_out(vault: Vault) -> None:
    run = await vault.run()
    log = vault.writer(run)
    lines = 0
    while not log._left_out:
        noise = secrets.token_hex(LONGEST_VALUE // 2)
        log.write("info", "told", str(lines), data={"description": noise})
        if sum(len(chunk.small) for chunk in log._full) > MOST_DATA:
            for _ in range(5000):
                log.write("info", "told", secrets.token_hex(500), data={"description": noise})
        lines += 1
    held = sum(len(chunk.small) for chunk in log._full) + log._open_size
    assert held < 2 * MOST_DATA + 2 * CHUNK_SIZE
    async with vault.database.of_instance(vault.instance_id) as session:
        await log.flush(session)
    assert "lines are left out" in (await vault.read(run))[-1]


async def test_a_long_log_is_read_without_holding_it(vault: Vault) -> None:
    run = await vault.run()
    await vault.written(run, *[[f"{page}-{line}" for line in range(3)] for page in range(30)])
    await vault.end(run)
    reader = open_log(vault.database, run, KEY, vault.now)
    read = [len(chunk.lines) async for chunk in reader.chunks()]
    assert read == [3] * 30 + [0]


texts = st.text(max_size=30) | st.text(
    st.characters(categories=["Cs", "Zl", "Zp", "Cc"]), max_size=5
)


@given(
    st.lists(
        st.builds(
            Line,
            at=st.datetimes(timezones=st.just(UTC)),
            level=st.sampled_from(["debug", "info", "warning", "error"]),
            event=texts,
            message=texts,
            jira=texts,
            tool=texts,
            data=st.dictionaries(texts, texts, max_size=3),
        ),
        max_size=5,
    )
)
def test_any_text_comes_back_as_it_was(lines: list[Line]) -> None:
    def storable(text: str) -> str:
        return text.encode(errors="replace").decode()

    expected = [
        replace(
            line,
            event=storable(line.event),
            message=storable(line.message),
            jira=storable(line.jira),
            tool=storable(line.tool),
            data={storable(name): storable(value) for name, value in line.data.items()},
        )
        for line in lines
    ]
    read = unsqueezed(squeezed(line.as_json() for line in lines))
    assert [line.message for line in read] == [line.message for line in expected]
    if not any("?" in str(line) for line in expected):
        assert list(read) == expected


def _line(level: str, jira: str, tool: str) -> Line:
    return Line(datetime.now(UTC), level, "told", "words", jira, tool)


@pytest.mark.parametrize(
    ("wanted", "line", "is_wanted"),
    [
        (ALL, _line("debug", "", ""), True),
        (Wanted("warning"), _line("info", "PAY-1", ""), False),
        (Wanted("warning"), _line("error", "PAY-1", ""), True),
        (Wanted(item="pay-1"), _line("info", "PAY-1", ""), True),
        (Wanted(item="PAY-1"), _line("info", "PAY-12", ""), False),
        (Wanted(item="#7"), _line("info", "PAY-1", "#7"), True),
        (Wanted("error", "#7"), _line("info", "PAY-1", "#7"), False),
    ],
)
def test_lines_are_found_by_level_and_item(wanted: Wanted, line: Line, is_wanted: bool) -> None:
    assert wanted.has(line) is is_wanted


def test_a_level_that_does_not_exist_is_a_mistake_of_the_program() -> None:
    run = Run(id=uuid4(), instance_id=uuid4())
    with pytest.raises(ValueError, match="level"):
        LogWriter(run, 14, KEY).write("fatal", "told", "words")
