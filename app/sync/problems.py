"""Finds what will not work before a run finds it: mappings held against both sides. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.sync.field_problems import field_problems, filled_problems, people_problems
from app.sync.rules import MappingRules, SideName, Way
from app.sync.status_problems import status_problems
from app.sync.weighing import SIDES, Problem, Weighed, opposite
from app.tools.items import Schema

__all__ = ["Mapped", "Problem", "problems_of_all", "problems_of_one"]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A type mapping as far as problems go."""

    enabled: bool
    jira_type: str
    tool_type: str
    rules: MappingRules

    def type_on(self, side: SideName) -> str:
        """The type's name on this side."""
        return self.jira_type if side == "jira" else self.tool_type


def problems_of_all(mappings: Sequence[Mapped], direction: Way) -> list[Problem]:
    """Of the mappings together, for which no side has to be asked. In the order of ``mappings``."""
    used = [mapping for mapping in mappings if mapping.enabled]
    if not used:
        return [
            Problem(
                "types",
                "Nothing is mapped, so a run would find nothing to do."
                if not mappings
                else "All type mappings are switched off, so a run would find nothing to do.",
                "Add a type mapping." if not mappings else "Switch one of them on.",
                blocks=True,
            )
        ]
    return list(_never_used(used, direction))


def problems_of_one(
    mapping: Mapped, direction: Way, schemas: Mapping[SideName, Schema], tool_label: str
) -> list[Problem]:
    """Of one mapping with what both sides have now; those that make items fail come first."""
    labels = {"jira": "Jira", "tool": tool_label}
    types = {side: schemas[side].type_named(mapping.type_on(side)) for side in SIDES}
    jira, tool = types["jira"], types["tool"]
    if jira is None or tool is None:
        return [
            Problem(
                "types",
                f"{labels[side]} has no type “{mapping.type_on(side)}”, or it cannot be seen.",
                "Choose another type, or delete this mapping.",
                blocks=True,
            )
            for side in SIDES
            if types[side] is None
        ]
    weighed = Weighed(mapping.rules, direction, jira, tool, schemas, tool_label)
    return sorted(_all_of(weighed), key=lambda problem: not problem.stops)


def _all_of(weighed: Weighed) -> Iterator[Problem]:
    if not weighed.rules.fields and not weighed.rules.filled:
        yield Problem("fields", "No field is mapped.", "Map at least the title.")
    yield from field_problems(weighed)
    yield from filled_problems(weighed)
    yield from status_problems(weighed)
    yield from people_problems(weighed)


def _never_used(used: Sequence[Mapped], direction: Way) -> Iterator[Problem]:
    """Of several mappings of a type, the first one takes its items."""
    for number, mapping in enumerate(used):
        above = used[:number]
        hidden = [
            side
            for side in SIDES
            if any(other.type_on(side) == mapping.type_on(side) for other in above)
        ]
        sources = [side for side in SIDES if direction in {"both", f"to_{opposite(side)}"}]
        if sources and all(side in hidden for side in sources):
            yield Problem(
                "types",
                f"“{mapping.jira_type}” with “{mapping.tool_type}” is never used: "
                "mappings above it take all of its items.",
                "Move it up, switch it off or delete it.",
                stops=False,
            )
