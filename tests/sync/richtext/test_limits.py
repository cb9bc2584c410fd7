"""Long, wide and deep texts: none crashes, none takes more than its share of time, none is lost."""

import json
import time
from collections.abc import Callable
from functools import reduce
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sync.richtext import (
    JIRA_LIMIT,
    clip,
    from_adf,
    from_html,
    from_markdown,
    normal,
    text_length,
    to_adf,
    to_html,
    to_markdown,
)
from tests.sync.richtext import strategies


def through_all(page: str) -> list[str]:
    return [
        from_adf(to_adf(page)[0]).html,
        from_markdown(to_markdown(page)[0]).html,
        from_html(to_html(page)[0]).html,
    ]


LONG: dict[str, Callable[[int], str]] = {
    "40,000 characters of prose": lambda n: "<p>Long words follow <b>each</b> other.</p>" * n,
    "one paragraph": lambda n: "<p>" + "word &amp; <i>word</i> @jo " * n,
    "one word": lambda n: "a" * (40 * n),
    "a table of 5,000 rows": lambda n: "<table><tr><th>a<th>b</tr>" + "<tr><td>1<td>2" * (n // 2),
    "a list": lambda n: "<ul>" + "<li>item" * n,
    "200 deep": lambda _: "<ul><li>a" * 200 + "<blockquote>b" * 200,
    "links": lambda n: "<a href=https://x.example/a>a</a> https://x.example/b(((" * n,
    "deep beyond reason": lambda n: "<div><blockquote><table><tr><td><ul><li>" * n + "a",
    "unclosed marks": lambda n: "<b><i><font color=red>" * n + "<p>x" * n,
    "misnested": lambda n: "<b><i>a</b></i>" * n,
    "attributes": lambda n: "<p " + " ".join(f"a{i}=1" for i in range(n)) + ">a",
    "brackets": lambda n: "[![" * n + "](" * n,
    "angles": lambda n: "<" * n + "&" * n,
    "comments": lambda n: "<!--" * n,
}
MARKDOWN: dict[str, Callable[[int], str]] = {
    "quotations": lambda n: ">" * n + "a",
    "quoted lines": lambda n: ("> " * 200 + "a\n") * (n // 100),
    "nested lists": lambda _: "".join("  " * i + "- a\n" for i in range(200)),
    "brackets": lambda n: "[" * n,
    "images in images": lambda n: "![" * n + "](a)" * n,
    "stars": lambda n: "*a **b " * n,
    "ticks": lambda n: "".join("`" * (i % 90) + "a" for i in range(n)),
    "a link repeated": lambda n: "[a]: " + "b" * n + "\n\n" + "[a] " * n,
    "tasks": lambda n: "- [ ] a\n" * n,
    "cells beyond the table": lambda n: "|a|\n|-|\n" + "|b|c|d|\n" * n,
    "fences": lambda n: ">>>\n" * n,
    "tags": lambda n: "<a>" * n + "<b " * n,
}


_numbers = count()


def _new(text: str) -> str:
    """Unlike any before: what was converted once is not converted again."""
    return f"{text} {next(_numbers)}"


def _took(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _is_linear(once: Callable[[], object], eight: Callable[[], object]) -> bool:
    """Whether eight times as much takes no more than it may, in one of three tries at least."""
    first = min(_took(once) for _ in range(3))
    # Quadratic would be 64 times; the constant forgives what the clock can not tell apart.
    return any(_took(eight) < 20 * first + 0.3 for _ in range(3))


@pytest.mark.parametrize("kind", LONG)
def test_eight_times_the_html_takes_no_more_than_linear_time(kind: str) -> None:
    once, eight = (LONG[kind](n) for n in (150, 1200))
    assert _is_linear(
        lambda: through_all(from_html(_new(once)).html),
        lambda: through_all(from_html(_new(eight)).html),
    )


@pytest.mark.parametrize("kind", MARKDOWN)
def test_eight_times_the_markdown_takes_no_more_than_linear_time(kind: str) -> None:
    once, eight = (MARKDOWN[kind](n) for n in (250, 2000))
    assert _is_linear(lambda: from_markdown(_new(once)), lambda: from_markdown(_new(eight)))


def test_no_word_of_a_long_text_is_lost() -> None:
    page = normal("".join(f"<p>w{i} <b>x{i}</b></p>" for i in range(1000)))
    for other in through_all(page):
        assert strategies.words_of(other) == strategies.words_of(page)


def test_no_word_of_a_wide_table_is_lost() -> None:
    rows = "".join(f"<tr><td>a{i}<td>b{i}" for i in range(2000))
    page = normal(f"<table><tr><th>a<th>b{rows}</table>")
    for other in through_all(page):
        assert other == page


def test_no_word_of_a_deep_text_is_lost() -> None:
    page = "".join(f"<blockquote><p>w{i}" for i in range(200))
    rich = from_html(page)
    assert any("deep" in note for note in rich.notes)
    for other in (rich.html, *through_all(rich.html)):
        assert strategies.words_of(other) == [f"w{i}" for i in range(200)]


def test_no_word_of_deep_markdown_is_lost() -> None:
    page = from_markdown("\n".join("> " * i + f"w{i}\n" + "> " * i for i in range(200))).html
    assert strategies.words_of(page.replace("&gt;", "")) == [f"w{i}" for i in range(200)]


def test_documents_may_be_deeper_than_python_goes() -> None:
    inner: dict[str, Any] = {"type": "text", "text": "a"}
    deep = reduce(lambda node, _: {"type": "blockquote", "content": [node]}, range(20_000), inner)
    assert strategies.words_of(from_adf(deep).html) == ["a"]


# ---- cutting


def test_what_fits_is_not_touched() -> None:
    assert clip("<p>a</p>", JIRA_LIMIT) == type(clip("", 1))("<p>a</p>")


def test_a_long_description_is_cut_between_blocks_and_says_so() -> None:
    page = "".join(f"<p>w{i} {'word ' * 18}end</p>" for i in range(400))
    cut = clip(normal(page), JIRA_LIMIT, where="in the attachment description.html")
    assert JIRA_LIMIT * 0.9 < text_length(cut.html) <= JIRA_LIMIT
    said = "<p><em>… The rest of this text is in the attachment description.html.</em></p>"
    assert cut.html.endswith(said)
    assert cut.html.removesuffix(said) + cut.rest == normal(page)
    assert len(cut.notes) == 1


@settings(max_examples=80)
@given(page=strategies.pages, limit=st.integers(50, 400))
def test_what_is_kept_fits_and_what_is_cut_is_given_back(page: str, limit: int) -> None:
    page = normal(page)
    for measure in (text_length, len, lambda html: len(to_markdown(html)[0])):
        cut = clip(page, limit, measure)
        assert measure(cut.html) <= limit
        assert normal(cut.html) == cut.html
        assert normal(cut.rest) == cut.rest
        kept = strategies.words_of(
            cut.html.replace("… The rest of this text is in an attachment.", "")
        )
        assert "".join(kept + strategies.words_of(cut.rest)) == "".join(strategies.words_of(page))


@pytest.mark.parametrize(
    "long",
    [
        "<p>" + "word " * 500,
        "<p>" + "a" * 3000,
        "<p><strong>" + "a" * 3000,
        "<pre>" + "line\n" * 500,
        "<pre>" + "a" * 3000,
        "<ol>" + "<li>item" * 500,
        "<ul><li>" + "word " * 500,
        "<table>" + "<tr><td>cell" * 500,
        "<blockquote><aside data-panel=info>" + "<p>word" * 500,
        "<details><summary>a</summary>" + "<p>word" * 500,
    ],
)
def test_a_single_long_block_is_cut_inside(long: str) -> None:
    page = normal(long)
    cut = clip(page, 1000)
    assert 500 < text_length(cut.html) <= 1000
    assert len(cut.rest) > 500


def test_a_cut_list_goes_on_counting() -> None:
    cut = clip(normal("<ol>" + "<li>item" * 500), 500)
    kept = cut.html.count("<li>")
    assert cut.rest.startswith(f'<ol start="{kept + 1}">')


def test_emoji_count_as_the_tools_count_them() -> None:
    assert text_length("<p>\U0001f600a</p>") == 4
    assert len(json.dumps(to_adf("<p>\U0001f600</p>")[0])) < 200
