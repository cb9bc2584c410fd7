"""Items a second, calls an item, memory, lines of a log, and how soon a change arrives."""

import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from app.encryption import InstanceKey
from app.house import House
from app.runs.models import Run
from app.runs.vault import LogWriter, begin_log, open_log
from bench import database
from bench.far_sides import PROJECT_KEY
from bench.figures import Figures
from bench.processes import resident_mb
from bench.synced import Synced, synced, with_house

ITEMS = int(os.environ.get("SYNC_ITEMS", "1000"))
MANY = int(os.environ.get("SYNC_MANY", "5000"))
LATENCIES_MS = (50, 200)
EDITS = 10
LINES, LINES_A_PAGE = 100_000, 200
_TEXT = "<p>What happens, what should happen, and for whom it matters.</p>" * 8
LONGEST_S = float(os.environ.get("SYNC_LONGEST_S", "900"))
_COLUMNS = ("", "items", "s", "items/s", "calls to GitLab", "calls to Jira", "calls an item")


@dataclass(frozen=True, slots=True)
class _Ran:
    """One run: how many items it was about, how long it took, and what was asked meanwhile."""

    items: int
    seconds: float
    calls: Counter[str]

    def of(self, side: str) -> int:
        return sum(count for call, count in self.calls.items() if call.startswith(side))

    def row(self, name: str) -> tuple[object, ...]:
        gitlab, jira = self.of("GitLab"), self.of("Jira")
        return (
            name, f"{self.items:,}", f"{self.seconds:.1f}", f"{self.items / self.seconds:,.0f}",
            f"{gitlab:,}", f"{jira:,}", f"{(gitlab + jira) / self.items:.3g}",
        )  # fmt: skip


def measure() -> Sequence[Figures]:
    """Four tables; each stand is a database, a Jira and a GitLab of its own."""
    rows: list[Sequence[object]] = []
    memory: list[Sequence[object]] = []
    with tempfile.TemporaryDirectory(prefix="getint-bench-") as name, database.postgres() as url:
        folder = Path(name)
        for ms in LATENCIES_MS:
            with synced(folder, url, ITEMS, f"at_{ms}") as found:
                rows += _speeds(found, ms)
        with synced(folder, url, ITEMS, "few") as found:
            few, _ = _peak(found, ITEMS, memory)
            vault = with_house(found.worker_environment, lambda house: _vault(house, found))
        with synced(folder, url, MANY, "many") as found:
            many, first = _peak(found, MANY, memory)
            calls = _calls(found, first)
            arrivals = _arrivals(found)
    notes = (f"From {ITEMS:,} to {MANY:,} items the peak grows by {many / few - 1:.0%}.",)
    return [
        _table("sync-speed", _COLUMNS, rows),
        calls,
        _table("sync-memory", ("", "peak MB", "MB before"), memory, notes),
        _table("sync-vault", ("", "lines/s", "bytes a line"), vault),
        _table("sync-arrival", ("", "median", "slowest"), arrivals),
    ]


def _table(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    notes: Sequence[str] = (),
) -> Figures:
    return Figures(name, columns, rows, notes, command="sync")


def _run(found: Synced, items: int) -> _Ran:
    before = found.calls()
    row = found.ended(found.start_run(), LONGEST_S)
    assert not row["failed"], row
    taken = (row["finished_at"] - row["started_at"]).total_seconds()
    return _Ran(items, taken, found.calls() - before)


def _speeds(found: Synced, ms: int) -> list[Sequence[object]]:
    found.latency(ms)
    with found.worker():
        first = _run(found, ITEMS)
        second = _run(found, ITEMS)
        third = _run(found, ITEMS)
    print(f"{ms} ms: {first.seconds:.1f} s, {third.seconds:.1f} s", flush=True)
    return [
        first.row(f"first run, GitLab {ms} ms away"),
        second.row(f"the run after it, {ms} ms"),
        third.row(f"nothing changed, {ms} ms"),
    ]


