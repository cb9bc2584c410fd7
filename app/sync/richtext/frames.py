"""What is open while a tree is built, and how it is closed into the tree."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from app.sync.richtext.runs import tidy
from app.sync.richtext.tasks import perhaps_task
from app.sync.richtext.tree import (
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
    Run,
    Table,
    plain,
)

_LANGUAGE = re.compile(r"[\w+#.\-]{1,40}", re.ASCII)
_MOST_SPAN: Final = 1000
_LARGEST_START: Final = 900_000_000  # CommonMark reads nine digits; items follow


@dataclass(slots=True)
class Frame:
    """A container that is still open; which of the lists is used depends on its tag."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    marks: Counter[str] = field(default_factory=Counter)
    line: str = "p"
    runs: list[Run] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    items: list["Frame"] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    title: list[str] = field(default_factory=list)

    def end_line(self) -> None:
        """What was said since the last block becomes a line of its own."""
        if not self.runs:
            return
        runs = tidy(self.runs)
        self.runs = []
        if runs and self.line == "summary":
            self.title.append(plain(runs))
        elif runs:
            self.blocks.append(Line(self.line, runs))

    def closed_blocks(self) -> Blocks:
        """The blocks inside, lists that follow each other made one."""
        self.end_line()
        return tuple(_without_broken_lists(self.blocks))

    def closed(self) -> Block | None:
        """The block that this frame is; None where it shows nothing."""
        match self.tag:
            case "ul" | "ol":
                return self._closed_list()
            case "pre":
                return self._closed_code()
            case "table":
                return Table(tuple(self.rows)) if self.rows else None
            case _:
                return self._closed_box()

    def _closed_box(self) -> Block | None:
        blocks = self.closed_blocks()
        if self.tag == "details":
            title = " ".join(self.title)
            return Fold(title, blocks) if title or blocks else None
        if not blocks:
            return None
        return Panel(self.attributes["kind"], blocks) if self.tag == "aside" else Quote(blocks)

    def _closed_code(self) -> Pre | None:
        text = "".join(self.text).strip("\n")
        language = _LANGUAGE.fullmatch(self.attributes.get("language", ""))
        return Pre(text, language[0] if language else "") if text.strip() else None

    def _closed_list(self) -> Items | None:
        items = tuple(item for frame in self.items if (item := _item(frame)))
        start = _number(self.attributes.get("start"), _LARGEST_START) if self.tag == "ol" else 1
        return Items(self.tag == "ol", items, start) if items else None

    def closed_cell(self) -> Cell:
        """The cell that this frame is."""
        return Cell(
            self.closed_blocks(),
            self.tag == "th",
            max(1, _number(self.attributes.get("colspan"), _MOST_SPAN)),
            max(1, _number(self.attributes.get("rowspan"), _MOST_SPAN)),
        )


def _number(written: str | None, most: int) -> int:
    digits = (written or "").strip()
    return min(int(digits), most) if digits.isascii() and digits.isdigit() else 1


def _item(frame: Frame) -> Item | None:
    blocks = frame.closed_blocks()
    if not blocks:
        return None
    task = frame.attributes.get("task", "")
    return Item(blocks, task) if task else perhaps_task(blocks)


def _without_broken_lists(blocks: Iterable[Block]) -> Iterable[Block]:
    for bulleted, run in groupby(
        blocks, lambda block: isinstance(block, Items) and not block.ordered
    ):
        if not bulleted:
            yield from run
            continue
        yield Items(
            False, tuple(item for block in run if isinstance(block, Items) for item in block.items)
        )
