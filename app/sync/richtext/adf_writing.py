"""Writes the tree as Atlassian Document Format, within what its schema allows to stand where."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from app.sync.richtext.characters import attachment_name, is_absolute, scheme_of
from app.sync.richtext.notes import Notes
from app.sync.richtext.runs import tidy
from app.sync.richtext.strangers import named
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
    Run,
    Table,
)

Json = dict[str, Any]

_TEXT = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle"})
_ALLOWED: Final = {
    "doc": _TEXT | {"heading", "rule", "taskList", "panel", "blockquote", "table", "expand"},
    "blockquote": _TEXT,
    "listItem": _TEXT | {"taskList"},
    "panel": _TEXT | {"heading", "rule", "taskList"},
    "tableCell": _TEXT | {"heading", "rule", "taskList", "panel", "blockquote", "nestedExpand"},
    "expand": _TEXT
    | {"heading", "rule", "taskList", "panel", "blockquote", "table", "nestedExpand"},
    "nestedExpand": _TEXT | {"heading", "rule", "taskList", "panel", "blockquote"},
}
_MARK_OF: Final = {"strong": "strong", "em": "em", "s": "strike", "u": "underline", "code": "code"}


def write_adf(blocks: Blocks, files: Mapping[str, str]) -> tuple[Json, Notes]:
    """The document; ``files`` gives Jira's media ids of the item's attachments, by their names."""
    writer = _Writer(files)
    content = list(writer.blocks(blocks, "doc"))
    return {"version": 1, "type": "doc", "content": content}, writer.notes


class _Writer:
    def __init__(self, files: Mapping[str, str]) -> None:
        self.notes = Notes()
        self._files = files
        self._ids = 0

    def blocks(self, blocks: Blocks, place: str) -> Iterator[Json]:
        """The nodes of these blocks, none that may not stand in ``place``."""
        for block in blocks:
            yield from self._block(block, place)

    def _block(self, block: Block, place: str) -> Iterator[Json]:
        match block:
            case Line():
                yield from self._line(block, place)
            case Pre(text, language):
                attributes = {"attrs": {"language": language}} if language else {}
                yield _node("codeBlock", [{"type": "text", "text": text}], **attributes)
            case Rule():
                yield from self._rule(place)
            case _:
                yield from self._container(block, place)

    def _container(self, block: Quote | Panel | Fold | Items | Table, place: str) -> Iterator[Json]:
        match block:
            case Quote(blocks):
                yield from self._box("blockquote", "A quotation", blocks, place)
            case Panel(kind, blocks):
                attributes = {"attrs": {"panelType": kind}}
                yield from self._box("panel", "A panel", blocks, place, **attributes)
            case Fold():
                yield from self._fold(block, place)
            case Items():
                yield from self._items(block, place)
            case Table():
                yield from self._table(block, place)

    def _rule(self, place: str) -> Iterator[Json]:
        if "rule" in _ALLOWED[place]:
            yield {"type": "rule"}
        else:
            self.notes.add(f"A dividing line is left out: Jira allows none inside {_SAID[place]}.")

    def _box(
        self, kind: str, said: str, blocks: Blocks, place: str, **attributes: Json
    ) -> Iterator[Json]:
        if kind in _ALLOWED[place]:
            yield _node(kind, self._filled(blocks, kind), **attributes)
        else:
            self.notes.add(f"{said} is opened up: Jira allows none inside {_SAID[place]}.")
            yield from self.blocks(blocks, place)

    def _filled(self, blocks: Blocks, place: str) -> list[Json]:
        return list(self.blocks(blocks, place)) or [{"type": "paragraph", "content": []}]

    def _fold(self, fold: Fold, place: str) -> Iterator[Json]:
        kind = next((kind for kind in ("expand", "nestedExpand") if kind in _ALLOWED[place]), None)
        if kind is not None:
            yield _node(kind, self._filled(fold.blocks, kind), attrs={"title": fold.title})
            return
        self.notes.add(f"A fold is opened up: Jira allows none inside {_SAID[place]}.")
        if fold.title:
            yield from self._line(Line("p", (Run(fold.title, frozenset({"strong"})),)), place)
        yield from self.blocks(fold.blocks, place)

    # ---- lists

    def _items(self, block: Items, place: str) -> Iterator[Json]:
        if block.ordered:
            attributes = {"attrs": {"order": block.start}} if block.start != 1 else {}
            yield _node("orderedList", [self._item(item) for item in block.items], **attributes)
            return
        for as_tasks, items in self._kinds_of_items(block, place):
            if as_tasks:
                yield self._tasks(items)
            else:
                yield _node("bulletList", [self._item(item) for item in items])

    def _kinds_of_items(self, block: Items, place: str) -> Iterator[tuple[bool, list[Item]]]:
        allowed = "taskList" in _ALLOWED[place]
        group: list[Item] = []
        kind = False
        for item in block.items:
            here = allowed and _is_simple_task(item)
            if group and here != kind:
                yield kind, group
                group = []
            kind = here
            group.append(item)
        yield kind, group

    def _item(self, item: Item) -> Json:
        blocks = item.blocks
        if item.task:
            self.notes.add("A task that Jira has no check box for begins with a drawn one.")
            blocks = marked_task(item)
        content = self._filled(blocks, "listItem")
        if content[0]["type"] in {"bulletList", "orderedList", "taskList"}:
            content.insert(0, {"type": "paragraph", "content": []})
        return _node("listItem", content)

    def _tasks(self, items: Iterable[Item]) -> Json:
        content: list[Json] = []
        for item in items:
            first = item.blocks[0]
            if isinstance(first, Line):
                state = "DONE" if item.task == DONE else "TODO"
                attributes = {"localId": self._id(), "state": state}
                words = self._line_content(first.runs)
                content.append(_node("taskItem", words, attrs=attributes))
            content.extend(
                self._tasks(below.items) for below in item.blocks[1:] if isinstance(below, Items)
            )
        return _node("taskList", content, attrs={"localId": self._id()})

    def _id(self) -> str:
        self._ids += 1
        return str(self._ids)

    # ---- tables

    def _table(self, table: Table, place: str) -> Iterator[Json]:
        if "table" in _ALLOWED[place]:
            yield _node("table", [_node("tableRow", self._cells(row)) for row in table.rows])
            return
        self.notes.add(f"A table is written row by row: Jira allows none inside {_SAID[place]}.")
        for row in table.rows:
            yield from self._row_of_text(row, place)

    def _cells(self, row: Iterable[Cell]) -> list[Json]:
        return [
            _node(
                "tableHeader" if cell.header else "tableCell",
                self._filled(cell.blocks, "tableCell"),
                **_spans(cell),
            )
            for cell in row
        ]

    def _row_of_text(self, row: tuple[Cell, ...], place: str) -> Iterator[Json]:
        if all(len(cell.blocks) <= 1 and _is_text(cell.blocks) for cell in row):
            runs: list[Run] = []
            for cell in row:
                runs.extend([Run(" | ")] if runs else [])
                runs.extend(
                    run for line in cell.blocks if isinstance(line, Line) for run in line.runs
                )
            yield from self._line(Line("p", tuple(runs)), place)
        else:
            for cell in row:
                yield from self.blocks(cell.blocks, place)

    # ---- lines

    def _line(self, line: Line, place: str) -> Iterator[Json]:
        if line.tag == "p":
            yield from self._paragraphs(line.runs)
        elif "heading" in _ALLOWED[place]:
            content = self._line_content(line.runs)
            yield _node("heading", content, attrs={"level": int(line.tag[1])})
        else:
            self.notes.add(f"A heading is written in bold: Jira allows none inside {_SAID[place]}.")
            yield from self._paragraphs(_in_bold(line.runs))

    def _paragraphs(self, runs: tuple[Run, ...]) -> Iterator[Json]:
        """Images stand between paragraphs in Jira, never in one."""
        words: list[Run] = []
        for run in runs:
            media = self._media(run) if run.src is not None else None
            if media is None:
                words.append(run)
            else:
                yield from self._paragraph(words)
                words = []
                yield media
        yield from self._paragraph(words)

    def _paragraph(self, runs: list[Run]) -> Iterator[Json]:
        content = self._line_content(runs)
        if content:
            yield _node("paragraph", content)

    def _media(self, run: Run) -> Json | None:
        src = run.src or ""
        name = attachment_name(src)
        if name is not None and name in self._files:
            media: Json = {"type": "file", "id": self._files[name], "collection": ""}
        elif scheme_of(src) in {"http", "https"}:
            media = {"type": "external", "url": src}
        else:
            return None
        if run.text:
            media["alt"] = run.text
        node: Json = {"type": "media", "attrs": media}
        if run.href is not None and is_absolute(run.href):
            node["marks"] = [_link(run.href)]
        return _node("mediaSingle", [node], attrs={"layout": "center"})

    def _line_content(self, runs: Iterable[Run]) -> list[Json]:
        return list(self._inline(tidy(self._without_images(runs))))

    def _without_images(self, runs: Iterable[Run]) -> Iterator[Run]:
        for run in runs:
            if run.src is None:
                yield run
                continue
            self.notes.add("An image that Jira can not show here is kept by its name.")
            address = run.src if is_absolute(run.src) else None
            name = run.text or attachment_name(run.src) or run.src
            yield from named(run, name, address)

    def _inline(self, runs: Iterable[Run]) -> Iterator[Json]:
        for run in runs:
            if run.is_break:
                yield {"type": "hardBreak"}
            elif run.mention is not None and run.mention.startswith("jira:"):
                yield {
                    "type": "mention",
                    "attrs": {"id": run.mention.removeprefix("jira:"), "text": run.text},
                }
            else:
                yield from self._text(run)

    def _text(self, run: Run) -> Iterator[Json]:
        if run.mention is not None:
            self.notes.add("A person whom Jira does not know is mentioned by name alone.")
        marks, left = self._marks(run), ""
        if run.href is not None and is_absolute(run.href):
            marks.append(_link(run.href))
        elif run.href is not None:
            self.notes.add("A link that leads nowhere from Jira is kept as text.")
            left = f" ({run.href})" if run.href not in run.text else ""
        text: Json = {"type": "text", "text": run.text + left}
        if marks:
            text["marks"] = marks
        yield text

    def _marks(self, run: Run) -> list[Json]:
        if "code" in run.marks:
            if run.marks != {"code"}:
                self.notes.add("Code in a line is not bold, italic or the like in Jira.")
            return [{"type": "code"}]
        marks: list[Json] = [
            {"type": theirs} for ours, theirs in _MARK_OF.items() if ours in run.marks
        ]
        marks.extend(
            {"type": "subsup", "attrs": {"type": kind}}
            for kind in ("sub", "sup")
            if kind in run.marks
        )
        return marks


_SAID: Final = {
    "doc": "a text",
    "blockquote": "a quotation",
    "listItem": "a list",
    "panel": "a panel",
    "tableCell": "a table",
    "expand": "a fold",
    "nestedExpand": "a fold in a table or fold",
}


def _node(kind: str, content: list[Json], **more: Any) -> Json:
    return {"type": kind, **more, "content": content}


def _link(address: str) -> Json:
    return {"type": "link", "attrs": {"href": address}}


def _spans(cell: Cell) -> Json:
    spans = {
        name: span
        for name, span in (("colspan", cell.colspan), ("rowspan", cell.rowspan))
        if span != 1
    }
    return {"attrs": spans} if spans else {}


def _is_text(blocks: Blocks) -> bool:
    return all(isinstance(block, Line) for block in blocks)


def _is_simple_task(item: Item) -> bool:
    """One line, and below it tasks alone: all that Jira's tasks can be."""
    first, *below = item.blocks
    return (
        bool(item.task)
        and isinstance(first, Line)
        and first.tag == "p"
        and all(
            isinstance(block, Items)
            and not block.ordered
            and all(_is_simple_task(inner) for inner in block.items)
            for block in below
        )
    )


def _in_bold(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(
        run if run.is_break or run.src is not None else run._replace(marks=run.marks | {"strong"})
        for run in runs
    )
