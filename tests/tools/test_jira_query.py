"""The owner's JQL finds nothing beyond the project, whatever it says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tools.jira_query import conditions_of, found_by, made_by_us, page_of, quoted
from app.tools.rounds import LAG, Round
from app.tools.side import ItemRejected
from sandbox.issues.jql import Clause, Joined, JqlError, parse

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("jql", "kept"),
    [
        ("", ""),
        ("  labels = a ", "labels = a"),
        ("labels = a ORDER BY rank", "labels = a"),
        ("order by created", ""),
        ("labels = a Order\n By created desc, key", "labels = a"),
        ('summary ~ "order by x" order by key', 'summary ~ "order by x"'),
        ('summary ~ "a \\" b ) order by x"', 'summary ~ "a \\" b ) order by x"'),
        ("summary ~ ') OR (project = X'", "summary ~ ') OR (project = X'"),
        ("(labels = a OR labels = b)", "(labels = a OR labels = b)"),
        ("assignee in membersOf(x)", "assignee in membersOf(x)"),
    ],
)
def test_the_filter_is_kept_without_its_order(jql: str, kept: str) -> None:
    assert conditions_of(jql) == kept


@pytest.mark.parametrize(
    "jql",
    [
        "labels = a) OR (project = SECRET",
        ") OR (project = SECRET",
        "labels = a)",
        "(labels = a",
        'summary ~ "open',
        "summary ~ 'open",
        'summary ~ "a\\") OR (project = SECRET',
        "summary ~ x\\( ) OR (project = SECRET OR summary ~ y\\)",
        "labels = a \\) OR (project = SECRET",
    ],
)
def test_a_filter_that_reaches_out_is_refused(jql: str) -> None:
    with pytest.raises(ItemRejected):
        conditions_of(jql)


words = st.sampled_from(
    ["(", ")", "'", '"', "\\", " ", "OR", "AND", "NOT", "project = SECRET", "labels = a",
     "order by key", "summary ~", "x", ",", "in", "\n"]
)  # fmt: skip


@given(st.lists(words, max_size=12))
def test_whatever_is_let_in_stays_within_the_project(parts: list[str]) -> None:
    try:
        query = parse(found_by("10001", " ".join(parts)))
    except (ItemRejected, JqlError):
        return
    tree = query.where
    first = tree.parts[0] if isinstance(tree, Joined) else tree
    assert not isinstance(tree, Joined) or tree.word == "and"
    assert first == Clause("project", "=", ("10001",))


def test_a_project_whose_key_is_a_word_of_jql_can_be_named() -> None:
    assert parse(found_by("IN", "")).where == Clause("project", "=", ("IN",))


def test_a_text_is_quoted_so_that_it_ends_where_it_should() -> None:
    query = parse("issuetype = " + quoted('a " OR \\ b'))
    assert query.where == Clause("issuetype", "=", ('a " OR \\ b',))


def test_a_round_asks_for_what_changed_since_shortly_before_the_last_one_began() -> None:
    here = Round.of(None, "labels = a")
    assert page_of("1", "labels = a", here) == "project = 1 AND (labels = a) ORDER BY key ASC"
    here = here.begun(NOW)
    here = Round.of(str(here.past(["A-1", "A-2"], is_last=False)), "labels = a")
    assert page_of("1", "", here) == "project = 1 AND key > A-2 ORDER BY key ASC"
    assert here.begun(NOW.replace(hour=20)).began == here.began
    here = Round.of(str(here.past([], is_last=True)), "labels = a")
    since = int((NOW - LAG).timestamp() * 1000)
    assert page_of("1", "", here) == f"project = 1 AND updated >= {since} ORDER BY key ASC"
    assert here.began is None


def test_another_filter_reads_everything_again() -> None:
    here = Round.of(None, "a").begun(NOW).past([], is_last=True)
    assert Round.of(str(here), "a").since is not None
    assert Round.of(str(here), "b") == Round.of(None, "b")


def test_times_do_not_depend_on_the_time_zone_of_an_account() -> None:
    assert f"created >= {int(NOW.timestamp() * 1000)}" in made_by_us("1", NOW)
