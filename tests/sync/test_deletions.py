"""What is deleted on one side ends its link; more is done only if the owner said so."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from app.database import Database
from app.settings import Settings
from app.sync.doubts import shown_doubts
from app.sync.rules import SideName
from tests.sync.kit import Pair

OTHER: dict[SideName, SideName] = {"jira": "tool", "tool": "jira"}


@pytest.fixture
async def pair_of(
    settings: Settings, superuser: psycopg.Connection
) -> AsyncIterator[Callable[..., Pair]]:
    """Makes a pair with an integration of its own."""
    database = Database(settings)
    yield lambda **changes: Pair(database, superuser, **changes)
    await database.close()


async def linked(pair: Pair, items: int) -> dict[SideName, list[str]]:
    """So many items, in step; their ids on both sides in the same order."""
    for number in range(items):
        pair.jira.put(title=str(number))
    await pair.settle()
    links = sorted(pair.links(), key=lambda link: list(pair.jira.items).index(link[0]))
    return {"jira": [link[0] for link in links], "tool": [link[1] for link in links]}


@pytest.mark.parametrize("there", ["jira", "tool"])
@pytest.mark.parametrize("copies_deletions", [False, True])
async def test_a_deletion_is_noticed_within_a_day_although_nothing_else_changes(
    pair_of: Callable[..., Pair], there: SideName, copies_deletions: bool
) -> None:
    pair = pair_of(copies_deletions=copies_deletions)
    ids = await linked(pair, 2)
    pair.side(there).remove(ids[there][0])
    await pair.settle()
    assert (ids[OTHER[there]][0] in pair.side(OTHER[there]).items) is not copies_deletions
    assert {(link[0], link[2]) for link in pair.links()} == {
        (ids["jira"][0], "ended"),
        (ids["jira"][1], "linked"),
    }
    assert ("deleted" if copies_deletions else "unlinked") in pair.log.events()


async def test_what_changed_since_is_kept_and_that_is_logged(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of(copies_deletions=True)
    ids = await linked(pair, 1)
    pair.tool.remove(ids["tool"][0])
    pair.jira.edit(ids["jira"][0], title="still needed")
    await pair.settle()
    assert list(pair.jira.items) == ids["jira"]
    assert [link[2] for link in pair.links()] == ["ended"]
    assert "conflict" in pair.log.events()


async def test_in_one_direction_the_source_is_never_deleted(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of(copies_deletions=True, direction="to_tool")
    ids = await linked(pair, 1)
    pair.tool.remove(ids["tool"][0])
    await pair.settle()
    assert list(pair.jira.items) == ids["jira"]


@pytest.mark.parametrize("edited", [False, True])
async def test_what_was_moved_away_is_not_taken_for_deleted(
    pair_of: Callable[..., Pair], edited: bool
) -> None:
    pair = pair_of(copies_deletions=True)
    ids = await linked(pair, 1)
    pair.jira.items.pop(ids["jira"][0])
    pair.jira.elsewhere.add(ids["jira"][0])
    if edited:
        pair.tool.edit(ids["tool"][0], title="new")
    await pair.settle()
    assert list(pair.tool.items) == ids["tool"]
    assert [link[2] for link in pair.links()] == ["ended" if edited else "linked"]
    assert ("moved" in pair.log.events()) is edited


@pytest.mark.parametrize("there", ["jira", "tool"])
@pytest.mark.parametrize("copies_deletions", [False, True])
async def test_a_side_that_suddenly_shows_nothing_ends_nothing_and_says_so(
    pair_of: Callable[..., Pair], there: SideName, copies_deletions: bool
) -> None:
    pair = pair_of(copies_deletions=copies_deletions)
    ids = await linked(pair, 11)
    hidden = dict(pair.side(there).items)
    pair.side(there).items.clear()
    # Some come up because they changed, before anybody looks for the others.
    for item_id in ids[OTHER[there]][:3]:
        pair.side(OTHER[there]).edit(item_id, labels=("new",))
    await pair.run()
    await pair.settle()
    assert len(pair.side(OTHER[there]).items) == 11
    assert {link[2] for link in pair.links()} == {"linked"}
    assert "many missing" in pair.log.events()
    pair.side(there).items.update(hidden)
    await pair.settle()
    assert {link[2] for link in pair.links()} == {"linked"}
    for item_id in ids[there][:3]:
        assert pair.side(there).items[item_id].values["labels"] == ("new",)


async def doubted(pair: Pair, items: int) -> dict[SideName, list[str]]:
    """So many items in step, all of them gone in the tool and looked for: none of it believed."""
    pair.jira.page_size = pair.tool.page_size = 100
    ids = await linked(pair, items)
    pair.tool.items.clear()
    await pair.settle()
    assert states(pair) == {"linked"}
    return ids


async def say_they_were_deleted(pair: Pair) -> None:
    """As the run's page does it (`tests/runs/test_gone.py`)."""
    async with pair.database.of_instance(pair.instance_id) as session:
        (shown,) = await shown_doubts(session, pair.integrated.id)
    assert shown.doubt.side == "tool"
    pair.superuser.execute(
        "UPDATE looks SET confirmed = %s WHERE integration_id = %s",
        (Jsonb({"tool": shown.picture}), pair.integrated.id),
    )


