"""Nothing that runs comes out, whatever went in and whichever way it went."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sync.richtext import from_adf, from_html, from_markdown, to_adf, to_html, to_markdown
from tests.sync.richtext import strategies

VOCABULARY = {
    "p": set(), "h1": set(), "h2": set(), "h3": set(), "h4": set(), "h5": set(), "h6": set(),
    "ul": set(), "ol": {"start"}, "li": {"data-task"}, "blockquote": set(), "pre": set(),
    "code": {"data-language"}, "strong": set(), "em": set(), "s": set(), "u": set(), "sub": set(),
    "sup": set(), "a": {"href"}, "img": {"src", "alt"}, "table": set(), "thead": set(),
    "tbody": set(), "tr": set(), "th": {"colspan", "rowspan"}, "td": {"colspan", "rowspan"},
    "hr": set(), "br": set(), "aside": {"data-panel"}, "details": set(), "summary": set(),
    "span": {"data-mention"},
}  # fmt: skip
FOR_AZURE = VOCABULARY | {"a": {"href", "data-vss-mention"}, "code": {"class"}}
ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href=' &#1; javascript&colon;alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>x</button></form>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<a href='https://x.example\" onmouseover=\"alert(1)'>x</a>",
    "<img alt='\"><script>alert(1)</script>' src='a'>",
    "<details open ontoggle=alert(1)><summary onclick=alert(1)>x</summary></details>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<base href='javascript:/a/'><a href='//x'>x</a>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "[x](javascript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "```\"><script>alert(1)</script>\nx\n```",
    "`<script>alert(1)</script>`",
    "\\<script>alert(1)\\</script>",
]  # fmt: skip


class _Judge(HTMLParser):
    def __init__(self, allowed: dict[str, set[str]]) -> None:
        super().__init__()
        self.allowed = allowed

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed
        assert {name for name, _ in attrs} <= self.allowed[tag], attrs
        for name, value in attrs:
            if name in {"href", "src"}:
                assert _is_harmless(value or ""), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def _is_harmless(address: str) -> bool:
    bare = re.sub(r"[\x00-\x20]", "", address).lower()
    named = re.match(r"[^/?#]*?:", bare)
    schemes = {"http:", "https:", "mailto:", "ftp:", "tel:", "attachment:"}
    return named is None or named[0] in schemes


def judge(page: str, allowed: dict[str, set[str]]) -> None:
    judged = _Judge(allowed)
    judged.feed(page)
    judged.close()


def _addresses(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value[name] for name in ("href", "url") if isinstance(value.get(name), str)]
        return own + [found for inner in value.values() for found in _addresses(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in _addresses(inner)]
    return []


def judge_all(page: str) -> None:
    judge(page, VOCABULARY)
    judge(to_html(page)[0], FOR_AZURE)
    judge(from_markdown(to_markdown(page)[0]).html, VOCABULARY)
    assert all(_is_harmless(address) for address in _addresses(to_adf(page)[0]))


def in_a_document(attack: str) -> dict[str, Any]:
    words = {"type": "text", "text": attack}
    link = {"type": "link", "attrs": {"href": attack}}
    return {
        "type": "doc",
        "content": [
            {**words, "marks": [link]},
            {"type": "inlineCard", "attrs": {"url": attack}},
            {"type": "media", "attrs": {"type": "external", "url": attack, "alt": attack}},
            {"type": "media", "attrs": {"type": "file", "id": attack}},
            {"type": "codeBlock", "attrs": {"language": attack}, "content": [words]},
            {"type": "mention", "attrs": {"id": attack, "text": attack}},
            {"type": "expand", "attrs": {"title": attack}, "content": []},
            {"type": "orderedList", "attrs": {"order": attack}, "content": [{"type": "listItem"}]},
            {"type": "panel", "attrs": {"panelType": attack}, "content": [words]},
        ],
    }


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    "read",
    [
        lambda attack: from_html(attack).html,
        lambda attack: from_markdown(attack).html,
        lambda attack: from_adf(in_a_document(attack)).html,
        lambda attack: from_adf(in_a_document(attack.partition("'")[2].partition("'")[0])).html,
    ],
    ids=["HTML", "Markdown", "ADF", "address in ADF"],
)
def test_no_attack_comes_out_of_any_conversion(attack: str, read: Callable[[str], str]) -> None:
    judge_all(read(attack))


@settings(max_examples=60)
@given(soup=strategies.html_soup, attack=st.sampled_from(["", *ATTACKS]))
def test_nothing_outside_the_vocabulary_comes_out_of_html(soup: str, attack: str) -> None:
    judge_all(from_html(soup + attack + soup).html)


@settings(max_examples=60)
@given(soup=strategies.markdown_soup, attack=st.sampled_from(ATTACKS))
def test_nothing_outside_the_vocabulary_comes_out_of_markdown(soup: str, attack: str) -> None:
    judge_all(from_markdown(soup + attack + soup).html)


@settings(max_examples=60)
@given(document=strategies.adf_documents)
def test_nothing_outside_the_vocabulary_comes_out_of_a_document(document: Any) -> None:
    judge_all(from_adf(document).html)
