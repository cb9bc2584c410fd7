"""Cuts rich text that is longer than a tool takes, between blocks, and gives back the rest."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from app.sync.richtext.html_reading import read_html
from app.sync.richtext.printing import canonical
from app.sync.richtext.runs import tidy
from app.sync.richtext.tree import (
    Block,
    Blocks,
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
    blocks_in,
)

JIRA_LIMIT: Final = 32_767
GITLAB_LIMIT: Final = 1_048_576
AZURE_LIMIT: Final = 1_048_576

_TRIES = 12
_CUT_INSIDE = 2_000  # characters; shorter lines stay whole
_LONG_WORD = 200
Measure = Callable[[str], int]
_Halves = tuple[Blocks, Blocks]


@dataclass(frozen=True, slots=True)
class Clipped:
    """What fits, with a last line that says where the rest is; the rest itself; and a note."""

    html: str
    rest: str = ""
    notes: tuple[str, ...] = ()


def text_length(html: str) -> int:
    """Characters of visible text as Java and .NET count them, and one for the end of each line."""
    blocks, _ = read_html(html)
    return _length(blocks)


def clip(
    html: str,
    limit: int,
    measure: Measure = text_length,
    where: str = "in an attachment",
    address: str | None = None,
) -> Clipped:
    """As much of ``html`` as ``measure`` holds for no more than ``limit``.

    ``measure`` is given canonical HTML and says how long that is at the tool, such as
    ``lambda html: len(to_markdown(html)[0])``; ``where`` completes "The rest of this text
    is", or names what is at ``address``.
    """
    size = measure(html)
    if size <= limit:
        return Clipped(html)
    blocks, _ = read_html(html)
    said = Line("p", _said(where, address))
    room, found = _length(blocks), size
    for _ in range(_TRIES):  # markup is not spread evenly: the share that fits is come closer to
        room = max(0, room * limit // found - _block_length(said))
        kept, rest = _split(blocks, room)
        fitting = canonical((*kept, said))
        found = measure(fitting)
        if found <= limit:
            break
    else:
        fitting, rest = "", blocks
    note = f"The text has {size:,} characters where {limit:,} fit; the rest is {where}."
    return Clipped(fitting, canonical(rest), (note,))


def _said(where: str, address: str | None) -> tuple[Run, ...]:
    told, em = "… The rest of this text is", frozenset({"em"})
    if address is None:
        return (Run(f"{told} {where}.", em),)
    return (Run(f"{told} in ", em), Run(where, em, href=address), Run(".", em))


def _length(blocks: Blocks) -> int:
    return sum(_block_length(block) for block in blocks)


def _block_length(block: Block) -> int:
    match block:
        case Line(_, runs):
            length = 1 + _units("".join(run.text for run in runs))
        case Pre(text, _) | Fold(text, _):
            length = 1 + _units(text)
        case Table(rows):
            length = sum(len(row) for row in rows)
        case _:
            length = 1
    return length + sum(_length(inner) for inner in blocks_in(block))


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _split(blocks: Blocks, room: int) -> _Halves:
    for index, block in enumerate(blocks):
        size = _block_length(block)
        if size > room:
            kept, rest = _halves(block, room)
            return (*blocks[:index], *kept), (*rest, *blocks[index + 1 :])
        room -= size
    return blocks, ()


def _halves(block: Block, room: int) -> _Halves:
    """The block in two, where it can be; all of it in the second half otherwise."""
    whole: _Halves = (), (block,)
    if room <= 0 or (isinstance(block, Line | Pre) and _block_length(block) < _CUT_INSIDE):
        return whole
    match block:
        case Line():
            halves = _line_halves(block, room)
        case Pre():
            halves = _code_halves(block, room)
        case Quote(blocks) | Panel(_, blocks) | Fold(_, blocks):
            kept, rest = _split(blocks, room)
            halves = _both(
                replace(block, blocks=kept) if kept else None,
                replace(block, blocks=rest) if rest else None,
            )
        case Items():
            halves = _list_halves(block, room)
        case Table():
            halves = _table_halves(block, room)
        case Rule():
            halves = whole
    return halves


def _both(kept: Block | None, rest: Block | None) -> _Halves:
    return (kept,) if kept else (), (rest,) if rest else ()


def _line_halves(line: Line, room: int) -> _Halves:
    left = room
    kept: list[Run] = []
    for index, run in enumerate(line.runs):
        if len(run.text) <= left:
            kept.append(run)
            left -= len(run.text)
            continue
        at = _word_end(run.text, left) if run.joins and run.href is None else 0
        first, second = run._replace(text=run.text[:at]), run._replace(text=run.text[at:])
        halves = tidy([*kept, first]), tidy([second, *line.runs[index + 1 :]])
        return _both(*(replace(line, runs=runs) if runs else None for runs in halves))
    return (line,), ()


def _word_end(text: str, most: int) -> int:
    at = text.rfind(" ", 0, most + 1)
    return max(at, 0) if at > 0 or len(text) < _LONG_WORD else most


def _code_halves(block: Pre, room: int) -> _Halves:
    most = room
    at = block.text.rfind("\n", 0, most + 1)
    at = at if at > 0 else most
    kept, rest = block.text[:at].strip("\n"), block.text[at:].strip("\n")
    return _both(
        replace(block, text=kept) if kept.strip() else None,
        replace(block, text=rest) if rest.strip() else None,
    )


def _list_halves(block: Items, room: int) -> _Halves:
    for index, item in enumerate(block.items):
        size = _length(item.blocks)
        if size > room:
            kept, rest = _split(item.blocks, room)
            before = (*block.items[:index], *_item_of(item, kept))
            after = (*_item_of(item, rest), *block.items[index + 1 :])
            return _both(
                replace(block, items=before) if before else None,
                replace(block, items=after, start=_start_of_rest(block, index, kept)),
            )
        room -= size
    return (block,), ()


def _item_of(item: Item, blocks: Blocks) -> tuple[Item, ...]:
    return (replace(item, blocks=blocks),) if blocks else ()


def _start_of_rest(block: Items, index: int, kept: Blocks) -> int:
    return block.start + index + bool(kept) if block.ordered else 1


def _table_halves(table: Table, room: int) -> _Halves:
    for index, row in enumerate(table.rows):
        size = _block_length(Table((row,)))
        if size > room:
            return _both(Table(table.rows[:index]) if index else None, Table(table.rows[index:]))
        room -= size
    return (table,), ()
