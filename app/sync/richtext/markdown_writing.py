"""Writes the tree as GitLab's Markdown; raw HTML, of which GitLab allows a part, for the rest."""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from app.sync.richtext.markdown_lines import write_heading, write_line
from app.sync.richtext.markdown_rules import ALERT_OF
from app.sync.richtext.notes import Notes
from app.sync.richtext.printing import CanonicalPrinter, escaped, is_simple_item
from app.sync.richtext.strangers import without_strangers
from app.sync.richtext.tasks import marked_task
from app.sync.richtext.tree import (
    DONE,
    Block,
    Blocks,
    Cell,
    Fold,
    Item,
    Items,
    Line,
    Panel,
    Pre,
    Quote,
    Rule,
    Table,
)

_CALL: Final = re.compile(r"@(?=\w)")
_TICKS: Final = re.compile(r"`{3,}")


def write_markdown(blocks: Blocks) -> tuple[str, Notes]:
    """The text, and what it could not say."""
    notes = Notes()
    known = without_strangers(blocks, "gitlab", "GitLab", notes)
    return "\n".join(_lines(known)), notes


def _lines(blocks: Blocks) -> Iterator[str]:
    before: Block | None = None
    for block in blocks:
        if before is not None:
            yield ""
        follows_list = isinstance(before, Items) and isinstance(block, Items)
        yield from _block(block, other_signs=follows_list)
        before = block


def _block(block: Block, other_signs: bool) -> Iterator[str]:
    match block:
        case Line("p", runs):
            yield from write_line(runs).split("\n")
        case Line(tag, runs):
            yield f"{'#' * int(tag[1])} {write_heading(runs)}"
        case Pre():
            yield from _code(block)
        case Rule():
            yield "***"
        case _:
            yield from _container(block, other_signs)


def _container(block: Quote | Panel | Fold | Items | Table, other_signs: bool) -> Iterator[str]:
    match block:
        case Quote(blocks):
            yield from _quoted(_lines(blocks))
        case Panel():
            yield from _alert(block)
        case Fold():
            yield from _fold(block)
        case Items():
            yield from _items(block, other_signs)
        case Table():
            yield from _table(block)


def _code(block: Pre) -> Iterator[str]:
    longest = max((len(found) for found in _TICKS.findall(block.text)), default=2)
    fence = "`" * (longest + 1)
    yield fence + block.language
    yield from block.text.split("\n")
    yield fence


def _quoted(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"> {line}" if line else ">"


def _alert(panel: Panel) -> Iterator[str]:
    yield f"> [!{ALERT_OF[panel.kind]}]"
    if not isinstance(panel.blocks[0], Line) or panel.blocks[0].tag != "p":
        yield ">"
    yield from _quoted(_lines(panel.blocks))


def _fold(fold: Fold) -> Iterator[str]:
    yield "<details>"
    if fold.title:
        yield f"<summary>{escaped(fold.title)}</summary>"
    yield ""
    if fold.blocks:
        yield from _lines(fold.blocks)
        yield ""
    yield "</details>"


def _items(block: Items, other_signs: bool) -> Iterator[str]:
    loose = not all(is_simple_item(item.blocks) for item in block.items)
    for index, item in enumerate(block.items):
        if index and loose:
            yield ""
        sign = f"{block.start + index}{')' if other_signs else '.'} " if block.ordered else "- "
        before = sign
        for line in _item(item):
            yield before + line if line else before.rstrip()
            before = " " * len(sign)


def _item(item: Item) -> Iterator[str]:
    blocks, box = item.blocks, ""
    if item.task and isinstance(blocks[0], Line) and blocks[0].tag == "p":
        box = "[x] " if item.task == DONE else "[ ] "
    elif item.task:
        blocks = marked_task(item)
    lines = _lists_below(blocks) if is_simple_item(blocks) else _lines(blocks)
    for line in lines:
        yield box + line
        box = ""


def _lists_below(blocks: Blocks) -> Iterator[str]:
    """A line and lists with no empty line between, as people write them."""
    before: Block | None = None
    for block in blocks:
        starts_elsewhere = isinstance(block, Items) and block.start != 1
        follows_list = isinstance(before, Items)
        if follows_list or starts_elsewhere:  # else it would be part of what stands before
            yield ""
        yield from _block(block, other_signs=follows_list)
        before = block


# ---- tables


def _table(table: Table) -> Iterator[str]:
    if not _is_grid(table):
        yield _HtmlInMarkdown().print((table,))
        return
    for index, row in enumerate(table.rows):
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
        if index == 0:
            yield f"|{' --- |' * len(row)}"


def _is_grid(table: Table) -> bool:
    """Whether it is all that a table of Markdown can be: a head, and lines of text."""
    width = len(table.rows[0])
    return all(
        len(row) == width and all(_is_plain(cell, header=index == 0) for cell in row)
        for index, row in enumerate(table.rows)
    )


def _is_plain(cell: Cell, header: bool) -> bool:
    return (
        cell.header == header
        and cell.colspan == cell.rowspan == 1
        and len(cell.blocks) <= 1
        and all(isinstance(block, Line) and block.tag == "p" for block in cell.blocks)
    )


def _cell(cell: Cell) -> str:
    lines = (write_line(line.runs, "<br>") for line in cell.blocks if isinstance(line, Line))
    return "".join(lines).replace("|", "\\|")


class _HtmlInMarkdown(CanonicalPrinter):
    """On one line, as an empty one would end it, and in tags that GitLab shows."""

    tags: ClassVar[Mapping[str, str]] = {"u": "ins", "s": "del"}

    def code_block(self, block: Pre) -> str:
        """Line feeds that do not end the HTML."""
        return super().code_block(block).replace("\n", "&#10;")

    def item(self, item: Item) -> Iterator[str]:
        """No check box inside HTML: a drawn one."""
        yield from super().item(Item(marked_task(item)) if item.task else item)

    def text(self, text: str) -> str:
        """People are not called by accident."""
        return _CALL.sub("<span>@</span>", escaped(text))
