"""Who stands under whom is the same on both sides, in whatever order it comes to be known."""

from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest

from app.database import Database
from app.settings import Settings
from app.tools.items import Draft, Item
from app.tools.side import ItemRejected
from tests.sync.kit import Pair


@pytest.fixture
async def pair(settings: Settings, superuser: psycopg.Connection) -> AsyncIterator[Pair]:
    """An integration of its own."""
    database = Database(settings)
    yield Pair(database, superuser)
    await database.close()


def copy_of(pair: Pair, jira_id: str) -> Item:
    return pair.tool.items[next(link[1] for link in pair.links() if link[0] == jira_id)]


def parent_of_copy(pair: Pair, jira_id: str) -> str | None:
    return copy_of(pair, jira_id).parent


async def test_a_child_that_comes_before_its_parent_is_put_under_it_in_the_same_run(
    pair: Pair,
) -> None:
    child = pair.jira.put(title="child")
    for number in range(pair.jira.page_size):  # the parent is on a later page
        pair.jira.put(title=str(number))
    parent = pair.jira.put(title="parent")
    pair.jira.items[child] = replace(pair.jira.items[child], parent=parent)
    assert await pair.run() == "finished"
    assert parent_of_copy(pair, child) == copy_of(pair, parent).id


async def test_a_parent_outside_of_the_filter_is_waited_for_without_asking(pair: Pair) -> None:
    epic = pair.jira.put("Epic", title="of no mapped type")
    child = pair.jira.put(title="child")
    pair.jira.put_under(child, epic)
    await pair.settle()
    assert parent_of_copy(pair, child) is None
    for side in (pair.jira, pair.tool):
        side.calls.clear()
    assert await pair.run() == "finished"
    assert set(pair.jira.calls) == set(pair.tool.calls) == {"changes"}


async def test_a_parent_that_is_changed_and_taken_away_follows_both_ways(pair: Pair) -> None:
    child, first, second = (pair.jira.put(title=title) for title in ("child", "first", "second"))
    pair.jira.put_under(child, first)
    await pair.settle()
    assert parent_of_copy(pair, child) == copy_of(pair, first).id
    pair.tool.put_under(copy_of(pair, child).id, copy_of(pair, second).id)
    await pair.settle()
    assert pair.jira.items[child].parent == second
    pair.jira.put_under(child, None)
    await pair.settle()
    assert parent_of_copy(pair, child) is None
    assert pair.jira.items[child].parent is None


async def test_a_circle_that_the_other_side_refuses_fails_with_its_reason_and_stops(
    pair: Pair,
) -> None:
    one, two = pair.jira.put(title="one"), pair.jira.put(title="two")
    await pair.settle()
    update = pair.tool.update

    async def no_circles(item_id: str, values: dict[str, str], parent: str | None = None) -> Item:
        if parent and pair.tool.items[parent].parent == item_id:
            raise ItemRejected("A parent can not be above itself.")
        return await update(item_id, values, parent)

    pair.tool.update = no_circles  # type: ignore[method-assign, assignment]
    pair.jira.put_under(one, two)
    pair.tool.put_under(copy_of(pair, two).id, copy_of(pair, one).id)
    await pair.settle()
    problems = [problem for _, _, _, problem in pair.links() if problem]
    assert problems == ["A parent can not be above itself."]


async def test_where_the_tool_has_no_parents_that_is_said_once_and_nothing_is_tried(
    pair: Pair,
) -> None:
    pair.keeps_parents = False
    child, parent = pair.jira.put(title="child"), pair.jira.put(title="parent")
    pair.jira.put_under(child, parent)
    create, drafts = pair.tool.create, list[Draft]()

    async def noted(draft: Draft) -> Item:
        drafts.append(draft)
        return await create(draft)

    pair.tool.create = noted  # type: ignore[method-assign]
    await pair.settle()
    await pair.settle()
    assert [draft.parent for draft in drafts] == [None, None]
    assert pair.jira.items[child].parent == parent
    assert [event for _, event, _ in pair.log.lines].count("not said") == 1
    assert "update" not in pair.tool.calls + pair.jira.calls
