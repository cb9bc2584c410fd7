"""What of an item will not fit on the other side, by the engine's own rules. Pure.

Each is a sentence without content that begins, where it is about a field, with the field's id and
a colon.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.access import Tool
from app.sync.context import MappedTypes
from app.sync.files import is_copied
from app.sync.reconcile import Setting, draft_values
from app.sync.richtext import AZURE_LIMIT, GITLAB_LIMIT, JIRA_LIMIT, text_length
from app.sync.rules import SideName, goes
from app.sync.translate import CannotSay, status_said
from app.tools.items import TITLE, Item, TypeInfo, Value

LONGEST_TITLE = 255
"""Of all tools so far."""
PARENT_LEFT = "parent: it is not among the items, or of a type that is not mapped."
_LONGEST: Mapping[Tool, tuple[int, Callable[[str], int]]] = {
    Tool.JIRA: (JIRA_LIMIT, text_length),
    Tool.GITLAB: (GITLAB_LIMIT, len),
    Tool.AZURE: (AZURE_LIMIT, len),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where items of one mapping go: the side, what is there, and whose limits count."""

    side: SideName
    tool: Tool
    mapping: MappedTypes
    setting: Setting
    type: TypeInfo | None


def misfits(target: Target, item: Item, *, is_new: bool) -> Iterator[str]:
    """All of one item. A new one needs a value for what its type demands."""
    values, notes = draft_values(target.setting, target.side, item)
    for note in notes:
        yield note.message
    yield from _status(target, item)
    for name, value in values.items():
        yield from _length(target, name, value)
    if is_new:
        yield from _demanded(target, values)
    yield from _files(target, item)


def _status(target: Target, item: Item) -> Iterator[str]:
    rules = target.mapping.rules
    if not rules.statuses or not goes(rules.status_way, target.side):
        return
    try:
        status_said(item.status, target.side, rules)
    except CannotSay as reason:
        yield f"status: {reason}."


def _length(target: Target, name: str, value: Value) -> Iterator[str]:
    if not isinstance(value, str):
        return
    longest, length = _LONGEST.get(target.tool, (GITLAB_LIMIT, len))
    if name == TITLE:
        longest, length = LONGEST_TITLE, len
    # Characters outside the basic plane count twice at most; what is short need not be parsed.
    if 2 * len(value) > longest and length(value) > longest:
        yield f"{name}: it is longer than {target.tool.label} takes ({longest:,} characters)."


def _demanded(target: Target, values: Mapping[str, Value]) -> Iterator[str]:
    for field in target.type.fields if target.type else ():
        if field.required and field.writable and values.get(field.id) in {None, "", ()}:
            yield f"{field.id}: {target.tool.label} demands it, and there is no value for it."


def _files(target: Target, item: Item) -> Iterator[str]:
    if goes(target.mapping.rules.attachments, target.side):
        for file in item.attachments:
            if not is_copied(file):
                yield "A file is larger than is copied, or its size is not known."
