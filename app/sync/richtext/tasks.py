"""Tasks where there are no check boxes: drawn ones, that are tasks again when they are read."""

from dataclasses import replace
from typing import Final

from app.sync.richtext.runs import tidy
from app.sync.richtext.tree import DONE, OPEN, Blocks, Item, Line, Run

_MARK_OF: Final = {OPEN: "☐", DONE: "☑"}
_TASK_OF: Final = {mark: task for task, mark in _MARK_OF.items()}


def marked_task(item: Item) -> Blocks:
    """What is in the item, with its box drawn before."""
    mark = _MARK_OF[item.task]
    first = item.blocks[0]
    if isinstance(first, Line) and first.tag == "p" and first.runs[0].src is None:
        return (replace(first, runs=(Run(mark + " "), *first.runs)), *item.blocks[1:])
    return (Line("p", (Run(mark),)), *item.blocks)


def perhaps_task(blocks: Blocks) -> Item:
    """The item; a task where it begins with a drawn box."""
    first = blocks[0]
    if not isinstance(first, Line) or first.tag != "p" or not first.runs[0].joins:
        return Item(blocks)
    lead = first.runs[0]
    task = _TASK_OF.get(lead.text[:1], "")
    if not task or lead.text[1:2] not in {"", " "}:
        return Item(blocks)
    runs = tidy((lead._replace(text=lead.text[1:]), *first.runs[1:]))
    rest = (replace(first, runs=runs), *blocks[1:]) if runs else blocks[1:]
    return Item(rest, task) if rest else Item(blocks)