def states(pair: Pair) -> set[str]:
    return {link[2] for link in pair.links()}


@pytest.mark.parametrize("copies_deletions", [False, True])
async def test_what_somebody_says_was_deleted_is_let_go_of_by_the_next_run(
    pair_of: Callable[..., Pair], copies_deletions: bool
) -> None:
    pair = pair_of(copies_deletions=copies_deletions)
    ids = await doubted(pair, 60)
    await say_they_were_deleted(pair)
    # A worker that dies among them, or a tool that asks to wait, takes nothing of that back.
    pair.faults.coming = [("read", "")] * 55 + [("read", "busy"), ("committed", "kill")]
    for _ in range(5):
        await pair.run()
        if pair.is_over:
            break
    assert pair.is_over
    assert states(pair) == {"ended"}
    assert list(pair.jira.items) == ([] if copies_deletions else ids["jira"])


@pytest.mark.parametrize("change", ["one more", "one back", "deletions copied"])
async def test_what_somebody_said_counts_for_nothing_once_something_is_not_as_they_saw_it(
    pair_of: Callable[..., Pair], change: str
) -> None:
    pair = pair_of(copies_deletions=True)
    ids = await linked(pair, 14)
    hidden = dict(pair.tool.items)
    for item_id in ids["tool"][:12]:
        pair.tool.remove(item_id)
    await pair.settle()
    await say_they_were_deleted(pair)
    if change == "one more":
        pair.tool.remove(ids["tool"][12])
    elif change == "deletions copied":
        pair.superuser.execute(
            "UPDATE integrations SET copies_deletions = true WHERE id = %s", (pair.integrated.id,)
        )
    else:
        pair.tool.items[ids["tool"][0]] = hidden[ids["tool"][0]]
    for _ in range(2):  # the second time nothing changed any more, and nothing is confirmed
        pair.time += timedelta(hours=25)
        pair.log.lines.clear()
        assert await pair.run() == "finished"
        assert states(pair) == {"linked"}
        assert len(pair.jira.items) == 14
        assert "many missing" in pair.log.events()


async def test_an_item_that_is_back_when_its_link_is_to_end_saves_those_after_it(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of(copies_deletions=True)
    await doubted(pair, 20)
    one = next(iter(pair.jira.items.values()))
    await say_they_were_deleted(pair)
    read, asked = pair.tool.read, list[str]()

    async def comes_back(item_id: str) -> Any:
        asked.append(item_id)
        if len(asked) == 3:
            pair.tool.items[item_id] = replace(one, id=item_id)
        return await read(item_id)

    pair.tool.read = comes_back  # type: ignore[method-assign]
    assert await pair.run() == "finished"
    assert len(asked) == 3
    assert sorted(link[2] for link in pair.links()) == ["ended"] * 2 + ["linked"] * 18
    assert len(pair.jira.items) == 18


async def test_a_run_looks_once_a_day_and_in_pages(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    await linked(pair, 3)
    pair.time += timedelta(hours=25)
    for looks in (1, 0):
        before = [side.calls.count("missing") for side in (pair.jira, pair.tool)]
        await pair.slice()
        after = [side.calls.count("missing") for side in (pair.jira, pair.tool)]
        assert [new - old for new, old in zip(after, before, strict=True)] == [looks, looks]


async def test_links_that_could_not_be_looked_for_stay_and_the_run_ends_well(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of()
    ids = await linked(pair, 2)
    pair.tool.remove(ids["tool"][0])
    pair.time += timedelta(hours=25)
    pair.faults.coming = [("missing", "broken")]
    assert await pair.run() == "finished"
    assert {link[2] for link in pair.links()} == {"linked"}
    assert "unsure" in pair.log.events()
    await pair.settle()
    assert sorted(link[2] for link in pair.links()) == ["ended", "linked"]


async def test_an_item_that_was_only_hidden_for_a_while_is_kept_in_step(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of(copies_deletions=True)
    ids = await linked(pair, 1)
    hidden: dict[str, Any] = dict(pair.tool.items)
    pair.jira.edit(ids["jira"][0], title="new")
    pair.tool.items.clear()
    missing = pair.tool.missing

    async def comes_back(item_ids: list[str]) -> Any:
        found = await missing(item_ids)
        pair.tool.items.update(hidden)
        hidden.clear()
        return found

    pair.tool.missing = comes_back  # type: ignore[method-assign, assignment]
    await pair.slice()
    await pair.settle()
    assert pair.tool.items[ids["tool"][0]].values["title"] == "new"


async def test_a_deletion_without_an_answer_is_finished_by_the_next_run(
    pair_of: Callable[..., Pair],
) -> None:
    for fault in ("unsure", "busy", "kill", "kill-before"):
        pair = pair_of(copies_deletions=True)
        ids = await linked(pair, 1)
        pair.tool.remove(ids["tool"][0])
        pair.time += timedelta(days=2)
        pair.faults.coming = [("delete", fault)]
        await pair.run()
        await pair.settle()
        assert not pair.jira.items
        assert [link[2] for link in pair.links()] == ["ended"]
