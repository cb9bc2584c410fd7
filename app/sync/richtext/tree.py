"""Rich text as a tree, between the parsers and the writers: blocks that hold lines of runs.

What can be in it is the closed vocabulary of ``app.sync.richtext``; whoever writes a format needs
to know these classes and nothing of HTML.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

NO_MARKS: Final[frozenset[str]] = frozenset()
MARKS: Final = ("strong", "em", "s", "u", "sub", "sup", "code")
"""Outermost first where two begin and end together."""
PANELS: Final = ("info", "note", "success", "warning", "error")
OPEN, DONE = "open", "done"


class Run(NamedTuple):
    """Text with the same marks throughout; an image where ``src`` is set (the text is its alt).

    A tuple, because so many are made that the time of making them counts.
    """

    text: str
    marks: frozenset[str] = NO_MARKS
    href: str | None = None
    mention: str | None = None
    src: str | None = None

    @property
    def is_break(self) -> bool:
        """Whether this is a line break."""
        return self.text == "\n"

    @property
    def joins(self) -> bool:
        """Whether this is text, that joins the text beside it: no break, image or mention."""
        return self.src is None and self.mention is None and not self.is_break


BREAK: Final = Run("\n")


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph (``p``) or a heading (``h1`` to ``h6``)."""

    tag: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Pre:
    """A block of code; ``language`` is empty where unknown."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """A box that stands out; ``kind`` is one of ``PANELS``."""

    kind: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Content that opens on a click; ``title`` is plain text and may be empty."""

    title: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list; ``task`` is OPEN, DONE or empty."""

    blocks: tuple["Block", ...]
    task: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list, numbered from ``start`` where ``ordered``."""

    ordered: bool
    items: tuple[Item, ...]
    start: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; may be empty."""

    blocks: tuple["Block", ...]
    header: bool = False
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table; rows may differ in length."""

    rows: tuple[tuple[Cell, ...], ...]


Block = Line | Pre | Rule | Quote | Panel | Fold | Items | Table
Blocks = tuple[Block, ...]


def blocks_in(block: Block) -> tuple[Blocks, ...]:
    """The lists of blocks directly inside, one for each item or cell."""
    if isinstance(block, Quote | Panel | Fold):
        return (block.blocks,)
    if isinstance(block, Items):
        return tuple(item.blocks for item in block.items)
    if isinstance(block, Table):
        return tuple(cell.blocks for row in block.rows for cell in row)
    return ()


def with_blocks(block: Block, change: Callable[[Blocks], Blocks]) -> Block:
    """The block with ``change`` made to each list of blocks directly inside."""
    if isinstance(block, Quote | Panel | Fold):
        return replace(block, blocks=change(block.blocks))
    if isinstance(block, Items):
        return replace(
            block, items=tuple(replace(item, blocks=change(item.blocks)) for item in block.items)
        )
    if isinstance(block, Table):
        return Table(
            tuple(
                tuple(replace(cell, blocks=change(cell.blocks)) for cell in row)
                for row in block.rows
            )
        )
    return block


def with_runs(blocks: Blocks, change: Callable[[Iterable[Run]], tuple[Run, ...]]) -> Blocks:
    """The blocks with ``change`` made to the runs of every line, however deep."""
    return tuple(
        replace(block, runs=change(block.runs))
        if isinstance(block, Line)
        else with_blocks(block, lambda inner: with_runs(inner, change))
        for block in blocks
    )


def plain(runs: Iterable[Run]) -> str:
    """The words of a line; a break becomes a space."""
    return " ".join("".join(run.text for run in runs).split())
