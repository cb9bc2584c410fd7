"""How each tool stands with its Jira groups, as Settings > Access shows it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from app.access import Tool
from app.instances.bindings import standard_group_name
from app.instances.jira_groups import KnownGroups
from app.instances.models import GroupBinding


class GroupState(Enum):
    """What is known of a tool's own group: how it is called on the page, and its colour."""

    EXISTS = ("Exists", "success")
    RENAMED = ("Renamed", "inprogress")
    MISSING = ("Not created yet", "default")
    GONE = ("Deleted in Jira", "removed")
    REPLACED = ("Replaced in Jira", "moved")
    UNKNOWN = ("Jira did not answer", "moved")

    def __init__(self, label: str, colour: str) -> None:
        self.label = label
        self.colour = colour


@dataclass(frozen=True, slots=True)
class FurtherGroup:
    """A group that an administrator bound besides; ``name`` is None where Jira has none."""

    binding_id: UUID
    name: str | None
    label: str


@dataclass(frozen=True, slots=True)
class ToolAccess:
    """One row of the page. ``note`` says what follows from the state."""

    tool: str
    label: str
    group_name: str
    state: str
    colour: str
    note: str
    can_take_over: bool
    further: tuple[FurtherGroup, ...]


def tool_access(
    prefix: str, bindings: Sequence[GroupBinding], known: KnownGroups | None
) -> list[ToolAccess]:
    """All fourteen, in the order of the product; ``known`` is None when Jira did not answer."""
    by_tool: dict[str, list[GroupBinding]] = defaultdict(list)
    for binding in bindings:
        by_tool[binding.tool].append(binding)
    return [_row(prefix, tool, by_tool[tool], known) for tool in Tool]


def _row(
    prefix: str, tool: Tool, bindings: list[GroupBinding], known: KnownGroups | None
) -> ToolAccess:
    standard = next((binding for binding in bindings if binding.is_standard), None)
    state, note = _state(prefix, tool, standard, known)
    return ToolAccess(
        tool=tool,
        label=tool.label,
        group_name=standard_group_name(prefix, tool),
        state=state.label,
        colour=state.colour,
        note=note,
        can_take_over=state is GroupState.REPLACED,
        further=tuple(_further(binding, known) for binding in bindings if not binding.is_standard),
    )


def _state(
    prefix: str, tool: Tool, standard: GroupBinding | None, known: KnownGroups | None
) -> tuple[GroupState, str]:
    if known is None:
        return GroupState.UNKNOWN, ""
    of_this_name = known.by_tool.get(tool)
    if standard is None:
        return (GroupState.EXISTS if of_this_name else GroupState.MISSING), ""
    group = known.by_id.get(standard.group_id)
    if group is None and of_this_name is None:
        return GroupState.GONE, "Nobody is a member of this tool through it any more."
    if group is None:
        return GroupState.REPLACED, (
            "The group that was used here was deleted. A new group has its name and does not "
            "count until you say so."
        )
    if group.name.casefold() == standard_group_name(prefix, tool).casefold():
        return GroupState.EXISTS, ""
    note = f"Now called {group.name}. Its members keep their access."
    if of_this_name is not None:
        note += " Another group has the old name now; it does not count."
    return GroupState.RENAMED, note


def _further(binding: GroupBinding, known: KnownGroups | None) -> FurtherGroup:
    if known is None:
        return FurtherGroup(binding.id, None, f"Group {binding.group_id}")
    group = known.by_id.get(binding.group_id)
    if group is None:
        return FurtherGroup(binding.id, None, f"Deleted group {binding.group_id}")
    return FurtherGroup(binding.id, group.name, group.name)
