"""Every node and mark of Jira's documents, one by one."""

from typing import Any

import pytest

from app.sync.richtext import from_adf, to_adf


def text(words: str, *marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"marks": list(marks)} if marks else {})}


def node(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": kind}
    if attrs:
        made["attrs"] = attrs
    if content:
        made["content"] = list(content)
    return made


def doc(*content: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(content)}


def item(words: str) -> dict[str, Any]:
    return node("listItem", node("paragraph", text(words)))


def p(*content: Any) -> dict[str, Any]:
    return node("paragraph", *content)


KEPT = {
    "paragraph": (p(text("a")), "<p>a</p>"),
    "heading": (node("heading", text("a"), level=3), "<h3>a</h3>"),
    "bulletList": (
        node("bulletList", item("a")),
        "<ul><li>a</li></ul>",
    ),
    "orderedList": (
        node("orderedList", item("a"), order=4),
        '<ol start="4"><li>a</li></ol>',
    ),
    "nested lists": (
        node(
            "bulletList",
            node("listItem", p(text("a")), node("orderedList", item("b"))),
        ),
        "<ul><li>a<ol><li>b</li></ol></li></ul>",
    ),
    "taskList": (
        node(
            "taskList",
            node("taskItem", text("a"), localId="1", state="DONE"),
            node("taskList", node("taskItem", text("b"), localId="2", state="TODO"), localId="3"),
            localId="4",
        ),
        '<ul><li data-task="done">a<ul><li data-task="open">b</li></ul></li></ul>',
    ),
    "blockquote": (node("blockquote", p(text("a"))), "<blockquote><p>a</p></blockquote>"),
    "codeBlock": (
        node("codeBlock", text("if a:\n\tb  c"), language="python"),
        '<pre><code data-language="python">if a:\n\tb  c</code></pre>',
    ),
    "panel": (
        node("panel", p(text("a")), panelType="warning"),
        '<aside data-panel="warning"><p>a</p></aside>',
    ),
    "rule": (node("rule"), "<hr>"),
    "table": (
        node(
            "table",
            node("tableRow", node("tableHeader", p(text("h")), colspan=2)),
            node(
                "tableRow",
                node("tableCell", p(text("a"))),
                node("tableCell", node("bulletList", item("b")), rowspan=2),
            ),
        ),
        '<table><thead><tr><th colspan="2">h</th></tr></thead><tbody><tr><td>a</td>'
        '<td rowspan="2"><ul><li>b</li></ul></td></tr></tbody></table>',
    ),
    "expand": (
        node("expand", p(text("a")), title="More"),
        "<details><summary>More</summary><p>a</p></details>",
    ),
    "nestedExpand": (
        node("expand", node("nestedExpand", p(text("a")), title="in"), title="out"),
        "<details><summary>out</summary><details><summary>in</summary><p>a</p></details></details>",
    ),
    "external image": (
        node(
            "mediaSingle",
            node("media", type="external", url="https://x.example/a.png", alt="shot"),
            layout="center",
        ),
        '<p><img src="https://x.example/a.png" alt="shot"></p>',
    ),
    "hardBreak": (p(text("a"), node("hardBreak"), text("b")), "<p>a<br>b</p>"),
    "mention": (
        p(node("mention", id="5b10:c0", text="@Jo Doe")),
        '<p><span data-mention="jira:5b10:c0">@Jo Doe</span></p>',
    ),
    "emoji": (p(node("emoji", shortName=":smile:", text="😄")), "<p>😄</p>"),
    "inlineCard": (
        p(node("inlineCard", url="https://x.example/a")),
        '<p><a href="https://x.example/a">https://x.example/a</a></p>',
    ),
    "all marks": (
        p(
            text("a", {"type": "strong"}),
            text("b", {"type": "em"}),
            text("c", {"type": "strike"}),
            text("d", {"type": "underline"}),
            text("e", {"type": "code"}),
            text("f", {"type": "subsup", "attrs": {"type": "sub"}}),
            text("g", {"type": "subsup", "attrs": {"type": "sup"}}),
            text("h", {"type": "link", "attrs": {"href": "https://x.example"}}),
        ),
        "<p><strong>a</strong><em>b</em><s>c</s><u>d</u><code>e</code><sub>f</sub><sup>g</sup>"
        '<a href="https://x.example">h</a></p>',
    ),
    "annotation, which shows nothing": (
        p(
            text(
                "a", {"type": "annotation", "attrs": {"id": "1", "annotationType": "inlineComment"}}
            )
        ),
        "<p>a</p>",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_both_know_is_read_without_a_note_and_written_back(name: str) -> None:
    given, page = KEPT[name]
    assert from_adf(doc(given)) == type(from_adf(None))(page)
    assert from_adf(to_adf(page)[0]).html == page
    assert to_adf(page)[1] == ()


NOTED = {
    "decisionList": (
        node(
            "decisionList",
            node("decisionItem", text("a"), localId="1", state="DECIDED"),
            localId="2",
        ),
        "<ul><li>a</li></ul>",
        "Decisions",
    ),
    "date": (p(node("date", timestamp="1582152559000")), "<p>2020-02-19</p>", "date"),
    "status": (
        p(node("status", text="DONE", color="green")),
        "<p><strong>DONE</strong></p>",
        "badge",
    ),
    "own emoji": (p(node("emoji", shortName=":our-logo:")), "<p>:our-logo:</p>", "emoji"),
    "blockCard": (
        node("blockCard", url="https://x.example/a"),
        '<p><a href="https://x.example/a">https://x.example/a</a></p>',
        "card",
    ),
    "embedCard": (
        node("embedCard", url="https://x.example/a", layout="wide"),
        '<p><a href="https://x.example/a">https://x.example/a</a></p>',
        "card",
    ),
    "layout": (
        node(
            "layoutSection",
            node("layoutColumn", p(text("a")), width=50),
            node("layoutColumn", p(text("b")), width=50),
        ),
        "<p>a</p><p>b</p>",
        "Columns",
    ),
    "extension": (
        node("extension", extensionKey="org.chart", extensionType="x", text="A chart"),
        "<p>A chart</p>",
        "org.chart",
    ),
    "extension without words": (
        node("extension", extensionKey="org.chart", extensionType="x"),
        "<p>[org.chart]</p>",
        "org.chart",
    ),
    "bodiedExtension": (
        node("bodiedExtension", p(text("inside")), extensionKey="org.box", extensionType="x"),
        "<p>inside</p>",
        "org.box",
    ),
    "inlineExtension": (
        p(
            text("a "),
            node("inlineExtension", extensionKey="k", extensionType="x", text="b"),
            text(" c"),
        ),
        "<p>a b c</p>",
        "k",
    ),
    "custom panel": (
        node("panel", p(text("a")), panelType="custom", panelColor="#ff0000"),
        '<aside data-panel="info"><p>a</p></aside>',
        "colour",
    ),
    "placeholder": (p(node("placeholder", text="Say why")), "<p>Say why</p>", "hint"),
    "node of the future": (
        node("hologram", p(text("a")), node("beam", title="b")),
        "<p>a</p><p>b</p>",
        "hologram",
    ),
    "mark of the future": (p(text("a", {"type": "glow"})), "<p>a</p>", "glow"),
    "colour": (
        p(text("a", {"type": "textColor", "attrs": {"color": "#ff0000"}})),
        "<p>a</p>",
        "Colours",
    ),
    "alignment": (
        {**p(text("a")), "marks": [{"type": "alignment", "attrs": {"align": "end"}}]},
        "<p>a</p>",
        "alignment",
    ),
    "link that no browser opens": (
        p(text("a", {"type": "link", "attrs": {"href": "file://server/x"}})),
        "<p>a (file://server/x)</p>",
        "link",
    ),
    "file without a name": (
        node("mediaGroup", node("media", type="file", id="0f0e", collection="")),
        '<p><img src="attachment:0f0e" alt="0f0e"></p>',
        "id",
    ),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_only_jira_knows_is_kept_as_text_and_noted(name: str) -> None:
    given, page, told = NOTED[name]
    rich = from_adf(doc(given))
    assert rich.html == page
    assert any(told in note for note in rich.notes), rich.notes


MISPLACED = {
    "heading in a list": "<ul><li><h2>a</h2><p>b</p></li></ul>",
    "quotation in a list": "<ul><li><blockquote><p>a</p></blockquote></li></ul>",
    "table in a quotation": "<blockquote><table><tr><td>a</td><td>b</td></tr></table></blockquote>",
    "table in a table": "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
    "fold in a list": "<ul><li><details><summary>a</summary><p>b</p></details></li></ul>",
    "fold in a fold in a fold": "<details><summary>a</summary><details><summary>b</summary>"
    "<details><summary>c</summary><p>d</p></details></details></details>",
    "task in a quotation": '<blockquote><ul><li data-task="done">a</li></ul></blockquote>',
    "task with code below": '<ul><li data-task="open"><p>a</p><pre><code>b</code></pre></li></ul>',
    "rule in a list": "<ul><li><p>a</p><hr></li></ul>",
    "bold code": "<p><strong><code>a</code></strong></p>",
    "relative link": '<p><a href="/uploads/a.png">a</a></p>',
    "image of another side": '<p><img src="attachment:a.png" alt=""></p>',
    "somebody of another side": '<p><span data-mention="gitlab:jo">@jo</span></p>',
}


@pytest.mark.parametrize("name", MISPLACED)
def test_what_jira_does_not_allow_there_is_noted_and_its_words_kept(name: str) -> None:
    document, notes = to_adf(MISPLACED[name])
    if "task" not in name:  # a drawn box is a task again when it is read
        assert notes
    words = from_adf(document).html
    assert all(word in words for word in "abcd" if f">{word}<" in MISPLACED[name])
    again = from_adf(to_adf(words)[0]).html
    assert again == words


def test_a_file_of_the_item_is_shown_where_its_media_id_is_known() -> None:
    page = '<p>see <img src="attachment:a%20b.png" alt="a b.png"> there</p>'
    document, notes = to_adf(page, {"a b.png": "0f0e"})
    assert notes == ()
    assert [part["type"] for part in document["content"]] == [
        "paragraph",
        "mediaSingle",
        "paragraph",
    ]
    assert from_adf(document).html == (
        '<p>see</p><p><img src="attachment:a%20b.png" alt="a b.png"></p><p>there</p>'
    )


@pytest.mark.parametrize(
    "nothing", [None, {}, [], "", {"type": "doc"}, {"type": "doc", "content": None}]
)
def test_nothing_is_nothing(nothing: object) -> None:
    assert from_adf(nothing).html == ""
    assert to_adf("")[0] == {"version": 1, "type": "doc", "content": []}


def test_text_with_line_feeds_keeps_its_lines() -> None:
    assert from_adf(doc(p(text("a\nb\r\nc")))).html == "<p>a<br>b<br>c</p>"
