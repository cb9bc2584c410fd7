"""What must hold of every text, in whatever way it goes through us."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator

from app.sync.richtext import (
    from_adf,
    from_html,
    from_markdown,
    normal,
    to_adf,
    to_html,
    to_markdown,
)
from tests import examples
from tests.sync.richtext import strategies

SCHEMA = Draft4Validator(
    json.loads(
        (
            Path(__file__).resolve().parents[3]
            / "node_modules/@atlaskit/adf-schema/dist/json-schema/v1/full.json"
        ).read_text()
    )
)
THROUGH: dict[str, Callable[[str], str]] = {
    "Jira": lambda page: from_adf(to_adf(page)[0]).html,
    "GitLab": lambda page: from_markdown(to_markdown(page)[0]).html,
    "Azure DevOps": lambda page: from_html(to_html(page)[0]).html,
}
# Set it to thousands to search for longer; the examples of the suite are the same each time.
many = settings(
    max_examples=examples.many(15),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("tool", THROUGH)
@many
@given(page=strategies.pages)
def test_what_a_tool_gives_back_is_what_it_was_given_from_the_second_time_on(
    tool: str, page: str
) -> None:
    once = THROUGH[tool](page)
    assert THROUGH[tool](once) == once


@pytest.mark.parametrize("tool", THROUGH)
@many
@given(page=strategies.pages)
def test_no_word_is_lost_on_the_way_through_a_tool(tool: str, page: str) -> None:
    before = "".join(strategies.words_of(normal(page)))
    after = iter("".join(strategies.words_of(THROUGH[tool](page))))
    assert all(letter in after for letter in before)


@many
@given(page=strategies.pages)
def test_normal_form_is_the_same_when_taken_again(page: str) -> None:
    assert normal(normal(page)) == normal(page)


@many
@given(page=strategies.pages)
def test_markdown_keeps_all_of_the_vocabulary(page: str) -> None:
    page = normal(page)
    text, notes = to_markdown(page)
    if not notes:
        assert from_markdown(text).html == page


@many
@given(soup=strategies.html_soup)
def test_any_html_is_in_normal_form_once_read(soup: str) -> None:
    page = from_html(soup).html
    assert normal(page) == page


@many
@given(soup=strategies.markdown_soup)
def test_any_markdown_is_stable_from_the_second_step_on(soup: str) -> None:
    page = from_markdown(soup).html
    assert normal(page) == page
    again = from_markdown(to_markdown(page)[0]).html
    assert from_markdown(to_markdown(again)[0]).html == again


@many
@given(document=strategies.adf_documents)
def test_any_document_of_jira_is_stable_from_the_second_step_on(document: Any) -> None:
    page = from_adf(document).html
    assert normal(page) == page
    again = from_adf(to_adf(page)[0]).html
    assert from_adf(to_adf(again)[0]).html == again


@many
@given(page=strategies.pages)
def test_documents_for_jira_follow_its_schema(page: str) -> None:
    document, _ = to_adf(page, {"shot 1.png": "0f0e0d0c-1111-4222-8333-444455556666"})
    errors = [str(error)[:300] for error in SCHEMA.iter_errors(document)]
    assert not errors


@many
@given(document=strategies.junk)
def test_no_document_whatever_its_shape_is_too_much(document: Any) -> None:
    from_adf(document)


def _as_jira_stores_it(node: Any, draw: Callable[[], int]) -> Any:
    """The same document with the ids, orders and pieces that Jira's editor would have."""
    if isinstance(node, list):
        return [stored for inner in node for stored in _pieces(inner, draw)]
    stored = {
        key: _as_jira_stores_it(value, draw) if key == "content" else value
        for key, value in node.items()
    }
    if node["type"] in {"paragraph", "heading", "bulletList", "taskItem", "table", "mention"}:
        stored["attrs"] = {**node.get("attrs", {}), "localId": f"id-{draw()}"}
    return stored


def _pieces(node: Any, draw: Callable[[], int]) -> list[Any]:
    if node["type"] != "text":
        return [_as_jira_stores_it(node, draw)]
    at = draw() % (len(node["text"]) + 1)
    marks = node.get("marks", [])[::-1]
    texts = [text for text in (node["text"][:at], node["text"][at:]) if text]
    return [{**node, "text": text, **({"marks": marks} if marks else {})} for text in texts]


@many
@given(page=strategies.pages, numbers=st.randoms(use_true_random=False))
def test_an_echo_from_jira_is_recognised_whatever_jira_added(page: str, numbers: Random) -> None:
    document, _ = to_adf(page)
    stored = _as_jira_stores_it(document, lambda: numbers.randrange(100))
    assert from_adf(stored).html == from_adf(document).html


@many
@given(page=strategies.pages)
def test_an_echo_from_azure_devops_is_recognised_in_the_tags_of_its_editor(page: str) -> None:
    html, _ = to_html(page)
    stored = html
    for ours, theirs in (("p", "div"), ("strong", "b"), ("em", "i"), ("s", "strike")):
        stored = stored.replace(f"<{ours}>", f"<{theirs}>").replace(f"</{ours}>", f"</{theirs}>")
    assert from_html(stored).html == from_html(html).html


@many
@given(page=strategies.pages)
def test_gitlab_gives_back_what_it_was_given_with_its_own_line_ends(page: str) -> None:
    text, _ = to_markdown(page)
    assert from_markdown(text.replace("\n", "\r\n") + "\r\n").html == from_markdown(text).html
