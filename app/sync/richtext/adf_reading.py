"""Reads Atlassian Document Format into the tree: all nodes that it has, and those to come."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.sync.richtext.builder import Builder
from app.sync.richtext.characters import attachment_address
from app.sync.richtext.notes import Notes
from app.sync.richtext.tree import DONE, OPEN, PANELS, Blocks

Node = Mapping[str, Any]
_Then = Callable[[], None] | None

_CONTAINER_OF: Final = {
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "taskList": "ul",
    "taskItem": "li",
    "blockTaskItem": "li",
    "decisionList": "ul",
    "decisionItem": "li",
    "blockquote": "blockquote",
    "panel": "aside",
    "expand": "details",
    "nestedExpand": "details",
    "codeBlock": "pre",
    "table": "table",
    "tableRow": "tr",
    "tableCell": "td",
    "tableHeader": "th",
}
_MARK_OF: Final = {"strong": "strong", "em": "em", "strike": "s", "underline": "u", "code": "code"}
_INVISIBLE_MARKS = frozenset({"annotation", "dataConsumer", "fragment", "breakout"})
_LOST_MARKS: Final = {
    "textColor": "Colours and fonts are not kept.",
    "backgroundColor": "Colours and fonts are not kept.",
    "fontSize": "Colours and fonts are not kept.",
    "alignment": "The alignment of text is not kept.",
    "indentation": "The indentation of text is not kept.",
    "border": "The border of an image is not kept.",
}
_PANEL_OF: Final = {"tip": "success", "custom": "info"}
_BLOCKS_WITHOUT_TRACE = frozenset(
    {"doc", "mediaSingle", "mediaGroup", "caption", "layoutSection", "layoutColumn"}
)
_TEXT_ATTRIBUTES = ("text", "title", "alt", "url", "name", "shortName")


def read_adf(document: object) -> tuple[Blocks, Notes]:
    """The tree of a document, whatever is in it; of a text (an older Jira's) as paragraphs."""
    reader = _Reader()
    reader.read(document)
    return reader.builder.finish(), reader.builder.notes


class _Reader:
    def __init__(self) -> None:
        self.builder = Builder()
        self._in_line = 0
        self._leaves: dict[str, Callable[[Node, Node], None]] = {
            "text": self._text,
            "hardBreak": lambda _node, _attributes: self.builder.line_break(),
            "rule": lambda _node, _attributes: self.builder.rule(),
            "mention": self._mention,
            "emoji": self._emoji,
            "date": self._date,
            "status": self._status,
            "placeholder": self._placeholder,
            "inlineCard": self._card,
            "blockCard": self._block_card,
            "embedCard": self._block_card,
            "media": self._media,
            "mediaInline": self._media,
        }

    def read(self, document: object) -> None:
        """Every node, without recursion: documents may be nested deeper than Python allows."""
        waiting: list[object] = [document]
        while waiting:
            node = waiting.pop()
            if callable(node):
                node()
            elif isinstance(node, str):
                self._lines(node)
            elif isinstance(node, Mapping):
                after = self._enter(node)
                if after is not None:
                    waiting.append(after)
                waiting.extend(reversed(_children(node)))
            elif isinstance(node, list | tuple):
                waiting.extend(reversed(node))

    def _enter(self, node: Node) -> _Then:
        kind, attributes = node.get("type"), _mapping(node.get("attrs"))
        if not isinstance(kind, str):
            kind = ""
        if kind in self._leaves:
            self._marked(node, kind, attributes)
            return None
        self._note_lost_marks(node)
        if kind in _CONTAINER_OF:
            return self._container(kind, attributes)
        if kind in {"paragraph", "heading"}:
            self.builder.begin_line(_line_tag(kind, attributes))
            self._in_line += 1
            return self._end_line
        if kind not in _BLOCKS_WITHOUT_TRACE:
            self._unknown(kind, attributes, node)
        if kind == "layoutSection":
            self.builder.notes.add("Columns are kept one below the other.")
        if self._in_line:
            return None
        self.builder.boundary()
        return self.builder.boundary

    def _end_line(self) -> None:
        self._in_line -= 1
        self.builder.end_line()

    def _container(self, kind: str, attributes: Node) -> _Then:
        tag, found = _CONTAINER_OF[kind], _container_attributes(kind, attributes)
        if attributes.get("panelType") == "custom":
            self.builder.notes.add("The colour and icon of a panel are not kept.")
        if kind == "decisionList":
            self.builder.notes.add("Decisions are kept as a list.")
        self.builder.open(tag, **found)
        if tag == "details":
            title = _text_of(attributes.get("title"))
            if title:
                self.builder.begin_line("summary")
                self.builder.text(title)
                self.builder.end_line()
        return lambda: self.builder.close(tag)

    def _unknown(self, kind: str, attributes: Node, node: Node) -> None:
        name = _text_of(attributes.get("extensionKey")) or kind or "without a name"
        self.builder.notes.add(
            f"A part of a kind that only Jira knows ({name[:80]}) is kept as text."
        )
        shown = [_text_of(attributes.get(key)) for key in _TEXT_ATTRIBUTES]
        shown.append(_text_of(node.get("text")))
        words = " ".join(dict.fromkeys(text for text in shown if text))
        if not words and kind and not _children(node):
            words = f"[{name}]"
        if words:
            self._lines(words)

    # ---- leaves

    def _marked(self, node: Node, kind: str, attributes: Node) -> None:
        marks = [mark for mark in _sequence(node.get("marks")) if isinstance(mark, Mapping)]
        worn = [name for mark in marks if (name := _mark_name(mark))]
        left = ""
        for name in worn:
            self.builder.put_on(name)
        for mark in marks:
            if mark.get("type") == "link":
                href = _text_of(_mapping(mark.get("attrs")).get("href"))
                left = self.builder.link(href)
        self._note_lost_marks(node)
        self._leaves[kind](node, attributes)
        for name in worn:
            self.builder.take_off(name)
        self.builder.link(None)
        if left:
            self.builder.text(f" ({left})")

    def _note_lost_marks(self, node: Node) -> None:
        for mark in _sequence(node.get("marks")):
            kind = mark.get("type") if isinstance(mark, Mapping) else None
            if not isinstance(kind, str) or kind in _INVISIBLE_MARKS:
                continue
            if kind in _LOST_MARKS:
                self.builder.notes.add(_LOST_MARKS[kind])
            elif kind not in _MARK_OF and kind not in {"link", "subsup"}:
                self.builder.notes.add(
                    f"A formatting that only Jira knows ({kind[:80]}) is not kept."
                )

    def _text(self, node: Node, _attributes: Node) -> None:
        self._lines(_text_of(node.get("text")))

    def _lines(self, text: str) -> None:
        if self.builder.in_code:
            self.builder.text(text)
            return
        first, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.builder.text(first)
        for line in rest:
            self.builder.line_break()
            self.builder.text(line)

    def _mention(self, _node: Node, attributes: Node) -> None:
        person, name = _text_of(attributes.get("id")), _text_of(attributes.get("text"))
        self.builder.mention(f"jira:{person}")
        self.builder.text(name or f"@{person}")
        self.builder.mention(None)

    def _emoji(self, _node: Node, attributes: Node) -> None:
        text, name = _text_of(attributes.get("text")), _text_of(attributes.get("shortName"))
        if not text:
            self.builder.notes.add("A site's own emoji is kept by its name.")
        self.builder.text(text or name)

    def _date(self, _node: Node, attributes: Node) -> None:
        self.builder.notes.add("A date is kept as text.")
        self.builder.text(_day(_text_of(attributes.get("timestamp"))))

    def _status(self, _node: Node, attributes: Node) -> None:
        self.builder.notes.add("A status badge is kept as bold text.")
        self.builder.put_on("strong")
        self.builder.text(_text_of(attributes.get("text")))
        self.builder.take_off("strong")

    def _placeholder(self, _node: Node, attributes: Node) -> None:
        self.builder.notes.add("A hint of a template is kept as text.")
        self.builder.text(_text_of(attributes.get("text")))

    def _card(self, _node: Node, attributes: Node) -> None:
        data = _mapping(attributes.get("data"))
        address = _text_of(attributes.get("url")) or _text_of(data.get("url"))
        name = _text_of(data.get("name")) or address or "[card]"
        left = self.builder.link(address)
        self.builder.text(name)
        self.builder.link(None)
        if left and left != name:
            self.builder.text(f" ({left})")

    def _block_card(self, node: Node, attributes: Node) -> None:
        self.builder.notes.add("A card is kept as a link.")
        self.builder.boundary()
        self._card(node, attributes)
        self.builder.boundary()

    def _media(self, node: Node, attributes: Node) -> None:
        alone = node.get("type") == "media"
        if alone:
            self.builder.boundary()
        name = _text_of(attributes.get("alt"))
        if attributes.get("type") == "external":
            self.builder.image(_text_of(attributes.get("url")), name)
        else:
            known_as = name or _text_of(attributes.get("id")) or "file"
            if not name:
                self.builder.notes.add("A file whose name Jira does not tell is kept by its id.")
            self.builder.image(attachment_address(known_as), known_as)
        if alone:
            self.builder.boundary()


def _children(node: Node) -> tuple[object, ...]:
    content = node.get("content")
    if isinstance(content, Mapping):
        return (content,)
    return tuple(child for child in _sequence(content) if isinstance(child, Mapping | str))


def _container_attributes(kind: str, attributes: Node) -> dict[str, str]:
    if kind in {"taskItem", "blockTaskItem"}:
        return {"task": DONE if attributes.get("state") == "DONE" else OPEN}
    if kind == "panel":
        panel = _text_of(attributes.get("panelType"))
        panel = _PANEL_OF.get(panel, panel)
        return {"kind": panel if panel in PANELS else "info"}
    names = {"orderedList": {"order": "start"}, "codeBlock": {"language": "language"}}
    cells = {"colspan": "colspan", "rowspan": "rowspan"}
    wanted = names.get(kind, cells if kind in {"tableCell", "tableHeader"} else {})
    return {
        ours: _text_of(attributes[theirs])
        for theirs, ours in wanted.items()
        if theirs in attributes
    }


def _line_tag(kind: str, attributes: Node) -> str:
    level = attributes.get("level")
    if kind == "paragraph":
        return "p"
    return f"h{level:.0f}" if isinstance(level, int | float) and 1 <= level <= 6 else "h6"


def _mark_name(mark: Node) -> str | None:
    kind = mark.get("type")
    if kind == "subsup":
        return "sup" if _mapping(mark.get("attrs")).get("type") == "sup" else "sub"
    return _MARK_OF.get(kind) if isinstance(kind, str) else None


def _day(timestamp: str) -> str:
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return timestamp


def _mapping(value: object) -> Node:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, list | tuple) else ()


def _text_of(value: object) -> str:
    """Numbers as text too, as documents made by scripts have them; whole ones without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return f"{value:.0f}" if value == int(value) else str(value)
    return ""
