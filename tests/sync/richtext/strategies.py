"""Rich text of every shape for Hypothesis: trees, documents, and syntax thrown together."""

import html
import re
from typing import Any

from hypothesis import strategies as st

from app.sync.richtext.printing import canonical
from app.sync.richtext.tree import (
    BREAK,
    Block,
    Cell,
    Fold,
    Item,
    Items,
    Line,
    Panel,
    Pre,
    Quote,
    Rule,
    Run,
    Table,
)

SPECIAL = [
    *r"""\`*_{}[]()#+-.!|~<>&=:;"'/$%^@?,""",
    "  ", "\n", "\t", "\u00a0", "\u200b", "\u2028", "\u202e", "\u0301", "\ufeff", "\U0001f600",
    "👩‍👩‍👧", "שלום", "مرحبا", "中文", "ß", "**", "__", "~~", "```", "---", "===",
    "1. ", "- ", "> ", "# ",
    "[x] ", "[ ] ", "[!note]", "[^1]", "[^1]: ", "&amp;", "&#60;", "&copy", "<b>", "</b>", "<!--",
    "-->", "<br>", "](", "![", "https://a.example/b_c?d=e&f=(g)", "www.x.example", "a@b.example",
    "@jo", "@all", "☐ ", "☑ ", "C:\\temp\\", ">>>", "$$", "\\\n", ": ", "|", "||", "~a",
]  # fmt: skip
WORDS = ["alpha", "Beta", "x1", "naïve", "日本", "café", "snake_case", "a*b", "42"]
MARKS = ["strong", "em", "s", "u", "sub", "sup", "code"]
ADDRESSES = [
    "https://jira.example/browse/A-1",
    "https://x.example/a_(b)*c~d",
    "https://x.example/?a=1&copy=2&lt;",
    "mailto:jo@x.example",
    "/uploads/0f/a.png",
    "#top",
]
IMAGES = ["https://x.example/a.png", "attachment:shot%201.png", "/uploads/0f/a.png"]
people = st.sampled_from(
    [
        ("jira:5b10ac8d82e05b22cc7d4ef5", "@Jo Doe"),
        ("gitlab:jo", "@jo"),
        ("azure:0a1b2c3d-0000-4000-8000-0123456789ab", "Jo"),
    ]
)

texts = st.lists(
    st.sampled_from(SPECIAL + WORDS + [" ", " "]) | st.text(max_size=3), max_size=8
).map("".join)
_marks = st.lists(st.sampled_from(MARKS), max_size=3).map(frozenset)
_hrefs = st.none() | st.none() | st.sampled_from(ADDRESSES)


# builds(Run) would make up what is not given, even where a Run has a default for it.
def _text(text: str, marks: frozenset[str], href: str | None) -> Run:
    return Run(text, marks, href)


def _image(alt: str, href: str | None, src: str) -> Run:
    return Run(alt, href=href, src=src)


runs = st.one_of(
    st.builds(_text, texts, _marks, _hrefs),
    st.builds(_text, st.sampled_from(WORDS), _marks, _hrefs),
    st.just(BREAK),
    st.builds(_image, texts, _hrefs, st.sampled_from(IMAGES)),
    st.builds(lambda person, marks: Run(person[1], marks, mention=person[0]), people, _marks),
)
lines = st.lists(runs, max_size=6).map(tuple)
_line = st.builds(Line, st.sampled_from(["p", "p", "p", "h1", "h3", "h6"]), lines)
_leaf = st.one_of(
    _line,
    _line,
    st.builds(Pre, texts, st.sampled_from(["", "python", "c++"])),
    st.just(Rule()),
)


