"""Nothing that changed in GitLab is left out, whatever its clock, its pages and its people do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tools import gitlab_round
from app.tools.gitlab import GitLabSide
from app.tools.gitlab_query import filter_of
from app.tools.gitlab_round import IssueRound
from app.tools.items import LABELS, TITLE, Item
from app.tools.side import ItemRejected
from sandbox.gitlab.state import Note
from sandbox.tools.faults import FaultKind
from tests.examples import many
from tests.tools.gitlab_kit import GIA, Town, all_changes, town_with

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ISSUES = "GET /api/v4/projects/acme%2Fpayments/issues"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with town_with(0) as found:
        found.gitlab.clock.fixed = NOON
        yield found


async def test_all_issues_come_once_and_then_only_what_changed(town: Town) -> None:
    for number in range(230):
        town.put(NOON - timedelta(days=1, minutes=number))
    side = town.side()
    town.asked()
    items, position = await all_changes(side)
    assert len({item.id for item in items}) == len(items) == 230
    assert town.asked() == [ISSUES] * 3
    town.gitlab.clock.fixed = NOON + timedelta(minutes=1)
    await side.update("7", {TITLE: "New"})
    town.asked()
    items, position = await all_changes(side, position)
    assert [(item.id, item.values[TITLE]) for item in items] == [("7", "New")]
    assert town.asked() == [ISSUES]


async def test_an_unchanged_round_costs_one_call_and_gives_nothing(town: Town) -> None:
    for number in range(30):
        issue = town.put(NOON - timedelta(seconds=number))
        issue.notes[9000 + number] = Note(9000 + number, "x", GIA, NOON, NOON)
    side = town.side()
    items, position = await all_changes(side)
    assert len(items) == 30
    town.asked()
    for _ in range(3):
        items, position = await all_changes(side, position)
        assert items == []
    assert town.asked() == [ISSUES] * 3


async def test_what_once_changed_together_is_not_read_for_ever(town: Town) -> None:
    for number in range(230):
        town.put(NOON - timedelta(milliseconds=number))
    side = town.side()
    _, position = await all_changes(side)
    for minutes, calls in ((1, 3), (32, 3), (33, 1)):
        town.gitlab.clock.fixed = NOON + timedelta(minutes=minutes)
        town.asked()
        _, position = await all_changes(side, position)
        assert len(town.asked()) == calls


async def test_a_change_in_the_same_moment_of_a_coarse_clock_is_seen(town: Town) -> None:
    town.put(NOON)
    side = town.side()
    _, position = await all_changes(side)
    await side.update("1", {TITLE: "In the same millisecond"})
    items, _ = await all_changes(side, position)
    assert [item.values[TITLE] for item in items] == ["In the same millisecond"]


async def test_a_new_comment_makes_its_issue_come_again(town: Town) -> None:
    town.put(NOON)
    side = town.side()
    _, position = await all_changes(side)
    issue = town.issue("1")
    issue.notes[9000] = Note(9000, "x", GIA, NOON, NOON)
    town.gitlab.changed()
    items, _ = await all_changes(side, position)
    assert [item.id for item in items] == ["1"]


async def test_a_change_that_the_list_does_not_know_yet_comes_later(town: Town) -> None:
    side = town.side()
    town.put(NOON - timedelta(days=1))
    _, position = await all_changes(side)
    town.gitlab.lag = timedelta(seconds=90)
    town.put(NOON)
    items, position = await all_changes(side, position)
    assert items == []
    for minute in (1, 2):
        town.gitlab.clock.fixed = NOON + timedelta(minutes=minute)
        items, position = await all_changes(side, position)
        assert len(items) == minute - 1


async def test_a_change_that_was_stored_a_minute_after_a_later_one_is_seen(town: Town) -> None:
    side = town.side()
    town.put(NOON)
    _, position = await all_changes(side)
    town.put(NOON - timedelta(minutes=1))
    items, _ = await all_changes(side, position)
    assert [item.id for item in items] == ["2"]


async def test_of_many_made_in_one_moment_none_slips_away_when_others_are_deleted(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitlab_round, "PER_PAGE", 3)
    for _ in range(14):
        town.put(NOON - timedelta(days=9))
    town.put(NOON)
    side = town.side()
    known: set[str] = set()
    position, is_last, deleted = None, False, 0
    while not is_last:
        changes = await side.changes(position, "")
        known |= {item.id for item in changes.items}
        position, is_last = changes.position, changes.is_last
        if len(known) > 4 and deleted < 3:
            deleted += 1
            del town.project.issues[deleted]
            town.gitlab.changed()
    _, position = await all_changes(side, position)
    assert known == {str(number) for number in range(1, 16)}


@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)])
async def test_a_clock_that_is_wrong_by_ten_minutes_hides_nothing(
    town: Town, skew: timedelta
) -> None:
    town.gitlab.clock.fixed, town.gitlab.clock.skew = None, skew
    side = town.side()
    position: str | None = None
    for number in range(4):
        town.put(town.gitlab.clock.now())
        items, position = await all_changes(side, position)
        assert [item.id for item in items] == [str(number + 1)]


async def test_a_date_in_the_future_hides_no_later_change(town: Town) -> None:
    side = town.side()
    town.put(NOON, updated_at=NOON + timedelta(days=900))
    _, position = await all_changes(side)
    town.put(NOON + timedelta(seconds=1))
    items, _ = await all_changes(side, position)
    assert [item.id for item in items] == ["2"]


async def test_another_filter_begins_anew(town: Town) -> None:
    town.put(NOON, labels=["Bug"])
    town.put(NOON)
    side = town.side()
    _, position = await all_changes(side)
    changes = await side.changes(position, "labels=Bug")
    assert [item.values[LABELS] for item in changes.items] == [("Bug",)]
    assert (await side.changes(changes.position, "labels=Bug")).items == []


async def test_a_page_that_failed_is_read_again_from_the_same_position(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitlab_round, "PER_PAGE", 5)
    for number in range(12):
        town.put(NOON + timedelta(seconds=number))
    side = town.side()
    first = await side.changes(None, "")
    town.fail(FaultKind.HTML)
    with pytest.raises(Exception, match="web page"):
        await side.changes(first.position, "")
    items, _ = await all_changes(side, first.position)
    assert {item.id for item in (*first.items, *items)} == {str(n) for n in range(1, 13)}


async def test_what_the_filter_finds_is_counted(town: Town) -> None:
    for number in range(7):
        town.put(NOON, state="closed" if number < 3 else "opened")
    assert await town.side().count("") == 7
    assert await town.side().count("state=closed") == 3


def test_a_position_stays_small_however_much_was_read() -> None:
    reading = IssueRound.of(None, "")
    for number in range(200):
        page = [
            {"id": number * 100 + each, "created_at": stamp(number), "updated_at": stamp(number)}
            for each in range(100)
        ]
        reading, _ = reading.past(page, NOON, None)
        reading = IssueRound.of(str(reading), "")
    assert len(str(reading)) < 30_000


def stamp(number: int) -> str:
    return (NOON + timedelta(seconds=number)).isoformat()


# ---- anything at any moment

TICKS = st.integers(0, 2)
DEEDS = st.one_of(
    st.tuples(st.just("edit"), st.integers(0, 30)),
    st.tuples(st.just("delete"), st.integers(0, 30)),
    st.tuples(st.just("add"), TICKS),
    st.tuples(st.just("tick"), TICKS),
)


@settings(max_examples=many(50), suppress_health_check=[HealthCheck.too_slow])
@given(
    made=st.lists(st.tuples(TICKS, TICKS), max_size=14),
    deeds=st.lists(st.lists(DEEDS, max_size=1), max_size=12),
    coarse=st.booleans(),
)
def test_whatever_people_do_between_any_two_pages_every_issue_is_known_as_it_is(
    made: list[tuple[int, int]], deeds: list[list[tuple[str, int]]], *, coarse: bool
) -> None:
    asyncio.run(_read_while_people_work(made, deeds, coarse=coarse))


async def _read_while_people_work(
    made: list[tuple[int, int]], deeds: list[list[tuple[str, int]]], *, coarse: bool
) -> None:
    """Three issues make a page, and many are made in the same moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gitlab_round, "PER_PAGE", 3)
        async with town_with(0) as town:
            town.gitlab.clock.fixed = NOON
            for created, later in made:
                at = NOON - timedelta(days=1, minutes=created)
                town.put(at, updated_at=at + timedelta(hours=later))
            known, position = await _reading(town, deeds, coarse=coarse)
            items, _ = await all_changes(town.side(), position)
            known |= {item.id: item for item in items}
            there = {str(iid): issue.title for iid, issue in town.project.issues.items()}
            assert {iid: known[iid].values[TITLE] for iid in there} == there