def _peak(found: Synced, items: int, rows: list[Sequence[object]]) -> tuple[float, _Ran]:
    """The worker's largest memory over a first run, in MB."""
    with found.worker() as pid:
        time.sleep(3)  # it has settled down by then
        before = resident_mb(pid)
        first = _run(found, items)
        status = Path(f"/proc/{pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1000
    print(f"{items} items: {first.seconds:.1f} s, {peak:.0f} MB", flush=True)
    rows.append((f"first run of {items:,} items", f"{peak:.0f}", f"{before:.0f}"))
    return peak, first


def _calls(found: Synced, first: _Ran) -> Figures:
    pages = -(-MANY // 50)
    least = f"{MANY + pages:,}: a create each, {pages:,} pages of a list"
    rows = [(f"first run of {MANY:,}", first, least)]
    with found.worker():
        _run(found, MANY)  # looks once more at what the first one wrote
        rows.append(("nothing changed", _run(found, MANY), "2: the changes of each side"))
        _edit(found, 7, "Changed once")
        changed = _run(found, MANY)
        rows.append((f"one change in {MANY:,}", changed, "4: two lists, a read, a write"))
    return _table(
        "sync-calls",
        ("", "calls to GitLab", "calls to Jira", "the least possible"),
        [
            (name, f"{ran.of('GitLab'):,}", f"{ran.of('Jira'):,}", least)
            for name, ran, least in rows
        ],
        [f"- {name}: {_by_kind(ran)}." for name, ran, _ in rows],
    )


def _by_kind(ran: _Ran) -> str:
    def told(call: str) -> str:
        side, method, path = call.split(" ")
        short = path.replace("/rest/api/*", "").replace("/api/v4/projects/*", "")
        return f"{side} {method} {short or '/project'}"

    return "; ".join(f"{count:,} {told(call)}" for call, count in ran.calls.most_common())


def _edit(found: Synced, number: int, title: str) -> None:
    httpx.put(
        f"{found.stand.jira_url}/rest/api/3/issue/{PROJECT_KEY}-{number}",
        json={"fields": {"summary": title}},
        auth=("alice@example.com", "any"),
        timeout=10,
    ).raise_for_status()


def _arrivals(found: Synced) -> list[Sequence[object]]:
    """From the answer to an edit in Jira until GitLab has it; webhooks start the runs."""
    taken = []
    with found.stand.app(env="development"), found.worker():
        for turn in range(EDITS):
            title = f"Arrives {turn} {uuid4()}"
            _edit(found, 20 + turn, title)
            began = time.monotonic()
            while not any(each[1] == title for each in found.gitlab("items")):
                if time.monotonic() - began > 60:
                    raise RuntimeError(f"it never arrived: {found.log.read_text()[-1000:]}")
                time.sleep(0.05)
            taken.append(time.monotonic() - began)
            time.sleep(3)  # the run's end
    middle = f"{statistics.median(taken):.1f} s"
    return [(f"a title edited in Jira, {EDITS} times", middle, f"{max(taken):.1f} s")]


async def _vault(house: House, found: Synced) -> list[Sequence[object]]:
    """Lines as an update writes them, committed a page at a time, and read again."""
    facts = found.facts
    run = Run(
        id=uuid4(),
        instance_id=facts.instance_id,
        integration_id=found.integration_id,
        trigger="hand",
        state="running",
        step={},
    )
    begin_log(run, 14, facts.key, datetime.now(UTC))
    async with house.database.of_instance(facts.instance_id) as session:
        session.add(run)
    writing = await _written(house, run, facts.key)
    began = time.monotonic()
    reader = open_log(house.database, run, facts.key, datetime.now(UTC))
    lines = 0
    async for chunk in reader.chunks():
        lines += len(chunk.lines)
    reading = time.monotonic() - began
    assert lines == LINES
    query = "SELECT sum(length(sealed)) AS size FROM log_chunks WHERE run_id = %s"
    stored = int(found.one(query, run.id)["size"]) / LINES
    return [
        (f"written and committed, {LINES_A_PAGE} to a page", f"{LINES / writing:,.0f}", ""),
        ("read again", f"{LINES / reading:,.0f}", ""),
        ("stored", "", f"{stored:,.0f}"),
    ]


async def _written(house: House, run: Run, key: InstanceKey) -> float:
    """Seconds for all lines."""
    log = LogWriter(run, 14, key)
    began = time.monotonic()
    for page in range(LINES // LINES_A_PAGE):
        for number in range(page * LINES_A_PAGE, (page + 1) * LINES_A_PAGE):
            data = {"title": f"Pay the bill {uuid4()}", "description": _TEXT, "labels": "payday"}
            jira, tool = f"{PROJECT_KEY}-{number}", f"#{number}"
            told = "Changed title, description, labels."
            log.write("info", "updated", told, jira=jira, tool=tool, data=data)
        async with house.database.of_instance(run.instance_id) as session:
            await log.flush(session)
    async with house.database.of_instance(run.instance_id) as session:
        await log.close(session)
        (await session.get_one(Run, run.id)).state = "done"
    return time.monotonic() - began
