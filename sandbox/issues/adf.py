"""Atlassian Document Format: what Jira takes, and its plain text.

Source: Atlassian, "Atlassian Document Format", structure and nodes. Marks are checked by name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Document = dict[str, Any]


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_INLINE = _kinds("text hardBreak mention emoji inlineCard date status mediaInline inlineExtension")
_IN_LIST = _kinds("paragraph bulletList orderedList taskList codeBlock mediaSingle extension")
_IN_PANEL = _kinds(
    "paragraph heading bulletList orderedList blockCard mediaGroup mediaSingle codeBlock taskList "
    "rule decisionList extension"
)
_IN_CELL = _kinds(
    "paragraph panel blockquote orderedList bulletList rule heading codeBlock mediaSingle "
    "mediaGroup decisionList taskList blockCard embedCard extension nestedExpand"
)
_TOP = _IN_CELL - {"nestedExpand"} | {"table", "expand", "layoutSection", "bodiedExtension"}

# What each node may hold; a node that is not named here holds nothing.
_CHILDREN: dict[str, frozenset[str]] = {
    "doc": _TOP,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "codeBlock": frozenset({"text"}),
    "blockquote": _kinds(
        "paragraph orderedList bulletList codeBlock mediaSingle mediaGroup extension"
    ),
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": _IN_LIST,
    "taskList": frozenset({"taskItem", "taskList", "blockTaskItem"}),
    "taskItem": _INLINE,
    "blockTaskItem": frozenset({"paragraph", "extension"}),
    "decisionList": frozenset({"decisionItem"}),
    "decisionItem": _INLINE,
    "panel": _IN_PANEL,
    "expand": _IN_CELL,
    "nestedExpand": _IN_PANEL - {"blockCard"} | {"blockquote", "panel"},
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableCell", "tableHeader"}),
    "tableCell": _IN_CELL,
    "tableHeader": _IN_CELL,
    "mediaSingle": frozenset({"media", "caption"}),
    "mediaGroup": frozenset({"media"}),
    "caption": _INLINE,
    "layoutSection": frozenset({"layoutColumn"}),
    "layoutColumn": _TOP - {"layoutSection"},
    "bodiedExtension": _TOP,
}
# Nodes that are not whole without something inside.
_NEVER_EMPTY = _kinds(
    "bulletList orderedList listItem taskList decisionList table panel expand nestedExpand "
    "mediaSingle mediaGroup blockquote tableRow"
)
_MARKS = _kinds(
    "strong em code strike underline subsup link textColor backgroundColor annotation border "
    "alignment indentation breakout dataConsumer fragment fontSize"
)
# The marks that may stand beside `code`.
_WITH_CODE = frozenset({"code", "link", "annotation"})
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "heading": ("level",),
    "panel": ("panelType",),
    "mention": ("id",),
    "emoji": ("shortName",),
    "date": ("timestamp",),
    "status": ("text", "color"),
    "taskList": ("localId",),
    "taskItem": ("localId", "state"),
    "media": ("type",),
}
_BLOCKS = _TOP | {"listItem", "taskItem", "tableRow", "nestedExpand", "decisionItem"}


class NotADocumentError(ValueError):
    """The value is not a document that Jira takes; the text names the first fault."""


def check(value: Any) -> Document:
    """The value itself where it is a document, or NotADocumentError."""
    if not isinstance(value, dict) or value.get("type") != "doc" or value.get("version") != 1:
        raise NotADocumentError("a document has type 'doc' and version 1")
    if not isinstance(value.get("content"), list):
        raise NotADocumentError("a document has a list as its content")
    _check_node(value)
    return value


def _check_node(node: dict[str, Any]) -> None:
    kind, content = node["type"], node.get("content", [])
    allowed = _CHILDREN.get(kind, frozenset())
    if not isinstance(content, list) or (kind in _NEVER_EMPTY and not content):
        raise NotADocumentError(f"{kind} without content")
    for child in content:
        if not isinstance(child, dict) or child.get("type") not in allowed:
            found = child.get("type") if isinstance(child, dict) else child
            raise NotADocumentError(f"{found!r} in {kind}")
        if kind == "codeBlock" and child.get("marks"):
            raise NotADocumentError("marks in codeBlock")
        _check_itself(child)
        _check_node(child)


def _check_itself(node: dict[str, Any]) -> None:
    kind = node["type"]
    if kind == "text" and not (isinstance(node.get("text"), str) and node["text"]):
        raise NotADocumentError("text without text")
    _check_marks(node.get("marks", []))
    missing = [name for name in _ATTRIBUTES.get(kind, ()) if name not in node.get("attrs", {})]
    if missing:
        raise NotADocumentError(f"{kind} without {missing[0]}")


def _check_marks(marks: list[Any]) -> None:
    for mark in marks:
        if not isinstance(mark, dict) or mark.get("type") not in _MARKS:
            raise NotADocumentError(f"mark {mark!r}")
        if mark["type"] == "link" and not mark.get("attrs", {}).get("href"):
            raise NotADocumentError("a link without href")
    kinds = {mark["type"] for mark in marks}
    if "code" in kinds and not kinds <= _WITH_CODE:
        raise NotADocumentError(f"code together with {', '.join(sorted(kinds - _WITH_CODE))}")


def plain_text(document: Mapping[str, Any] | None) -> str:
    """What is read of a document, one block a line."""
    return "".join(_pieces(document)).strip("\n") if document else ""


def _pieces(node: Mapping[str, Any]) -> Iterator[str]:
    kind, attrs = node["type"], node.get("attrs", {})
    if kind == "text":
        yield node["text"]
    elif kind == "hardBreak":
        yield "\n"
    elif kind in ("mention", "emoji", "status"):
        yield str(attrs.get("text") or attrs.get("shortName") or "")
    for child in node.get("content", []):
        yield from _pieces(child)
    if kind in _BLOCKS:
        yield "\n"


def document_of(text: str) -> Document:
    """A document of plain paragraphs."""
    return {
        "version": 1,
        "type": "doc",
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": line}]}
            if line
            else {"type": "paragraph", "content": []}
            for line in text.split("\n")
        ],
    }
