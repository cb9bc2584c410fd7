"""What a first run costs: nothing of ours makes it slower than the tools let it be."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import psycopg
import pytest

from app.database import Database
from app.settings import Settings
from app.sync.slice import AT_ONCE
from app.tools.items import Draft, Item, Values
from app.tools.side import Changes
from tests.sync.kit import Pair

SOON_S = 10.0


@pytest.fixture
async def pair(settings: Settings, superuser: psycopg.Connection) -> AsyncIterator[Pair]:
    """An integration of its own."""
    database = Database(settings)
    yield Pair(database, superuser)
    await database.close()


async def test_an_item_costs_its_creation_and_nothing_else(pair: Pair) -> None:
    for number in range(7):
        pair.jira.put(title=str(number))
    assert await pair.slice() == "finished"
    assert set(pair.jira.calls) == {"changes"}
    assert Counter(pair.tool.calls) - Counter({"changes": 9}) == {"create": 7}


async def test_comments_are_asked_for_where_there_are_some(pair: Pair) -> None:
    ids = [pair.jira.put(title=str(number)) for number in range(7)]
    pair.jira.say(ids[3], "a word")
    assert await pair.slice() == "finished"
    assert [len(said) for said in pair.tool.talk.values()] == [1]
    # Its own item once, and once more when the copy shows up as a change there.
    assert Counter(pair.jira.calls)["comments"] == 2
    assert Counter(pair.tool.calls)["comments"] == 1


async def test_a_comment_that_is_written_while_we_write_is_not_missed(
    pair: Pair,
) -> None:
    item_id = pair.jira.put(title="old")
    await pair.settle()
    (tool_id,) = pair.tool.items
    pair.jira.edit(item_id, title="new")
    update = pair.tool.update

    async def commented(item_id: str, values: Values, parent: str | None = None) -> Item:
        pair.tool.say(tool_id, "meanwhile")
        return await update(item_id, values, parent)

    pair.tool.update = commented  # type: ignore[method-assign]
    assert await pair.slice() == "finished"
    (copy,) = pair.jira.talk[item_id].values()
    assert copy.body.endswith("<p>meanwhile</p>")


async def test_many_items_of_a_page_are_worked_on_at_a_time_and_never_more(
    pair: Pair,
) -> None:
    pair.jira.page_size = 3 * AT_ONCE
    for number in range(2 * AT_ONCE):
        pair.jira.put(title=str(number))
    create, under_way, most = pair.tool.create, 0, 0
    full = asyncio.Event()

    async def slow(draft: Draft) -> Item:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == AT_ONCE:
            full.set()
        await full.wait()
        under_way -= 1
        return await create(draft)

    pair.tool.create = slow  # type: ignore[method-assign]
    async with asyncio.timeout(SOON_S):
        assert await pair.slice() == "finished"
    assert most == AT_ONCE


async def test_the_next_page_is_read_while_the_last_one_is_worked_on(
    pair: Pair,
) -> None:
    for number in range(pair.jira.page_size + 1):
        pair.jira.put(title=str(number))
    create, changes = pair.tool.create, pair.jira.changes
    second = asyncio.Event()

    async def noted(position: str | None, query: str) -> Changes:
        if position is not None:
            second.set()
        return await changes(position, query)

    async def waits(draft: Draft) -> Item:
        await second.wait()
        return await create(draft)

    pair.jira.changes, pair.tool.create = noted, waits  # type: ignore[method-assign]
    async with asyncio.timeout(SOON_S):
        assert await pair.slice() == "finished"
    assert len(pair.tool.items) == pair.jira.page_size + 1
