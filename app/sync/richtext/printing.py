"""The tree as canonical HTML, always the same text for the same tree."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from app.sync.richtext.runs import nested
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
    Rule,
    Run,
    Table,
)

_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def escaped(text: str) -> str:
    """For between tags."""
    return text.translate(_IN_TEXT)


def quoted(text: str) -> str:
    """For an attribute, with its quotation marks."""
    return f'"{text.translate(_IN_ATTRIBUTE)}"'


class CanonicalPrinter:
    """Prints in the closed vocabulary; a dialect overrides what it writes otherwise."""

    tags: ClassVar[Mapping[str, str]] = {}
    """How a dialect calls a mark, where not by our name."""

    def print(self, blocks: Blocks) -> str:
        """The HTML of these blocks."""
        return "".join(part for block in blocks for part in self.block(block))

    def block(self, block: Block) -> Iterator[str]:
        """The parts of one block."""
        match block:
            case Line(tag, runs):
                yield f"<{tag}>{self.line(runs)}</{tag}>"
            case Pre():
                yield self.code_block(block)
            case Rule():
                yield "<hr>"
            case _:
                yield from self._container(block)

    def _container(self, block: Quote | Panel | Fold | Items | Table) -> Iterator[str]:
        match block:
            case Quote(blocks):
                yield from self._box("<blockquote>", blocks, "</blockquote>")
            case Panel():
                yield from self.panel(block)
            case Fold():
                yield from self.fold(block)
            case Items():
                yield from self._items(block)
            case Table():
                yield from self._table(block)

    def _box(self, opening: str, blocks: Blocks, closing: str) -> Iterator[str]:
        yield opening
        for block in blocks:
            yield from self.block(block)
        yield closing

    def code_block(self, block: Pre) -> str:
        """A block of code."""
        language = f" data-language={quoted(block.language)}" if block.language else ""
        return f"<pre><code{language}>{escaped(block.text)}</code></pre>"

    def panel(self, panel: Panel) -> Iterator[str]:
        """A box that stands out."""
        yield from self._box(f"<aside data-panel={quoted(panel.kind)}>", panel.blocks, "</aside>")

    def fold(self, fold: Fold) -> Iterator[str]:
        """Content that opens on a click."""
        title = f"<summary>{escaped(fold.title)}</summary>" if fold.title else ""
        yield from self._box(f"<details>{title}", fold.blocks, "</details>")

    def _items(self, block: Items) -> Iterator[str]:
        tag = "ol" if block.ordered else "ul"
        yield f'<{tag} start="{block.start}">' if block.start != 1 else f"<{tag}>"
        for item in block.items:
            yield from self.item(item)
        yield f"</{tag}>"

    def item(self, item: Item) -> Iterator[str]:
        """An item of a list."""
        yield f"<li data-task={quoted(item.task)}>" if item.task else "<li>"
        yield from self._flow(item.blocks, bare=is_simple_item(item.blocks))
        yield "</li>"

    def _table(self, table: Table) -> Iterator[str]:
        head = 1 if all(cell.header for cell in table.rows[0]) else 0
        yield "<table>"
        for tag, rows in (("thead", table.rows[:head]), ("tbody", table.rows[head:])):
            if rows:
                yield f"<{tag}>"
                for row in rows:
                    yield "<tr>"
                    for cell in row:
                        yield from self._cell(cell)
                    yield "</tr>"
                yield f"</{tag}>"
        yield "</table>"

    def _cell(self, cell: Cell) -> Iterator[str]:
        tag = "th" if cell.header else "td"
        spans = "".join(
            f' {name}="{span}"'
            for name, span in (("colspan", cell.colspan), ("rowspan", cell.rowspan))
            if span != 1
        )
        yield f"<{tag}{spans}>"
        yield from self._flow(cell.blocks, bare=len(cell.blocks) == 1)
        yield f"</{tag}>"

    def _flow(self, blocks: Blocks, bare: bool) -> Iterator[str]:
        for block in blocks:
            if bare and isinstance(block, Line) and block.tag == "p":
                yield self.line(block.runs)
            else:
                yield from self.block(block)

    def line(self, runs: tuple[Run, ...]) -> str:
        """The inside of a paragraph or heading."""
        out = []
        for what, detail in nested(runs):
            if isinstance(detail, Run):
                out.append(self.run(detail))
            elif detail.startswith("a:"):
                out.append(f"<a href={quoted(detail[2:])}>" if what == "open" else "</a>")
            else:
                tag = self.tags.get(detail, detail)
                out.append(f"<{tag}>" if what == "open" else f"</{tag}>")
        return "".join(out)

    def run(self, run: Run) -> str:
        """Text, image, mention or break, without the marks around it."""
        if run.is_break:
            return "<br>"
        if run.src is not None:
            return f"<img src={quoted(run.src)} alt={quoted(run.text)}>"
        if run.mention is not None:
            return self.mention(run.mention, escaped(run.text))
        text = self.text(run.text)
        return f"<code>{text}</code>" if "code" in run.marks else text

    def text(self, text: str) -> str:
        """Running text."""
        return escaped(text)

    def mention(self, person: str, name: str) -> str:
        """Somebody's name, ``name`` escaped already."""
        return f"<span data-mention={quoted(person)}>{name}</span>"


def is_simple_item(blocks: Blocks) -> bool:
    """Whether an item is one line, and perhaps lists below it: written without ``<p>``."""
    return (
        bool(blocks)
        and isinstance(blocks[0], Line)
        and blocks[0].tag == "p"
        and all(isinstance(block, Items) for block in blocks[1:])
    )


def canonical(blocks: Blocks) -> str:
    """The blocks as canonical HTML."""
    return CanonicalPrinter().print(blocks)
