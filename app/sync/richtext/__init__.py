"""Rich text of Jira, GitLab and Azure DevOps, through one canonical HTML of a closed vocabulary.

Canonical HTML is: ``p``, ``h1`` to ``h6``, ``ul``, ``ol[start]``, ``li[data-task=open|done]``,
``blockquote``, ``aside[data-panel=info|note|success|warning|error]``, ``details`` with a
``summary`` of plain text, ``pre > code[data-language]``, ``hr``, ``table`` of ``thead``, ``tbody``,
``tr``, ``th`` and ``td`` (``colspan``, ``rowspan``), and in a line ``strong``, ``em``, ``s``,
``u``, ``sub``, ``sup``, ``code``, ``a[href]``, ``img[src][alt]``, ``br`` and
``span[data-mention]``. A list item or cell of one line has no ``p``. The same text is always
written the same way, so that two of them can be compared as strings.

An image or file of the item itself is ``img`` with the address ``attachment:`` and its name
(``attachment_address``), whichever side it is on. Who is mentioned has the side before the id:
``jira:5b10...``, ``gitlab:jo``, ``azure:`` and a GUID; other sides write the name alone.
``rewritten`` is how a side puts its own addresses and people in.

``from_...`` answer canonical HTML and notes, ``to_...`` what to send and notes. Notes say in plain
words what could not be expressed, and are for the log of a run; the content is then kept as text.
Both are linear in what they are given; a megabyte of dense markup takes some five seconds, so what
may be long is worked on ``without_delay``. ``to_...`` take any HTML, but judge it as ``from_html``
does.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar

from app.sync.richtext.adf_reading import read_adf
from app.sync.richtext.adf_writing import write_adf
from app.sync.richtext.characters import attachment_address, attachment_name
from app.sync.richtext.clipping import (
    AZURE_LIMIT,
    GITLAB_LIMIT,
    JIRA_LIMIT,
    Clipped,
    clip,
    text_length,
)
from app.sync.richtext.html_reading import read_html
from app.sync.richtext.html_writing import write_html
from app.sync.richtext.markdown_reading import read_markdown
from app.sync.richtext.markdown_writing import write_markdown
from app.sync.richtext.notes import Notes, Rich
from app.sync.richtext.printing import canonical
from app.sync.richtext.rewriting import rewritten
from app.sync.richtext.threads import LONG, without_delay
from app.sync.richtext.tree import Blocks

__all__ = [
    "AZURE_LIMIT",
    "GITLAB_LIMIT",
    "JIRA_LIMIT",
    "Clipped",
    "Rich",
    "attachment_address",
    "attachment_name",
    "clip",
    "from_adf",
    "from_html",
    "from_markdown",
    "normal",
    "rewritten",
    "text_length",
    "to_adf",
    "to_html",
    "to_markdown",
    "without_delay",
]

T = TypeVar("T")
_REMEMBERED = 256


def _remembering(convert: Callable[[str], T]) -> Callable[[str], T]:
    """The same, but texts that are not long and come again are not converted again."""
    remembered = lru_cache(_REMEMBERED)(convert)

    @wraps(convert)
    def converted(text: str) -> T:
        return remembered(text) if len(text) < LONG else convert(text)

    return converted


def from_adf(document: object) -> Rich:
    """From a document of Jira's API; None is empty, a text becomes paragraphs."""
    return _rich(*read_adf(document))


def to_adf(
    html: str, files: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A document for Jira's API. ``files`` gives the media ids of attachments by name."""
    document, notes = write_adf(read_html(html)[0], files or {})
    return document, notes.told()


@_remembering
def from_markdown(text: str) -> Rich:
    """From GitLab's Markdown."""
    return _rich(*read_markdown(text))


@_remembering
def to_markdown(html: str) -> tuple[str, tuple[str, ...]]:
    """GitLab's Markdown."""
    text, notes = write_markdown(read_html(html)[0])
    return text, notes.told()


@_remembering
def from_html(text: str) -> Rich:
    """From anybody's HTML, such as Azure DevOps'; whatever may do harm stays behind."""
    return _rich(*read_html(text))


@_remembering
def to_html(html: str) -> tuple[str, tuple[str, ...]]:
    """HTML for Azure DevOps."""
    text, notes = write_html(read_html(html)[0])
    return text, notes.told()


def normal(html: str) -> str:
    """The one way of writing this text: equal for two that differ in form alone."""
    return canonical(read_html(html)[0])


def _rich(blocks: Blocks, notes: Notes) -> Rich:
    return Rich(canonical(blocks), notes.told())
