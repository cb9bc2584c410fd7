"""The owner's WIQL finds nothing beyond the project, whatever it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tools.azure_query import beyond, conditions_of
from app.tools.side import ItemRejected


@pytest.mark.parametrize(
    ("wiql", "kept"),
    [
        ("", ""),
        ("[System.Tags] CONTAINS 'a'", "[System.Tags] CONTAINS 'a'"),
        ("SELECT [System.Id] FROM WorkItems WHERE [System.Id] > 5", "[System.Id] > 5"),
        ("[System.Id] > 5 ORDER BY [System.Title]", "[System.Id] > 5"),
        ("[System.Title] = 'it''s ) ORDER BY'", "[System.Title] = 'it''s ) ORDER BY'"),
        ("([System.Id] = 1 OR [System.Id] = 2)", "([System.Id] = 1 OR [System.Id] = 2)"),
        ("[Custom.a)b] = 1", "[Custom.a)b] = 1"),
    ],
)
def test_the_conditions_are_kept_and_nothing_around_them(wiql: str, kept: str) -> None:
    assert conditions_of(wiql) == kept


@pytest.mark.parametrize(
    "wiql",
    [
        "[System.Id] > 1) OR ([System.TeamProject] = 'Secret'",
        ") OR (1 = 1",
        "([System.Id] > 1",
        "[System.Title] = 'open",
        "[System.Title = 1",
        "[System.Id] > 1 ASOF '2020-01-01'",
    ],
)
def test_a_filter_that_reaches_out_is_refused(wiql: str) -> None:
    with pytest.raises(ItemRejected):
        conditions_of(wiql)


words = st.sampled_from(["(", ")", "'", '"', "[", "]", " OR ", "x", "=", " ORDER BY ", "''"])


@given(st.lists(words, max_size=12))
def test_whatever_is_let_in_closes_what_it_opens(parts: list[str]) -> None:
    try:
        kept = conditions_of("".join(parts))
    except ItemRejected:
        return
    depth, quote = 0, ""
    for sign in kept:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"[":
            quote = "]" if sign == "[" else sign
        else:
            depth += (sign == "(") - (sign == ")")
        assert depth >= 0
    assert (depth, quote) == (0, "")


def test_the_name_of_the_project_is_quoted() -> None:
    assert "[System.TeamProject] = 'It''s ours'" in beyond("It's ours", "", 0)
