"""Reads HTML, ours or anybody's, token by token, into the tree.

The tokens are those of the HTML standard (justhtml); the tree is our own builder's, because the
standard's tree takes quadratic time for input that means harm.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from justhtml import stream

from app.sync.richtext.builder import Builder
from app.sync.richtext.characters import carries_code, clean, tidy_address
from app.sync.richtext.notes import Notes
from app.sync.richtext.tree import DONE, OPEN, Blocks

_MARK_OF: Final = {
    "strong": "strong", "b": "strong",
    "em": "em", "i": "em", "cite": "em", "var": "em", "dfn": "em",
    "s": "s", "strike": "s", "del": "s",
    "u": "u", "ins": "u",
    "sub": "sub", "sup": "sup",
    "code": "code", "tt": "code", "kbd": "code", "samp": "code",
}  # fmt: skip
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_CONTAINERS = frozenset({"ul", "ol", "li", "blockquote", "details", "table", "tr", "td", "th"})
_BLOCKS = frozenset({
    "address", "article", "body", "caption", "center", "dd", "dir", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "html", "main", "menu", "nav", "optgroup",
    "option", "p", "section", "tbody", "tfoot", "thead", "title",
})  # fmt: skip
_NEVER_SHOWN = frozenset({"script", "style"})
_EMBEDDED: Final = {
    "iframe": "src", "embed": "src", "video": "src", "audio": "src", "source": "src",
    "object": "data", "frame": "src",
}  # fmt: skip
_STYLED: Final = (
    ("strong", re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)),
    ("em", re.compile(r"font-style\s*:\s*(?:italic|oblique)", re.IGNORECASE)),
    ("s", re.compile(r"text-decoration[a-z\-]*\s*:[^;]*line-through", re.IGNORECASE)),
    ("u", re.compile(r"text-decoration[a-z\-]*\s*:[^;]*underline", re.IGNORECASE)),
)
_LOOKS = re.compile(r"(?<![a-z\-])(?:color|background|font-size|font-family)", re.IGNORECASE)
_ALIGNED = re.compile(r"text-align\s*:\s*(?:center|right|end|justify)", re.IGNORECASE)
_LANGUAGE_CLASS = re.compile(r"(?:^|\s)lang(?:uage)?-(\S+)")
_AZURE_MENTION = re.compile(r"version:[\d.]+,\s*\{?([0-9A-Fa-f\-]{36})\}?")

Attributes = Mapping[str, str | None]


def read_html(text: str) -> tuple[Blocks, Notes]:
    """The tree of any HTML, and what could not be kept of it."""
    reader = _Reader()
    reader.read(text)
    return reader.builder.finish(), reader.builder.notes


class _Reader:
    def __init__(self) -> None:
        self.builder = Builder()
        self._skipped = ""
        self._styled: dict[str, list[tuple[str, ...]]] = {}
        self._address_left = ""
        self._starts = self._handlers()

    def _handlers(self) -> dict[str, Callable[[Attributes], None]]:
        builder = self.builder
        starts: dict[str, Callable[[Attributes], None]] = {
            "a": self._start_link,
            "aside": self._start_aside,
            "br": lambda _: builder.line_break(),
            "code": self._start_code,
            "font": lambda attributes: self._put_on_style("font", attributes),
            "hr": lambda _: builder.rule(),
            "img": self._start_image,
            "input": self._start_input,
            "pre": self._start_pre,
            "span": self._start_span,
            "summary": lambda _: builder.begin_line("summary"),
        }
        for name in _HEADINGS:
            starts[name] = partial(self._start_heading, name)
        for name in _EMBEDDED:
            starts[name] = partial(self._start_embedded, name)
        for name in _CONTAINERS:
            starts[name] = partial(self._start_container, name)
        for name in _NEVER_SHOWN:
            starts[name] = partial(self._skip, name)
        return starts

    def read(self, text: str) -> None:
        """Every token of it."""
        # stream() tells the kind of a token in its first half, which no type can follow.
        tokens: Iterator[tuple[str, Any]] = stream(clean(text, self.builder.notes))
        for kind, detail in tokens:
            if kind == "text":
                self._text(detail)
            elif kind == "start":
                self._start(*detail)
            elif kind == "end":
                self._end(detail)
            elif kind == "comment":
                self.builder.notes.add("A hidden comment of the source was left out.")
        self._end_link()

    def _text(self, text: str) -> None:
        if not self._skipped:
            self.builder.text(text)

    def _start(self, name: str, attributes: Attributes) -> None:
        if self._skipped:
            return
        self._note_looks(attributes)
        if name in self._starts:
            self._starts[name](attributes)
        elif name in _MARK_OF:
            self.builder.put_on(_MARK_OF[name])
        elif name in _BLOCKS:
            self.builder.boundary()

    def _skip(self, name: str, _attributes: Attributes) -> None:
        self._skipped = name
        self.builder.notes.add("A script or style sheet was left out.")

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped = "" if name == self._skipped else self._skipped
        elif name in _MARK_OF:
            self.builder.take_off(_MARK_OF[name])
        elif name == "a":
            self._end_link()
        elif name in {"span", "font"}:
            self._take_off_style(name)
        elif name in _HEADINGS or name == "summary":
            self.builder.end_line()
        else:
            self._end_block(name)

    def _end_block(self, name: str) -> None:
        if name in _CONTAINERS or name in {"aside", "pre"}:
            self.builder.close(name)
        elif name in _BLOCKS:
            self.builder.boundary()
        elif name == "br":  # </br> is a break, says the standard
            self.builder.line_break()

    # ---- blocks

    def _start_container(self, name: str, attributes: Attributes) -> None:
        found = {
            key: value
            for key in ("start", "colspan", "rowspan")
            if (value := attributes.get(key)) is not None
        }
        if name == "li" and attributes.get("data-task") in {OPEN, DONE}:
            found["task"] = attributes["data-task"] or ""
        self.builder.open(name, **found)

    def _start_heading(self, name: str, _attributes: Attributes) -> None:
        self.builder.begin_line(name)

    def _start_aside(self, attributes: Attributes) -> None:
        self.builder.open("aside", kind=attributes.get("data-panel") or "")

    def _start_pre(self, attributes: Attributes) -> None:
        language = attributes.get("lang") or attributes.get("data-language") or ""
        self.builder.open("pre", language=language or _named_language(attributes))

    def _start_code(self, attributes: Attributes) -> None:
        language = attributes.get("data-language") or _named_language(attributes)
        if language:
            self.builder.set_language(language)
        self.builder.put_on("code")

    # ---- what stands in a line

    def _start_link(self, attributes: Attributes) -> None:
        self._end_link()
        mentioned = _AZURE_MENTION.match(attributes.get("data-vss-mention") or "")
        if mentioned:
            self.builder.mention(f"azure:{mentioned[1].lower()}")
        elif attributes.get("href"):
            self._address_left = self.builder.link(attributes["href"])

    def _end_link(self) -> None:
        self.builder.link(None)
        self.builder.mention(None)
        if self._address_left:
            self.builder.text(f" ({self._address_left})")
            self._address_left = ""

    def _start_image(self, attributes: Attributes) -> None:
        self.builder.image(attributes.get("src") or "", attributes.get("alt") or "")

    def _start_input(self, attributes: Attributes) -> None:
        if (attributes.get("type") or "").lower() == "checkbox":
            self.builder.task(done="checked" in attributes)
        elif attributes.get("value") and (attributes.get("type") or "").lower() != "hidden":
            self.builder.text(attributes["value"] or "")

    def _start_embedded(self, name: str, attributes: Attributes) -> None:
        address = attributes.get(_EMBEDDED[name])
        self._skipped = "iframe" if name == "iframe" else ""
        if not address or carries_code(tidy_address(address)):
            return
        self.builder.notes.add("Something embedded (a video, a page) is kept as a link.")
        self._end_link()
        left = self.builder.link(address)
        self.builder.text(left or clean(address, self.builder.notes))
        self.builder.link(None)
        self.builder.text(" ")

    def _start_span(self, attributes: Attributes) -> None:
        self.builder.mention(attributes.get("data-mention"))
        self._put_on_style("span", attributes)

    def _put_on_style(self, name: str, attributes: Attributes) -> None:
        style = attributes.get("style") or ""
        marks = tuple(mark for mark, pattern in _STYLED if style and pattern.search(style))
        for mark in marks:
            self.builder.put_on(mark)
        self._styled.setdefault(name, []).append(marks)

    def _take_off_style(self, name: str) -> None:
        if name == "span":
            self.builder.mention(None)
        if self._styled.get(name):
            for mark in self._styled[name].pop():
                self.builder.take_off(mark)

    def _note_looks(self, attributes: Attributes) -> None:
        style = attributes.get("style") or ""
        if attributes.get("color") or attributes.get("bgcolor") or _LOOKS.search(style):
            self.builder.notes.add("Colours and fonts are not kept.")
        if attributes.get("align") or _ALIGNED.search(style):
            self.builder.notes.add("The alignment of text is not kept.")


def _named_language(attributes: Attributes) -> str:
    found = _LANGUAGE_CLASS.search(attributes.get("class") or "")
    return found[1] if found else ""
