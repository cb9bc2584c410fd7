"""Builds a tree from what any parser meets, in whatever order: the vocabulary is kept to here.

Linear in the number of calls. Nothing that is said to it is lost: what does not fit where it
stands gets a place where it does.
"""

import re
from collections import Counter
from typing import Final

from app.sync.richtext.characters import (
    LINKED,
    SHOWN,
    carries_code,
    clean,
    scheme_of,
    tidy_address,
)
from app.sync.richtext.frames import Frame
from app.sync.richtext.notes import Notes
from app.sync.richtext.tree import BREAK, DONE, OPEN, PANELS, Blocks, Rule, Run

MOST_DEEP: Final = 40
"""Containers inside each other (a list and its item are two); deeper ones are laid flat."""

_LISTS = frozenset({"ul", "ol"})
_CELLS = frozenset({"td", "th"})
_BETWEEN_CELLS = frozenset({"table", "tr"})
_TABLE_PARTS = frozenset({"table", "tr", "td", "th"})
_SPACE = re.compile(r"[\t\n]")
_MENTION = re.compile(r"[a-z]{1,20}:[^\s\"<>]{1,250}")


class Builder:
    """Takes containers, lines, runs; gives the tree. Marks hold until they are taken off."""

    def __init__(self) -> None:
        self.notes = Notes()
        self._frames = [Frame("body")]
        self._flat: list[str] = []
        self._flat_tags: Counter[str] = Counter()
        self._marks: Counter[str] = Counter()
        self._worn: frozenset[str] | None = None
        self._href: str | None = None
        self._mention: str | None = None
        self._named: list[str] = []

    # ---- containers

    def open(self, tag: str, **attributes: str) -> None:
        """Begin ul, ol, li, blockquote, aside (``kind``), details, pre, table, tr, td or th."""
        self.boundary()
        if tag == "aside" and attributes.get("kind") not in PANELS:
            return
        if not self._flat and self._frames[-1].tag != "pre" and not self._make_room(tag):
            return
        if self._flat or self._frames[-1].tag == "pre" or len(self._frames) >= MOST_DEEP:
            self._lay_flat(tag)
        else:
            self._frames.append(Frame(tag, attributes, marks=self._marks.copy()))

    def close(self, tag: str) -> None:
        """End the innermost of this tag, and what is still open in it; nothing if none is."""
        self.boundary()
        if self._flat_tags[tag]:
            while True:
                last = self._flat.pop()
                self._flat_tags[last] -= 1
                if last == tag:
                    return
        depth = self._depth_of(tag)
        if depth is not None:
            self._close_down_to(depth)

    def _lay_flat(self, tag: str) -> None:
        if self._frames[-1].tag != "pre":
            self.notes.add("What is nested very deeply is shown less deep.")
        self._flat.append(tag)
        self._flat_tags[tag] += 1

    def _make_room(self, tag: str) -> bool:
        """Close or open what HTML leaves unsaid; False where the tag means nothing here."""
        top = self._frames[-1].tag
        if tag == "li":
            if top == "li":
                self._close_down_to(len(self._frames) - 1)
            if self._frames[-1].tag not in _LISTS:
                self._frames.append(Frame("ul"))
        elif tag in {"tr", "td", "th"}:
            return self._make_room_in_table(tag)
        elif top in _LISTS:
            self._open_item(again=tag in _LISTS)
        elif top in {"table", "tr"}:
            self.open("td")
        return True

    def _make_room_in_table(self, tag: str) -> bool:
        table = self._depth_of("table")
        if table is None:
            return False
        row = self._depth_of("tr")
        if tag == "tr" or row is None or row < table:
            self._close_down_to(table + 1)
            if tag != "tr":
                self._frames.append(Frame("tr"))
        else:
            self._close_down_to(row + 1)
        return True

    def _open_item(self, again: bool) -> None:
        items = self._frames[-1].items
        self._frames.append(items.pop() if again and items else Frame("li"))

    def _depth_of(self, tag: str) -> int | None:
        for depth in range(len(self._frames) - 1, 0, -1):
            here = self._frames[depth].tag
            if here == tag:
                return depth
            if _is_wall(here, tag):
                return None
        return None

    def _close_down_to(self, depth: int) -> None:
        self._flat.clear()
        self._flat_tags.clear()
        while len(self._frames) > depth:
            self._close_last()

    def _close_last(self) -> None:
        frame = self._frames.pop()
        parent = self._frames[-1]
        if frame.tag == "li":
            frame.end_line()
            parent.items.append(frame)
        elif frame.tag in _CELLS:
            parent.cells.append(frame.closed_cell())
            self._marks, self._worn = frame.marks, None  # as in HTML, marks end with their cell
        elif frame.tag == "tr":
            if frame.cells:
                parent.rows.append(tuple(frame.cells))
        elif (block := frame.closed()) is not None:
            parent.blocks.append(block)

    # ---- lines

    def boundary(self) -> None:
        """What follows is another block than what came before."""
        if self._named:
            self.mention(None)
        frame = self._flow()
        if frame.tag == "pre":
            if frame.text and not frame.text[-1].endswith("\n"):
                frame.text.append("\n")
        else:
            frame.end_line()

    def begin_line(self, tag: str) -> None:
        """A paragraph, a heading or, in details, the ``summary``."""
        self.boundary()
        self._flow().line = tag

    def end_line(self) -> None:
        """Back to paragraphs."""
        self.boundary()
        self._flow().line = "p"

    def rule(self) -> None:
        """A line across."""
        self.boundary()
        if self._frames[-1].tag != "pre":
            self._make_room("hr")
            self._flow().blocks.append(Rule())

    @property
    def in_code(self) -> bool:
        """Whether words go into a block of code."""
        return self._frames[-1].tag == "pre"

    def set_language(self, language: str) -> None:
        """Of the block of code that has just begun; nothing elsewhere."""
        if self.in_code and not self._frames[-1].text:
            self._frames[-1].attributes["language"] = language

    # ---- what stands in a line

    def text(self, text: str) -> None:
        """Words; line feeds in them are spaces, but in code."""
        text = clean(text, self.notes)
        frame = self._flow()
        if frame.tag == "pre":
            frame.text.append(text)
        elif self._mention:
            self._named.append(text)
        elif text:
            self._say(Run(_SPACE.sub(" ", text), self._current_marks(), self._href))

    def line_break(self) -> None:
        """A new line in the same paragraph."""
        if self._mention:
            self.mention(None)
        frame = self._flow()
        if frame.tag == "pre":
            frame.text.append("\n")
        elif frame.line == "summary":
            self._say(Run(" "))
        else:
            self._say(BREAK)

    def image(self, address: str, alt: str) -> None:
        """An image; as its words where it can not be shown."""
        if self._mention:
            self.mention(None)
        src = tidy_address(address)
        alt = " ".join(clean(alt, self.notes).split())
        if self._flow().tag == "pre" or self._flow().line == "summary":
            self.notes.add("An image is shown by its name.")
            self.text(alt or src)
        elif src and scheme_of(src) in SHOWN | {""}:
            self._say(Run(alt, href=self._href, src=src))
        else:
            self.notes.add("An image that is part of the text itself is shown by its name.")
            self.text(alt)

    def task(self, done: bool) -> None:
        """A check box."""
        frame = self._flow()
        if frame.tag == "li" and not frame.blocks and not frame.runs:
            frame.attributes["task"] = DONE if done else OPEN
        else:
            self.text("☑ " if done else "☐ ")

    def put_on(self, mark: str) -> None:
        """Mark what follows."""
        self._marks[mark] += 1
        self._worn = None

    def take_off(self, mark: str) -> None:
        """Mark no longer, unless it was put on more often than taken off."""
        if self._marks[mark] > 0:
            self._marks[mark] -= 1
            self._worn = None

    def link(self, address: str | None) -> str:
        """Link what follows, or end that. Answers what is to be written where no link can be."""
        self._href = None
        href = tidy_address(address) if address else ""
        if not href:
            return ""
        if carries_code(href):
            self.notes.add("A link that could run code was left out; its words are kept.")
            return ""
        if scheme_of(href) in LINKED | {""}:
            self._href = href
            return ""
        self.notes.add("A link to a place that not every tool can open is kept as text.")
        return href

    def mention(self, person: str | None) -> None:
        """What follows is the name of ``person``, until None."""
        name = "".join(self._named)
        if self._mention and name.strip():
            self._say(Run(" " if name[0].isspace() else ""))
            marks = self._current_marks() - {"code"}
            self._say(Run(" ".join(name.split()), marks, mention=self._mention))
            self._say(Run(" " if name[-1].isspace() else ""))
        self._named = []
        self._mention = person if person and _MENTION.fullmatch(person) else None

    def finish(self) -> Blocks:
        """The tree."""
        self.boundary()
        self._close_down_to(1)
        return self._frames[0].closed_blocks()

    def _current_marks(self) -> frozenset[str]:
        if self._worn is None:
            worn = {mark for mark, times in self._marks.items() if times > 0}
            self._worn = frozenset(worn - {"sup"} if {"sub", "sup"} <= worn else worn)
        return self._worn

    def _say(self, run: Run) -> None:
        if not run.text and run.src is None:
            return
        frame = self._flow()
        if frame.tag in _LISTS:
            if run.src is None and not run.text.strip():
                return
            self._open_item(again=False)
            frame = self._frames[-1]
        frame.runs.append(run)

    def _flow(self) -> Frame:
        """Where words go; those between the rows of a table go before it."""
        frame = self._frames[-1]
        if frame.tag not in _BETWEEN_CELLS:
            return frame
        return next(each for each in reversed(self._frames) if each.tag not in _BETWEEN_CELLS)


def _is_wall(here: str, tag: str) -> bool:
    """Whether a search for ``tag`` ends at ``here``, as the scopes of HTML do."""
    if here == "table":
        return True
    if tag in _TABLE_PARTS:
        return False
    return here in _CELLS or here == "pre" or (tag == "li" and here in _LISTS)
