"""What keeps an integration from being run: decided here, for the button, for whoever presses it,
for its schedule and for changes that want a run. Pure.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

from app.access import Tool
from app.integrations.models import Integration
from app.sync.mapping_service import mapped
from app.sync.models import TypeMapping
from app.sync.problems import problems_of_all, problems_of_one
from app.sync.rules import Way
from app.sync.weighing import SideSchemas

PreviewState = Literal["none", "stale", "current"]
NOT_READ = SideSchemas()
"""Nothing is known of the sides, so nothing of them stops anything."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing is run, and how to mend it; ``mapping_id`` where that is done in a mapping."""

    text: str
    mend: str
    mapping_id: UUID | None = None


def stops_of(
    integration: Integration,
    mappings: Sequence[TypeMapping],
    sides: SideSchemas,
    preview: PreviewState,
) -> list[Stop]:
    """All of it, as far as ``sides`` are known. Empty where it may run."""
    if basics := basic_stops(integration):
        return basics
    found = [*_of_mappings(integration, mappings, sides)]
    if not found and integration.kind == "migration" and preview != "current":
        found.append(_PREVIEW[preview])
    return found


def basic_stops(integration: Integration) -> list[Stop]:
    """What keeps even a preview from being made."""
    if integration.state != "active":
        return [Stop("This integration is paused, so nothing is run.", "Resume it, then run it.")]
    if integration.connection_id is None:
        return [Stop("This integration has no connection.", "Choose one, then run it.")]
    return []


def in_words(stops: Sequence[Stop]) -> str:
    """Some sentences: what, and how to mend it."""
    return " ".join(f"{stop.text} {stop.mend}" for stop in stops)


def setup_of(integration: Integration, mappings: Sequence[TypeMapping]) -> str:
    """What a preview is made of: another text once something that counts was changed."""
    parts = [
        integration.tool,
        integration.tool_place,
        str(integration.connection_id),
        integration.project_id,
        integration.direction,
        integration.jql,
        integration.tool_query,
        *(f"{mapping.id} {mapping.version}" for mapping in mappings if mapping.enabled),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


_PREVIEW: Mapping[PreviewState, Stop] = {
    "none": Stop(
        "A migration is looked at before it runs, and no preview of this one was made yet.",
        "Make a preview, then run it.",
    ),
    "stale": Stop(
        "The migration was changed after its preview.", "Make a new preview, then run it."
    ),
}


def _of_mappings(
    integration: Integration, mappings: Sequence[TypeMapping], sides: SideSchemas
) -> Iterator[Stop]:
    way = cast("Way", integration.direction)
    for problem in problems_of_all([mapped(each) for each in mappings], way):
        if problem.blocks:
            yield Stop(problem.text, problem.mend)
    if sides.needs_somebody:
        yield Stop(sides.trouble, "Check the connection and the place.")
    if sides.by_side:
        for mapping in mappings:
            yield from _of_mapping(mapping, way, sides, Tool(integration.tool).label)


def _of_mapping(
    mapping: TypeMapping, way: Way, sides: SideSchemas, tool_label: str
) -> Iterator[Stop]:
    if not mapping.enabled:
        return
    for problem in problems_of_one(mapped(mapping), way, sides.by_side, tool_label):
        if problem.blocks:
            name = f"{mapping.jira_type} and {mapping.tool_type}"
            yield Stop(f"{name}: {problem.text}", problem.mend, mapping.id)