def _containers(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    blocks = st.lists(inner, max_size=3).map(tuple)
    items = st.lists(
        st.builds(Item, blocks, st.sampled_from(["", "", "open", "done"])), max_size=3
    ).map(tuple)
    cells = st.builds(Cell, blocks, st.booleans(), st.sampled_from([1, 1, 2]), st.just(1))
    plain_cells = st.builds(Cell, st.builds(lambda runs: (Line("p", runs),), lines))
    head = st.builds(Cell, st.builds(lambda runs: (Line("p", runs),), lines), st.just(True))
    grids = st.integers(1, 3).flatmap(
        lambda width: st.builds(
            lambda first, rest: Table((first, *rest)),
            st.tuples(*[head] * width),
            st.lists(st.tuples(*[plain_cells] * width), max_size=3),
        )
    )
    return st.one_of(
        st.builds(Quote, blocks),
        st.builds(Panel, st.sampled_from(["info", "note", "success", "warning", "error"]), blocks),
        st.builds(Fold, st.sampled_from(["", "More <b> & *more*", "Details"]), blocks),
        st.builds(Items, st.booleans(), items, st.sampled_from([1, 1, 3])),
        st.builds(
            Table,
            st.lists(
                st.lists(cells, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3
            ).map(tuple),
        ),
        grids,
    )


blocks = st.recursive(_leaf, _containers, max_leaves=8)
trees = st.lists(blocks, max_size=4).map(tuple)
pages = trees.map(canonical)
"""HTML of the vocabulary, but not in its normal form yet."""

_TAGS = [
    "p", "div", "span", "b", "i", "u", "s", "code", "pre", "ul", "ol", "li", "table", "tr",
    "td", "th", "thead", "tbody", "caption", "blockquote", "aside", "details", "summary", "h1",
    "h2", "a", "img", "br", "hr", "script", "style", "textarea", "iframe", "font", "sub", "sup",
    "input", "title", "dl", "dt", "svg", "select", "option", "object",
]  # fmt: skip
_ATTRIBUTES = [
    "", ' href="https://x.example"', ' href="javascript:alert(1)"', ' href="java&#10;script:x"',
    ' onclick="alert(1)"', ' style="font-weight:bold"', ' data-panel="info"', ' data-task="done"',
    ' src="data:text/html,x"', ' type="checkbox"', ' colspan="3"', ' start="x"',
    ' class="language-c"',
    ' data-mention="gitlab:jo"', " unfinished='", ' src=x onerror=alert(1)',
]  # fmt: skip
tags = st.one_of(
    st.builds("<{}{}>".format, st.sampled_from(_TAGS), st.sampled_from(_ATTRIBUTES)),
    st.builds("</{}>".format, st.sampled_from(_TAGS)),
)
html_soup = st.lists(tags | texts, max_size=14).map("".join)
markdown_soup = st.lists(
    st.sampled_from(
        [*SPECIAL, *WORDS, "\n", "\n\n", "    ", "| a | b |\n| - | - |\n", "[a]: /b\n"]
    ),
    max_size=25,
).map("".join)

_KINDS = [
    "paragraph", "heading", "bulletList", "orderedList", "listItem", "taskList", "taskItem",
    "decisionList", "decisionItem", "blockquote", "codeBlock", "panel", "rule", "table",
    "tableRow", "tableCell", "tableHeader", "mediaSingle", "mediaGroup", "media", "mediaInline",
    "mention", "emoji", "hardBreak", "inlineCard", "blockCard", "embedCard", "date", "status",
    "expand", "nestedExpand", "layoutSection", "layoutColumn", "extension", "bodiedExtension",
    "inlineExtension", "caption", "placeholder", "syncBlock", "blockTaskItem", "fromTheFuture",
    "doc",
]  # fmt: skip
_ADF_MARKS = [
    {"type": "strong"}, {"type": "em"}, {"type": "strike"}, {"type": "underline"},
    {"type": "code"}, {"type": "subsup", "attrs": {"type": "sub"}},
    {"type": "link", "attrs": {"href": "https://x.example"}},
    {"type": "link", "attrs": {"href": "javascript:alert(1)"}},
    {"type": "textColor", "attrs": {"color": "#ff0000"}}, {"type": "later"}, None, 3,
]  # fmt: skip
_values = st.one_of(
    texts,
    st.integers(-3, 12),
    st.none(),
    st.booleans(),
    st.floats(),
    st.sampled_from(["info", "x"]),
)
_NAMES = [
    "level", "order", "text", "url", "id", "alt", "title", "state", "panelType", "language", "type",
    "href", "shortName", "timestamp", "colspan", "extensionKey", "localId",
]  # fmt: skip
_attrs = st.dictionaries(st.sampled_from(_NAMES), _values, max_size=4)
adf_texts = st.builds(
    lambda text, marks: {"type": "text", "text": text, "marks": marks},
    texts,
    st.lists(st.sampled_from(_ADF_MARKS), max_size=3),
)
adf_nodes: st.SearchStrategy[Any] = st.recursive(
    adf_texts,
    lambda inner: st.builds(
        lambda kind, attrs, content: {"type": kind, "attrs": attrs, "content": content},
        st.sampled_from(_KINDS),
        _attrs,
        st.lists(inner, max_size=4),
    ),
    max_leaves=10,
)
adf_documents = st.lists(adf_nodes, max_size=5).map(
    lambda content: {"type": "doc", "version": 1, "content": content}
)
junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "content", "attrs", "marks", "text", "x"]),
            inner | st.sampled_from(_KINDS),
            max_size=4,
        )
    ),
    max_leaves=12,
)


def words_of(page: str) -> list[str]:
    """The words that canonical HTML shows, names of images among them."""
    page = re.sub(r'<img src="[^"]*" alt="([^"]*)">', r" \1 ", page)
    page = re.sub(r"</?(?:strong|em|s|u|sub|sup|code|a|span)(?: [^>]*)?>", "", page)
    return re.findall(r"\w+", html.unescape(re.sub(r"<[^>]*>", " ", page)))
