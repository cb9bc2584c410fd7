"""What GitLab adds to CommonMark, and what markdown-it would drop, as rules for markdown-it."""

import re
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.reference import reference
from markdown_it.rules_block.table import escapedSplit, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from app.sync.richtext.printing import escaped, quoted
from app.sync.richtext.tree import DONE, OPEN

ALERT_OF: Final = {
    "info": "note",
    "success": "tip",
    "note": "important",
    "warning": "warning",
    "error": "caution",
}
"""GitLab's word for each kind of panel."""
MENTION: Final = re.compile(r"@([A-Za-z0-9_](?:[\w.\-/]{0,254}[A-Za-z0-9])?)", re.ASCII)
NO_MENTION_AFTER: Final = re.compile(r"[\w@/.\-]")
TOO_DEEP: Final = "too deep"
REPEATED: Final = "repeated definitions"
SOURCE: Final = "source"

_PANEL_OF = {alert: panel for panel, alert in ALERT_OF.items()}
_ALERT = re.compile(r"\[!(note|tip|important|warning|caution)\][ \t]*(.*)", re.IGNORECASE)
_TASK = re.compile(r"\[([ xX])\][ \t\n]+(?=\S)")
_DEEPEST = 50


class GitLabMarkdown(MarkdownIt):
    """The parser. Addresses pass through it untouched: they are judged when its HTML is read."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": True, "maxNesting": _DEEPEST + 10})
        self.enable(["table", "strikethrough"])
        self.block.ruler.at("table", _whole_table, {"alt": ["paragraph", "reference"]})
        self.block.ruler.before("table", TOO_DEEP, _too_deep)
        self.block.ruler.before("blockquote", "fenced_quote", _fenced_quote, {"alt": ["paragraph"]})
        self.block.ruler.at("reference", _definition)
        self.inline.ruler.before("link", "mention", _mention)
        self.core.ruler.before("inline", "tasks_and_alerts", _tasks_and_alerts)

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802
        """Every address."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """As it is."""
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """As it is."""
        return link


def _line_of(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A link definition; but footnotes, which look the same, stay text."""
    if _line_of(state, start).startswith("[^"):
        return False
    definitions: dict[str, Any] = state.env["references"]
    known = len(definitions)
    if not reference(state, start, end, silent):
        return False
    if not silent:
        source = state.getLines(start, state.line, state.blkIndent, False)
        if len(definitions) > known:
            definitions[next(reversed(definitions))][SOURCE] = source
        else:
            state.env.setdefault(REPEATED, []).append(source)
    return True


def _whole_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table. What its rows have more cells than its head, goes into their last one."""
    before = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    made = state.tokens[before:]
    columns = sum(token.type == "th_open" for token in made)
    more: list[str] = []
    for index, token in enumerate(made):
        if token.type == "tr_open" and token.map:
            more = _cells(_line_of(state, token.map[0]))[columns:]
        elif token.type == "tr_close" and more:
            made[index - 2].content += " " + " ".join(more)
    return True


def _cells(line: str) -> list[str]:
    cells = escapedSplit(line.strip(" \t"))
    return cells[cells[:1] == [""] : len(cells) - (cells[-1:] == [""])]


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """What markdown-it would drop for its depth is kept as a paragraph."""
    if state.level < _DEEPEST or silent:
        return False
    state.env[TOO_DEEP] = True
    state.line = end
    state.push("paragraph_open", "p", 1).map = [start, end]
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start, end, state.blkIndent, False).strip()
    inline.map, inline.children = [start, end], []
    state.push("paragraph_close", "p", -1)
    return True


def _fenced_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """GitLab's quotation of several lines, between two lines of ``>>>``."""
    if not _is_quote_fence(state, start):
        return False
    closing = next((at for at in range(start + 1, end) if _is_quote_fence(state, at)), None)
    if closing is None:
        return False
    if not silent:
        state.push("blockquote_open", "blockquote", 1).map = [start, closing + 1]
        before, state.lineMax = state.lineMax, closing
        state.md.block.tokenize(state, start + 1, closing)
        state.lineMax = before
        state.push("blockquote_close", "blockquote", -1)
        state.line = closing + 1
    return True


def _is_quote_fence(state: StateBlock, line: int) -> bool:
    return state.sCount[line] == state.blkIndent and _line_of(state, line).rstrip() == ">>>"


def _mention(state: StateInline, silent: bool) -> bool:
    """``@name``, unless it is part of an address or escaped."""
    if state.src[state.pos] != "@" or state.linkLevel:
        return False
    if state.pos and NO_MENTION_AFTER.match(state.src[state.pos - 1]):
        return False
    found = MENTION.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        person = quoted(f"gitlab:{found[1]}")
        token.content = f"<span data-mention={person}>@{escaped(found[1])}</span>"
    state.pos = found.end()
    return True


def _tasks_and_alerts(state: StateCore) -> None:
    """Before lines are read, so that what was escaped is not taken for a mark."""
    tokens = state.tokens
    open_quotes: list[Token] = []
    for index, token in enumerate(tokens):
        if token.type == "blockquote_open":
            open_quotes.append(token)
        elif token.type == "blockquote_close":
            token.tag = open_quotes.pop().tag
        elif token.type == "inline" and index >= 2 and tokens[index - 1].type == "paragraph_open":
            _read_mark(tokens[index - 2], token)


def _read_mark(before: Token, line: Token) -> None:
    if before.type == "list_item_open" and (task := _TASK.match(line.content)):
        before.attrSet("data-task", OPEN if task[1] == " " else DONE)
        line.content = line.content[task.end() :]
    elif before.type == "blockquote_open" and (alert := _ALERT.match(line.content)):
        before.tag = "aside"
        before.attrSet("data-panel", _PANEL_OF[alert[1].lower()])
        rest = line.content[alert.end() :]
        title = f"<strong>{alert[2]}</strong>" if alert[2].strip() else ""
        line.content = f"{title}<br>{rest}" if title and rest else title or rest.strip()
