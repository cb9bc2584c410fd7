"""Writes the tree as the HTML that Azure DevOps keeps as it is sent."""

from collections.abc import Iterator

from app.sync.richtext.notes import Notes
from app.sync.richtext.printing import CanonicalPrinter, escaped, quoted
from app.sync.richtext.strangers import without_strangers
from app.sync.richtext.tasks import marked_task
from app.sync.richtext.tree import Blocks, Fold, Item, Line, Panel, Pre, Run

_LABEL_OF = {
    "info": "Info",
    "note": "Note",
    "success": "Tip",
    "warning": "Warning",
    "error": "Caution",
}
_BOLD = frozenset({"strong"})


def write_html(blocks: Blocks) -> tuple[str, Notes]:
    """The HTML, and what it could not say."""
    notes = Notes()
    known = without_strangers(blocks, "azure", "Azure DevOps", notes)
    return _AzurePrinter(notes).print(known), notes


class _AzurePrinter(CanonicalPrinter):
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def code_block(self, block: Pre) -> str:
        """Azure DevOps names languages by class."""
        language = f" class={quoted('language-' + block.language)}" if block.language else ""
        return f"<pre><code{language}>{escaped(block.text)}</code></pre>"

    def panel(self, panel: Panel) -> Iterator[str]:
        """A quotation that says what it is."""
        self._notes.add("A panel is written as a quotation.")
        label = Line("p", (Run(_LABEL_OF[panel.kind], _BOLD),))
        yield from self._box("<blockquote>", (label, *panel.blocks), "</blockquote>")

    def fold(self, fold: Fold) -> Iterator[str]:
        """Opened."""
        self._notes.add("A fold is opened up.")
        if fold.title:
            yield from self.block(Line("p", (Run(fold.title, _BOLD),)))
        for block in fold.blocks:
            yield from self.block(block)

    def item(self, item: Item) -> Iterator[str]:
        """No check boxes: drawn ones."""
        yield from super().item(Item(marked_task(item)) if item.task else item)

    def mention(self, person: str, name: str) -> str:
        """As Azure DevOps writes it, so that the person is told."""
        guid = person.removeprefix("azure:")
        return f'<a href="#" data-vss-mention={quoted("version:2.0," + guid)}>{name}</a>'
