"""Reads GitLab's Markdown into the tree.

markdown-it makes HTML of it, raw HTML in the text included, as GitLab does; that HTML is then read
like anybody's.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from app.sync.richtext.characters import clean
from app.sync.richtext.html_reading import read_html
from app.sync.richtext.markdown_rules import REPEATED, SOURCE, TOO_DEEP, GitLabMarkdown
from app.sync.richtext.notes import Notes
from app.sync.richtext.printing import escaped
from app.sync.richtext.tree import Blocks

_PARSER: Final = GitLabMarkdown()
_REPEATED_MOST: Final = 200_000


class _Definitions(dict[str, Any]):
    """Link definitions, and which were used; a long one does not multiply without end."""

    def __init__(self) -> None:
        super().__init__()
        self._used: set[str] = set()
        self._repeated = 0

    def get(self, label: str, default: Any = None) -> Any:
        """As ``dict.get``, but no more once too much was repeated."""
        found = super().get(label)
        if found is None or self._repeated > _REPEATED_MOST:
            return default
        if label in self._used:
            self._repeated += len(found["href"])
        self._used.add(label)
        return found

    def unused(self) -> list[str]:
        """Those that nothing refers to, as they were written."""
        return [found[SOURCE] for label, found in self.items() if label not in self._used]


def read_markdown(text: str) -> tuple[Blocks, Notes]:
    """The tree of a text, and what could not be kept of it."""
    notes = Notes()
    definitions = _Definitions()
    environment: MutableMapping[str, Any] = {"references": definitions}
    html = _PARSER.render(clean(text, notes), environment)
    unused = definitions.unused() + environment.get(REPEATED, [])
    if unused:
        notes.add("Link definitions that nothing refers to are kept as text.")
        html += "".join(f"<p>{escaped(line)}</p>" for line in unused)
    if environment.get(TOO_DEEP):
        notes.add("What is nested very deeply is shown less deep.")
    blocks, more = read_html(html)
    for note in more.told():
        notes.add(note)
    return blocks, notes
