"""A preview counts what a run would do and what will not fit, and touches nothing."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from app.access import Tool
from app.database import Database
from app.encryption import InstanceKey
from app.runs.models import Run
from app.settings import Settings
from app.sync.context import MappedTypes
from app.sync.files import MOST_BYTES
from app.sync.findings import (
    MOST_EXAMPLES,
    MOST_KINDS,
    OTHER_KINDS,
    Findings,
    SealedTally,
    Tally,
    findings_of,
)
from app.sync.previewing import Preview
from app.tools.items import Attachment, FieldInfo, FieldKind, Schema, TypeInfo
from tests.sync.kit import RULES, Pair

KEY = InstanceKey(os.urandom(32))
ISSUE = TypeInfo(
    "Issue",
    (
        FieldInfo("title", "Title", FieldKind.TEXT, required=True),
        FieldInfo("urgency", "Urgency", FieldKind.OPTION, required=True, options=("1", "2")),
    ),
    ("opened", "closed"),
)
SCHEMAS = {"jira": Schema((TypeInfo("Issue", (), ()),)), "tool": Schema((ISSUE,))}


@pytest.fixture
def pair_of(settings: Settings, superuser: psycopg.Connection) -> Callable[..., Pair]:
    database = Database(settings)
    return lambda **changes: Pair(database, superuser, **changes)


async def previewed(pair: Pair, *, page_by_page: bool = False) -> Findings:
    """A preview to its end, by a worker that stays or by a new one for each page."""
    while True:
        async with pair.database.of_instance(pair.instance_id) as session:
            run = await session.get_one(Run, pair.run_id, options=[undefer(Run.findings)])
        counted = SealedTally(Tally.going_on(findings_of(run.findings, KEY, run.id)), KEY, run.id)
        tools = {"jira": Tool.JIRA, "tool": Tool.GITLAB}
        preview = Preview(pair.context(), tools, SCHEMAS, counted, run)  # type: ignore[arg-type]
        if await preview.work(lambda: page_by_page) == "finished":
            break
    async with pair.database.of_instance(pair.instance_id) as session:
        sealed = await session.scalar(select(Run.findings).where(Run.id == pair.run_id))
    await pair.database.close()
    found = findings_of(sealed, KEY, pair.run_id)
    assert found is not None
    return found


async def run_to_its_end(pair: Pair) -> None:
    assert await pair.run() == "finished"
    await pair.database.close()


def counted(found: Findings) -> dict[tuple[str, ...], dict[str, int]]:
    return {(row.side, row.type, row.status): row.counts for row in found.rows}


def told(found: Findings) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {each.text: (each.count, each.examples) for each in found.misfits}


def numbers(pair: Pair) -> tuple[Any, ...]:
    row = pair.superuser.execute(
        "SELECT created, updated, skipped, expected FROM runs WHERE id = %s", (pair.run_id,)
    ).fetchone()
    assert row
    return row


@pytest.mark.parametrize("page_by_page", [False, True])
def test_items_are_counted_once_by_type_and_status_and_nothing_is_touched(
    pair_of: Callable[..., Pair], *, page_by_page: bool
) -> None:
    pair = pair_of(direction="to_tool")
    linked = [pair.jira.put(title=f"old {number}", priority="High") for number in range(4)]
    asyncio.run(pair.run())
    pair._restart()
    pair.superuser.execute("UPDATE runs SET created = 0, skipped = 0, updated = 0")
    for number in range(5):
        pair.jira.set_status(pair.jira.put(title=f"new {number}", priority="Low"), "Done")
    pair.jira.put("Epic", title="big")
    pair.jira.put("Epic", title="bigger")
    pair.jira.calls.clear()
    pair.tool.calls.clear()
    links = pair.links()
    found = asyncio.run(previewed(pair, page_by_page=page_by_page))
    assert counted(found) == {
        ("jira", "Epic", "To Do"): {"left_alone": 2},
        ("jira", "Issue", "Done"): {"new": 5},
        ("jira", "Issue", "To Do"): {"linked": len(linked)},
    }
    assert numbers(pair) == (5, 4, 2, 11)
    assert (set(pair.jira.calls), pair.tool.calls) == ({"changes"}, [])
    assert pair.links() == links


def test_the_calls_that_are_foretold_are_those_that_the_run_then_takes(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of(direction="to_tool")
    ids = [pair.jira.put(title=str(number), priority="High") for number in range(12)]
    for item_id in ids[:4]:
        pair.jira.set_status(item_id, "Done")
    for number in range(5):
        pair.jira.say(ids[5], f"word {number}")
    file = Attachment("a", "a.txt", "text/plain", 1)
    pair.jira.files[file.id] = b"a"
    pair.jira.items[ids[6]] = replace(pair.jira.items[ids[6]], attachments=(file,))
    found = asyncio.run(previewed(pair))
    pair.superuser.execute("UPDATE runs SET step = '{}'")
    for side in (pair.jira, pair.tool):
        side.calls.clear()
    asyncio.run(run_to_its_end(pair))
    taken = len(pair.jira.calls) + len(pair.tool.calls)
    assert abs(found.calls - taken) <= taken / 4
    assert found.like_run_at is None
    assert found.seconds > 0


def test_the_time_is_that_of_the_integration_s_own_runs_which_were_not_held_up(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of(direction="to_tool")
    for number in range(10):
        pair.jira.put(title=str(number), priority="High")
    for moved, seconds, state in (
        (40, 20, "done"),
        (40, 7200, "done"),
        (3, 1, "done"),
        (90, 1, "failed"),
    ):
        pair.superuser.execute(
            "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created,"
            " updated, skipped, failed, started_at, finished_at) SELECT gen_random_uuid(),"
            " instance_id, integration_id, 'hand', %s, '{}', %s, 0, 0, 0, now(),"
            " now() + make_interval(secs => %s) FROM runs WHERE id = %s",
            (state, moved, seconds, pair.run_id),
        )
    found = asyncio.run(previewed(pair))
    assert found.seconds == pytest.approx(5.0)
    assert found.like_run_moved == 40
    assert found.like_run_at is not None


def test_what_will_not_fit_is_told_by_the_engine_s_own_rules_with_a_few_keys(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of(direction="to_tool")
    odd = [pair.jira.put(title=f"odd {number}", priority="Blocker") for number in range(7)]
    long = pair.jira.put(title="x" * 256, priority="High")
    stuck = pair.jira.put(title="stuck", priority="High")
    pair.jira.set_status(stuck, "Limbo")
    pair.jira.put(title="fits", priority="High")
    heavy = pair.jira.put(title="heavy", priority="High")
    files = (
        Attachment("a", "a.bin", "x/y", MOST_BYTES + 1),
        Attachment("b", "b.bin", "x/y", None),
        Attachment("c", "c.bin", "x/y", 5),
    )
    pair.jira.items[heavy] = replace(pair.jira.items[heavy], attachments=files)
    found = asyncio.run(previewed(pair))
    keys = {item_id: item.key for item_id, item in pair.jira.items.items()}
    first = tuple(keys[each] for each in odd[:MOST_EXAMPLES])
    assert told(found) == {
        "priority: this choice is not mapped.": (7, first),
        "urgency: GitLab demands it, and there is no value for it.": (7, first),
        "title: it is longer than GitLab takes (255 characters).": (1, (keys[long],)),
        "status: this status is not mapped.": (1, (keys[stuck],)),
        "A file is larger than is copied, or its size is not known.": (1, (keys[heavy],)),
    }
    assert next(iter(found.labels.items())) == ("title", "Title")


def test_a_parent_that_stays_behind_is_told_wherever_it_would_have_come(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of(direction="to_tool")
    child = pair.jira.put(title="before its parent", priority="High")
    parent = pair.jira.put(title="parent", priority="High")
    epic = pair.jira.put("Epic", title="of no mapped type")
    under_epic = pair.jira.put(title="under an epic", priority="High")
    outside = pair.jira.put(title="outside", priority="High")
    for item_id, its in ((child, parent), (under_epic, epic), (outside, "jira-of-another-filter")):
        pair.jira.items[item_id] = replace(pair.jira.items[item_id], parent=its)
    found = asyncio.run(previewed(pair, page_by_page=True))
    ((text, (count, keys)),) = told(found).items()
    assert text.startswith("parent: it is not among the items")
    assert (count, set(keys)) == (
        2,
        {pair.jira.items[under_epic].key, pair.jira.items[outside].key},
    )


def test_both_ways_both_sides_are_counted_and_our_own_copies_are_linked(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of()
    pair.jira.put(title="a", priority="High")
    pair.tool.put(title="b", urgency="1")
    asyncio.run(pair.run())
    asyncio.run(pair.run())
    pair._restart()
    found = asyncio.run(previewed(pair))
    assert sum(row.counts.get("new", 0) for row in found.rows) == 0
    assert sum(row.counts["linked"] for row in found.rows) == 4


def test_without_hierarchy_no_parent_is_missed(pair_of: Callable[..., Pair]) -> None:
    rules = RULES.model_copy(update={"hierarchy": False, "comments": "off"})
    pair = pair_of(direction="to_tool", mappings=(MappedTypes(uuid4(), "Issue", "Issue", rules),))
    item_id = pair.jira.put(title="a", priority="High")
    pair.jira.items[item_id] = replace(pair.jira.items[item_id], parent="elsewhere")
    assert told(asyncio.run(previewed(pair))) == {}


def test_findings_open_for_their_own_run_alone_and_hold_no_key_in_the_clear() -> None:
    tally = Tally()
    tally.misfit("priority: this choice is not mapped.", "PAY-4711")
    run_id = uuid4()
    sealed = tally.findings().sealed(KEY, run_id)
    assert b"PAY-4711" not in sealed
    assert findings_of(sealed, KEY, run_id) == tally.findings()
    assert findings_of(sealed, KEY, uuid4()) is None
    assert findings_of(sealed, InstanceKey(os.urandom(32)), run_id) is None


def test_whatever_goes_wrong_the_findings_stay_small() -> None:
    tally = Tally()
    for number in range(3 * MOST_KINDS):
        tally.misfit(f"kind {number}", f"PAY-{number}")
        tally.misfit("kind 0", f"PAY-{number}")
    found = told(tally.findings())
    assert len(found) == MOST_KINDS + 1
    assert found[OTHER_KINDS][0] == 2 * MOST_KINDS
    assert found["kind 0"][0] == 3 * MOST_KINDS + 1
    assert all(len(keys) <= MOST_EXAMPLES for _, keys in found.values())
