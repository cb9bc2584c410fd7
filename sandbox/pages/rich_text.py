"""A document as HTML: only elements that are named here, and every text escaped."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from sandbox.issues.adf import Document
from sandbox.issues.models import Attachment

Node = Mapping[str, Any]

# The title of the page is its only heading of the first level.
_HEADINGS_BELOW = 1
_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_SCHEMES = {"http", "https", "mailto"}
_PANELS = {"info", "note", "warning", "success", "error"}
# Of either direction, whatever the language of the page.
_AUTO = Markup(' dir="auto"')
_PLAIN: dict[str, tuple[str, Markup]] = {
    "paragraph": ("p", _AUTO),
    "blockquote": ("blockquote", Markup("")),
    "bulletList": ("ul", Markup("")),
    "listItem": ("li", _AUTO),
    "taskList": ("ul", Markup(' class="tasks"')),
    "decisionList": ("ul", Markup("")),
    "decisionItem": ("li", _AUTO),
    "tableRow": ("tr", Markup("")),
    "mediaSingle": ("figure", Markup("")),
    "mediaGroup": ("div", Markup("")),
    "caption": ("figcaption", _AUTO),
    "layoutSection": ("div", Markup("")),
    "layoutColumn": ("div", Markup("")),
}
_MARKS = {"strong": "strong", "em": "em", "strike": "s", "underline": "u", "code": "code"}


def html_of(document: Document | None, attachments: Iterable[Attachment] = ()) -> Markup:
    """Safe to put on a page. `attachments` are those that `media` nodes may name."""
    if document is None:
        return Markup("")
    return _Writing({each.media_id: each for each in attachments}).inside(document)


def media_path(attachment: Attachment) -> str:
    return f"/sandbox/media/file/{attachment.media_id}/binary"


def safe_href(address: object) -> str | None:
    """The address where a link may lead there: http, https or mailto, with nothing left open."""
    try:
        parts = urlsplit(str(address))
    except ValueError:
        return None
    return str(address) if parts.scheme in _SCHEMES and (parts.netloc or parts.path) else None


def _element(tag: str, inside: Markup, attributes: Markup = Markup("")) -> Markup:  # noqa: B008
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), attributes, inside)  # noqa: S704


def _link(address: object, inside: Markup) -> Markup:
    href = safe_href(address)
    if href is None:
        return inside
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(href, inside)


class _Writing:
    """One document; a kind of node that is not known shows what is inside it."""

    def __init__(self, media: Mapping[str, Attachment]) -> None:
        self._media = media
        self._special: dict[str, Callable[[Node, Node], Markup]] = {
            "text": self._text,
            "hardBreak": lambda _node, _attrs: Markup("<br>"),
            "rule": lambda _node, _attrs: Markup("<hr>"),
            "heading": self._heading,
            "codeBlock": self._code,
            "orderedList": self._ordered,
            "taskItem": self._task,
            "panel": self._panel,
            "expand": self._expand,
            "nestedExpand": self._expand,
            "table": self._table,
            "tableCell": self._cell,
            "tableHeader": self._cell,
            "media": self._file,
            "mediaInline": self._file,
            "mention": self._mention,
            "emoji": lambda _node, attrs: escape(attrs.get("text") or attrs.get("shortName", "")),
            "status": self._status,
            "date": self._date,
            "inlineCard": self._card,
            "blockCard": self._card,
            "embedCard": self._card,
        }

    def inside(self, node: Node) -> Markup:
        return Markup("").join(self._node(child) for child in node.get("content", []))

    def _node(self, node: Node) -> Markup:
        kind = str(node.get("type"))
        if kind in _PLAIN:
            tag, attributes = _PLAIN[kind]
            return _element(tag, self.inside(node), attributes)
        write = self._special.get(kind)
        return write(node, node.get("attrs") or {}) if write is not None else self.inside(node)

    def _text(self, node: Node, _: Node) -> Markup:
        written = escape(str(node.get("text", "")))
        for mark in node.get("marks", []):
            attrs = mark.get("attrs") or {}
            if mark["type"] in _MARKS:
                written = _element(_MARKS[mark["type"]], written)
            elif mark["type"] == "subsup":
                written = _element("sub" if attrs.get("type") == "sub" else "sup", written)
            elif mark["type"] == "link":
                written = _link(attrs.get("href"), written)
        return written

    def _heading(self, node: Node, attrs: Node) -> Markup:
        level = min(6, max(1, _number(attrs.get("level"), 1)) + _HEADINGS_BELOW)
        return _element(f"h{level}", self.inside(node), _AUTO)

    def _code(self, node: Node, _: Node) -> Markup:
        return _element("pre", _element("code", self.inside(node)))

    def _ordered(self, node: Node, attrs: Node) -> Markup:
        start = Markup(' start="{}"').format(_number(attrs.get("order"), 1))
        return _element("ol", self.inside(node), start)

    def _task(self, node: Node, attrs: Node) -> Markup:
        done = attrs.get("state") == "DONE"
        box = Markup('<span class="box" role="img" aria-label="{}">{}</span> ').format(
            "Done" if done else "Open", "☑" if done else "☐"
        )
        return _element("li", box + self.inside(node), _AUTO)

    def _panel(self, node: Node, attrs: Node) -> Markup:
        kind = attrs.get("panelType")
        named = Markup(' class="adf-panel {}"').format(kind if kind in _PANELS else "info")
        return _element("div", self.inside(node), named)

    def _expand(self, node: Node, attrs: Node) -> Markup:
        summary = _element("summary", escape(attrs.get("title") or "More"))
        return _element("details", summary + self.inside(node), Markup(' class="expand"'))

    def _table(self, node: Node, _: Node) -> Markup:
        # What scrolls can be reached by keyboard.
        scroll = Markup(' class="scroll" role="region" aria-label="Table" tabindex="0"')
        return _element("div", _element("table", self.inside(node)), scroll)

    def _cell(self, node: Node, attrs: Node) -> Markup:
        spans = Markup(' dir="auto" colspan="{}" rowspan="{}"').format(
            _number(attrs.get("colspan"), 1), _number(attrs.get("rowspan"), 1)
        )
        return _element("th" if node["type"] == "tableHeader" else "td", self.inside(node), spans)

    def _file(self, _: Node, attrs: Node) -> Markup:
        attachment = self._media.get(str(attrs.get("id")))
        if attachment is None:
            address = attrs.get("url")
            return _link(address, escape(address or "A file that is not here"))
        name, path = attachment.filename, media_path(attachment)
        if attachment.mime_type in _PICTURES:
            return Markup('<img src="{}" alt="{}">').format(path, attrs.get("alt") or name)
        return Markup('<a href="{}">{}</a>').format(path, name)

    def _mention(self, _: Node, attrs: Node) -> Markup:
        name = escape(attrs.get("text") or "@somebody")
        return _element("span", name, Markup(' class="mention"'))

    def _status(self, _: Node, attrs: Node) -> Markup:
        return _element("span", escape(attrs.get("text", "")), Markup(' class="lozenge"'))

    def _date(self, _: Node, attrs: Node) -> Markup:
        try:
            moment = datetime.fromtimestamp(int(attrs.get("timestamp", "")) / 1000, UTC)
        except (ValueError, TypeError, OverflowError, OSError):
            return escape(attrs.get("timestamp", ""))
        return _element("time", escape(f"{moment:%Y-%m-%d}"))

    def _card(self, _: Node, attrs: Node) -> Markup:
        return _link(attrs.get("url"), escape(attrs.get("url") or ""))


def _number(value: object, otherwise: int) -> int:
    """Attributes come from callers of the API, who may write anything."""
    return value if isinstance(value, int) and 0 < value < 10_000 else otherwise
