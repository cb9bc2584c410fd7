"""Which documents the site takes, beside Atlassian's own schema where npm brought it."""

import functools
import json
from typing import Any

import pytest
from jsonschema import Draft4Validator

from sandbox.assets import NODE_MODULES
from sandbox.issues import adf
from sandbox.seed_issues import seed_first_site
from sandbox.seed_texts import bullets, document, heading, paragraph, text
from sandbox.site import SiteState

SCHEMA = NODE_MODULES / "@atlaskit/adf-schema/dist/json-schema/v1/full.json"
needs_schema = pytest.mark.skipif(not SCHEMA.exists(), reason="npm ci has not been run")
# Larger ones take the schema seconds.
SIZE_LIMIT = 2500


@functools.cache
def atlassian() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text()))


def node(kind: str, *content: Any, **attrs: Any) -> Any:
    made: dict[str, Any] = {"type": kind, "content": list(content)}
    return {**made, "attrs": attrs} if attrs else made


CELL = node("tableCell", paragraph("x"))
TASK = node("taskItem", text("x"), localId="1", state="TODO")
GOOD = {
    "nothing": document(),
    "empty paragraph": document(node("paragraph")),
    "code and link": document(
        paragraph(text("x", "code", {"type": "link", "attrs": {"href": "https://x.example"}}))
    ),
    "panel in a cell": document(
        node(
            "table",
            node("tableRow", node("tableCell", node("panel", paragraph("x"), panelType="info"))),
        )
    ),
    "tasks in tasks": document(
        node("taskList", TASK, node("taskList", TASK, localId="b"), localId="a")
    ),
    "code in a quote": document(node("blockquote", node("codeBlock", text("x")))),
}
BAD = {
    "a text": "text",
    "no version": {"type": "doc", "content": []},
    "text without a paragraph": document(text("x")),
    "empty text": document(paragraph(text(""))),
    "unknown node": document(node("marquee")),
    "unknown mark": document(paragraph(text("x", "blink"))),
    "bold code": document(paragraph(text("x", "strong", "code"))),
    "marked code block": document(node("codeBlock", text("x", "strong"))),
    "list without items": document(node("bulletList")),
    "heading in an item": document(node("bulletList", node("listItem", heading(1, "x")))),
    "heading in a quote": document(node("blockquote", heading(1, "x"))),
    "table in a table": document(
        node("table", node("tableRow", node("tableCell", node("table", node("tableRow", CELL)))))
    ),
    "expand in a panel": document(node("panel", node("expand", paragraph("x")), panelType="info")),
    "list in a paragraph": document(paragraph(bullets("x"))),
    "link to nowhere": document(paragraph(text("x", {"type": "link", "attrs": {}}))),
    "panel of no kind": document(node("panel", paragraph("x"))),
    "task without a state": document(node("taskList", node("taskItem", localId="1"), localId="a")),
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD)
def test_a_good_document_is_taken(given: Any) -> None:
    assert adf.check(given) is given


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_a_bad_document_is_refused(given: Any) -> None:
    with pytest.raises(adf.NotADocumentError):
        adf.check(given)


@needs_schema
@pytest.mark.parametrize(
    ("given", "good"),
    [(each, True) for each in GOOD.values()] + [(each, False) for each in BAD.values()],
    ids=[*GOOD, *BAD],
)
def test_atlassians_schema_judges_alike(given: Any, good: bool) -> None:
    assert atlassian().is_valid(given) is good


@needs_schema
def test_the_seed_is_written_in_documents_that_atlassian_knows(a_site: dict[str, Any]) -> None:
    site = SiteState.from_json(a_site)
    seed_first_site(site)
    written = {
        json.dumps(each, sort_keys=True)
        for issue in list(site.issues.all())[:25]
        for each in (issue.fields["description"], *(c.body for c in issue.comments[:3]))
        if each is not None
    }
    for each in written:
        if len(each) < SIZE_LIMIT:
            assert atlassian().is_valid(json.loads(each)), each