async def _reading(
    town: Town, deeds: list[list[tuple[str, int]]], *, coarse: bool
) -> tuple[dict[str, Item], str | None]:
    known: dict[str, Item] = {}
    position: str | None = None
    side: GitLabSide = town.side()
    for between in [*deeds, []]:
        changes = await side.changes(position, "")
        known |= {item.id: item for item in changes.items}
        position = changes.position
        for deed, number in between:
            if not coarse:
                town.gitlab.clock.fixed = town.gitlab.clock.now() + timedelta(milliseconds=1)
            _work(town, deed, number)
    while not changes.is_last:
        changes = await side.changes(position, "")
        known |= {item.id: item for item in changes.items}
        position = changes.position
    return known, position


def _work(town: Town, deed: str, number: int) -> None:
    now = town.gitlab.clock.now()
    issues: list[Any] = list(town.project.issues.values())
    if deed == "tick":
        town.gitlab.clock.fixed = now + timedelta(minutes=number * 3)
    elif deed == "add":
        town.put(now)
    elif issues:
        issue = issues[number % len(issues)]
        if deed == "delete":
            del town.project.issues[issue.iid]
        else:
            issue.title, issue.updated_at = f"{issue.title}!", now
    town.gitlab.changed()


# ---- the owner's filter


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {}),
        ("  ", {}),
        ("labels=Bug&state=opened", {"labels": "Bug", "state": "opened"}),
        ("?labels=Bug%2CUI", {"labels": "Bug,UI"}),
        ("not[labels]=wontfix", {"not[labels]": "wontfix"}),
        ("search=größer als", {"search": "größer als"}),
    ],
)
def test_a_filter_is_what_gitlab_knows(query: str, asked: dict[str, str]) -> None:
    assert filter_of(query) == asked


@pytest.mark.parametrize(
    "query",
    [
        "label=Bug",
        "updated_after=2020-01-01",
        "created_after=2020-01-01",
        "order_by=title",
        "page=2",
        "per_page=1",
        "scope=all",
        "private_token=x",
        "labels",
        "state=opened&state=closed",
        "not[page]=2",
        "&".join(f"not[labels]={number}" for number in range(30)),
    ],
)
def test_a_filter_that_gitlab_would_pass_over_or_that_breaks_reading_is_refused(query: str) -> None:
    with pytest.raises(ItemRejected, match="filter"):
        filter_of(query)
