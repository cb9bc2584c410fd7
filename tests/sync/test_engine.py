"""Never twice, never lost, never in a circle: two sides, people who edit, and what can fail."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import Database
from app.settings import Settings
from app.sync.comments import signed
from tests.examples import many
from tests.sync.kit import Pair

TITLES = st.sampled_from(["one", "two", "three \U0001f680", "\u0645\u0631\u062d\u0628\u0627"])
_SIDE = st.sampled_from(["jira", "tool"])
_WHICH = st.integers(0, 5)
_CALLS = (
    "changes", "read", "find", "create", "update", "move", "comments", "add_comment",
    "commit", "committed", "meanwhile", "missing", "delete",
)  # fmt: skip
_WRONG = ("busy", "lost", "unsure", "kill", "kill-before")
_FAULTS = st.lists(
    st.tuples(st.sampled_from(_CALLS), st.sampled_from(_WRONG)),
    max_size=5,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _SIDE, TITLES),
        st.tuples(st.just("title"), _SIDE, _WHICH, TITLES),
        st.tuples(st.just("labels"), _SIDE, _WHICH, st.sampled_from([(), ("a",), ("a", "b")])),
        st.tuples(st.just("status"), _SIDE, _WHICH, st.integers(0, 2)),
        st.tuples(st.just("say"), _SIDE, _WHICH, TITLES),
        st.tuples(st.just("remove"), _SIDE, _WHICH),
        st.tuples(st.just("run"), st.just(())),
        st.tuples(st.just("run"), _FAULTS),
        st.tuples(st.just("run"), _FAULTS),
    ),
    min_size=3,
    max_size=16,
)
STATUSES = {"jira": ("To Do", "In Progress", "Done"), "tool": ("opened", "closed", "opened")}


@pytest.fixture
def pair_of(settings: Settings, superuser: psycopg.Connection) -> Callable[..., Pair]:
    """Makes a pair with an integration of its own."""
    database = Database(settings)
    return lambda **changes: Pair(database, superuser, **changes)


def _do(pair: Pair, step: tuple[Any, ...]) -> None:
    """What a person does on one side."""
    kind, side = step[0], pair.side(step[1])
    if kind == "put":
        side.put(title=step[2])
        return
    if not side.items:
        return
    item_id = sorted(side.items)[step[2] % len(side.items)]
    if kind == "status":
        side.set_status(item_id, STATUSES[step[1]][step[3]])
    elif kind == "remove":
        side.remove(item_id)
    elif kind == "say":
        side.say(item_id, step[3])
    else:
        side.edit(item_id, **{kind: step[3]})


@settings(max_examples=many(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.booleans())
def test_after_any_edits_and_faults_both_sides_agree_and_nothing_is_there_twice(
    pair_of: Callable[..., Pair], steps: list[tuple[Any, ...]], copies_deletions: bool
) -> None:
    pair = pair_of(copies_deletions=copies_deletions)

    async def story() -> None:
        for step in steps:
            if step[0] == "run":
                pair.faults.coming = list(step[1])
                await pair.run()
            else:
                _do(pair, step)
        await pair.settle()
        await pair.database.close()

    asyncio.run(story())
    _agree(pair)


@pytest.mark.parametrize("direction", ["both", "to_tool"])
def test_a_create_without_an_answer_is_found_again_and_not_made_twice(
    pair_of: Callable[..., Pair], direction: str
) -> None:
    for fault in ("unsure", "kill", "kill-before"):
        pair = pair_of(direction=direction)
        titles = ["a", "b", "c", "d", "e"]
        for title in titles:
            pair.jira.put(title=title)
        _story(pair, [("create", fault)])
        assert sorted(str(item.values["title"]) for item in pair.tool.items.values()) == titles
        assert len(pair.jira.items) == len(titles)
        assert [state for _, _, state, _ in pair.links()] == ["linked"] * len(titles)


def test_the_log_names_also_what_was_made_and_not_recorded(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    pair.jira.put(title="a")
    _story(pair, [("create", "kill")])
    assert ("info", "found", "Found TOOL-1, made before.") in pair.log.lines, pair.log.lines


def test_an_edit_while_we_write_is_not_taken_for_our_own(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    item_id = pair.jira.put(title="old")
    _story(pair, [])
    pair.jira.edit(item_id, title="new")
    _story(pair, [("meanwhile", "edit")])
    assert pair.jira.items[item_id].values == {"title": "new", "labels": ("meanwhile",)}


def test_an_unchanged_run_asks_for_the_changes_and_for_nothing_else(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of()
    for number in range(10):
        pair.jira.put(title=str(number))
    _story(pair, [])
    pair.jira.calls.clear()
    pair.tool.calls.clear()
    asyncio.run(_once(pair))
    assert set(pair.jira.calls) == set(pair.tool.calls) == {"changes"}


def test_what_can_not_be_said_is_looked_at_once_and_again_when_it_changes(
    pair_of: Callable[..., Pair],
) -> None:
    pair = pair_of()
    item_id = pair.jira.put(title="a", priority="Urgent")  # no choice of the tool's
    _story(pair, [])
    pair.tool.calls.clear()
    _story(pair, [])
    assert set(pair.tool.calls) == {"changes", "missing"}
    pair.jira.edit(item_id, priority="High")
    _story(pair, [])
    assert [item.values.get("urgency") for item in pair.tool.items.values()] == ["1"]


def test_a_conflict_is_settled_by_the_rule_field_by_field_and_logged(
    pair_of: Callable[..., Pair],
) -> None:
    for rule, title in (("jira", "Jira's"), ("tool", "the tool's"), ("latest", "the tool's")):
        pair = pair_of(conflict_rule=rule)
        item_id = pair.jira.put(title="old")
        _story(pair, [])
        (tool_id,) = pair.tool.items
        pair.jira.edit(item_id, title="Jira's", labels=("kept",))
        pair.tool.edit(tool_id, title="the tool's", description="<p>kept</p>")
        _story(pair, [])
        for values in (pair.jira.items[item_id].values, pair.tool.items[tool_id].values):
            assert values["title"] == title
            assert (values["labels"], values["description"]) == (("kept",), "<p>kept</p>")
        assert "conflict" in pair.log.events()


def test_one_direction_leaves_the_source_alone(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of(direction="to_tool")
    item_id = pair.jira.put(title="mine")
    pair.tool.put(title="theirs")
    _story(pair, [])
    tool_id = next(iter(link[1] for link in pair.links()))
    pair.tool.edit(tool_id, title="edited there")
    _story(pair, [])
    assert list(pair.jira.items) == [item_id]
    assert pair.jira.items[item_id].values["title"] == "mine"
    assert len(pair.tool.items) == 2


def test_one_bad_item_does_not_stop_the_others_and_says_why(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    bad, good = pair.jira.put(title="a"), pair.jira.put(title="b")
    _story(pair, [])
    pair.jira.edit(bad, title="unwanted")
    pair.jira.edit(good, title="wanted")
    asyncio.run(pair.run())
    problems = {jira: (state, problem) for jira, _, state, problem in pair.links()}
    assert problems[bad] == ("failed", "The title is not allowed here.")
    assert problems[good] == ("linked", None)
    assert "wanted" in {item.values["title"] for item in pair.tool.items.values()}
    pair.jira.edit(bad, title="better")
    _story(pair, [])
    assert "better" in {item.values["title"] for item in pair.tool.items.values()}


def test_items_of_unmapped_types_are_left_alone(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    pair.jira.put("Epic", title="big")
    _story(pair, [])
    assert not pair.tool.items
    assert not pair.links()


def _story(pair: Pair, faults: list[tuple[str, str]]) -> None:
    """A run in which this goes wrong, then runs until there is rest."""

    async def told() -> None:
        pair.faults.coming = faults
        await pair.run()
        await pair.settle()
        await pair.database.close()

    asyncio.run(told())


async def _once(pair: Pair) -> None:
    assert await pair.slice() == "finished"
    await pair.database.close()


def _agree(pair: Pair) -> None:
    """All that is there is in step, but for what lost its counterpart by somebody's hand."""
    removed = pair.jira.removed_by_people | pair.tool.removed_by_people
    over = [{jira, tool} for jira, tool, state, _ in pair.links() if state == "ended"]
    assert all(ids & removed for ids in over)
    ended = {item_id for ids in over for item_id in ids}
    for side in (pair.jira, pair.tool):
        assert side.put_by_people - side.removed_by_people - side.deleted_by_us <= set(side.items)
        assert side.deleted_by_us <= (ended if pair.integrated.copies_deletions else set())
        marks = [item.mark for item in side.items.values() if item.mark]
        assert len(marks) == len(set(marks))
    links = [(jira, tool) for jira, tool, state, _ in pair.links() if state == "linked"]
    assert Counter(jira for jira, _ in links) == Counter(set(pair.jira.items) - ended)
    assert Counter(tool for _, tool in links) == Counter(set(pair.tool.items) - ended)
    for jira_id, tool_id in links:
        jira, tool = pair.jira.items[jira_id], pair.tool.items[tool_id]
        assert jira.values.get("title") == tool.values.get("title")
        assert (jira.values.get("labels") or ()) == (tool.values.get("labels") or ())
        assert (jira.status == "Done") == (tool.status == "closed")
        for here, there in ((pair.jira, pair.tool), (pair.tool, pair.jira)):
            ids = (jira_id, tool_id) if here is pair.jira else (tool_id, jira_id)
            said = [signed(each) for each in here.talk.get(ids[0], {}).values() if not each.mark]
            heard = [each.body for each in there.talk.get(ids[1], {}).values() if each.mark]
            assert Counter(said) == Counter(heard)
