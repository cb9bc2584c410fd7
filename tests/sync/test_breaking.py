"""What goes wrong at the worst moment, one after the other."""

from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from app.database import Database
from app.settings import Settings
from app.sync.rules import SideName
from app.tools.items import Draft, Item
from tests.sync.kit import Pair


@pytest.fixture
async def pair(settings: Settings, superuser: psycopg.Connection) -> AsyncIterator[Pair]:
    """An integration of its own."""
    database = Database(settings)
    yield Pair(database, superuser)
    await database.close()


def titles(pair: Pair, side: SideName) -> list[str]:
    return sorted(str(item.values["title"]) for item in pair.side(side).items.values())


@pytest.mark.parametrize("which", ["jira", "tool"])
@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_clock_that_is_ten_minutes_wrong_makes_nothing_twice(
    pair: Pair, which: SideName, minutes: int
) -> None:
    pair.jira.skew = pair.tool.skew = timedelta()
    pair.side(which).skew = timedelta(minutes=minutes)
    for number in range(5):
        pair.jira.put(title=f"jira {number}")
        pair.tool.put(title=f"tool {number}")
    pair.faults.coming = [("create", "unsure"), ("create", "kill"), ("commit", "kill-before")]
    await pair.run()
    await pair.settle()
    assert titles(pair, "jira") == titles(pair, "tool")
    assert len(pair.jira.items) == 10


async def test_credentials_that_are_revoked_half_way_hold_the_run_which_then_goes_on(
    pair: Pair,
) -> None:
    for number in range(8):
        pair.jira.put(title=str(number))
    pair.faults.coming = [("commit", "")] * 3 + [("create", "lost")]
    assert await pair.run() == "held"
    assert len(pair.tool.items) < 8
    assert await pair.run() == "finished"
    await pair.settle()
    assert titles(pair, "tool") == [str(number) for number in range(8)]
    assert {link[2] for link in pair.links()} == {"linked"}


async def test_a_read_that_fails_when_an_item_is_tried_again_stops_no_other(pair: Pair) -> None:
    first = pair.jira.put(title="0")
    await pair.settle()
    pair.jira.edit(first, title="unwanted")
    assert await pair.run() == "finished"
    pair.jira.put(title="1")
    pair.time += timedelta(minutes=2)
    pair.faults.coming = [("read", "broken")]
    assert await pair.run() == "finished"
    assert pair.log.lines.count(("error", "failed", "It has trouble of its own (HTTP 500).")) == 1
    assert titles(pair, "tool") == ["0", "1"]
    pair.jira.edit(first, title="wanted")
    await pair.settle()
    assert {link[2] for link in pair.links()} == {"linked"}
    assert titles(pair, "tool") == ["1", "wanted"]


async def test_five_thousand_comments_arrive_once_although_the_worker_dies_among_them(
    pair: Pair,
) -> None:
    item_id = pair.jira.put(title="talked about")
    for number in range(5000):
        pair.jira.say(item_id, str(number))
    pair.faults.coming = [("add_comment", "")] * 2500 + [("add_comment", "kill")]
    assert await pair.run() == "killed"
    await pair.settle()
    (tool_id,) = pair.tool.items
    said = [comment.body.rpartition("<p>")[2] for comment in pair.tool.talk[tool_id].values()]
    assert said == [f"{number}</p>" for number in range(5000)]
    assert len(pair.jira.talk[item_id]) == 5000


async def test_an_item_that_is_deleted_while_its_copy_is_made_stops_no_other(pair: Pair) -> None:
    ids = [pair.jira.put(title=str(number)) for number in range(3)]
    create = pair.tool.create

    async def deleted_meanwhile(draft: Draft) -> Item:
        if draft.values["title"] == "1":
            pair.jira.remove(ids[1])
        return await create(draft)

    pair.tool.create = deleted_meanwhile  # type: ignore[method-assign]
    assert await pair.run() == "finished"
    await pair.settle()
    assert titles(pair, "tool") == ["0", "1", "2"]
    assert {(link[0], link[2]) for link in pair.links()} == {
        (ids[0], "linked"), (ids[1], "ended"), (ids[2], "linked"),
    }  # fmt: skip


async def test_a_counterpart_that_is_deleted_while_it_is_changed_fails_alone_and_then_ends(
    pair: Pair,
) -> None:
    ids = [pair.jira.put(title=str(number)) for number in range(2)]
    await pair.settle()
    gone = next(link[1] for link in pair.links() if link[0] == ids[0])
    read = pair.tool.read

    async def deleted_meanwhile(item_id: str) -> Item | None:
        found = await read(item_id)
        if item_id == gone and gone in pair.tool.items:
            pair.tool.remove(gone)
        return found

    pair.tool.read = deleted_meanwhile  # type: ignore[method-assign]
    for item_id in ids:
        pair.jira.edit(item_id, title=f"new {item_id}")
    assert await pair.run() == "finished"
    assert titles(pair, "tool") == [f"new {ids[1]}"]
    await pair.settle()
    assert {(link[0], link[2]) for link in pair.links()} == {(ids[0], "ended"), (ids[1], "linked")}
