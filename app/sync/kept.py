"""What each tool gives back of a value that was written to it: it can not say everything."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from app.access import Tool
from app.sync.reconcile import AsKept
from app.sync.richtext import from_markdown, to_markdown
from app.sync.rules import SideName
from app.tools import azure_fields, jira_fields
from app.tools.items import FieldKind, Value

_KEPT = 256


KEEP_PARENTS = frozenset({Tool.JIRA, Tool.AZURE})
"""Tools whose items can be put under others by way of their API."""


def _by_gitlab(kind: FieldKind, value: Value) -> Value:
    if kind is FieldKind.RICH and isinstance(value, str):
        return from_markdown(to_markdown(value)[0]).html
    return value


_BY: Mapping[Tool, Callable[[FieldKind, Value], Value]] = {
    Tool.JIRA: jira_fields.as_kept,
    Tool.GITLAB: _by_gitlab,
    Tool.AZURE: azure_fields.as_kept,
}


def as_kept_by(tool: Tool) -> AsKept:
    """For an integration with ``tool``; texts that come again are not converted again."""

    @lru_cache(_KEPT)
    def as_kept(side: SideName, kind: FieldKind, value: Value) -> Value:
        return _BY[Tool.JIRA if side == "jira" else tool](kind, value)

    return as_kept
