"""The page of a type mapping, and the section of all of them."""

from typing import cast

from fastapi import Request
from markupsafe import Markup

from app.access import Tool
from app.house import House, house_of
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.reading import things
from app.sync.mapping_guard import AtMapping
from app.sync.mapping_service import mapped, of_integration
from app.sync.mapping_views import (
    MOST_PEOPLE_SHOWN,
    Desk,
    change_off,
    counts,
    field_lines,
    filled_lines,
    people_lines,
    status_lines,
    way_words,
)
from app.sync.models import TypeMapping
from app.sync.problems import Problem, problems_of_all, problems_of_one
from app.sync.rules import Way
from app.sync.side_schemas import SchemaReader
from app.web.templates import render

MAPPINGS_CHANGED = "getint:mappings-changed"


async def section(request: Request, visit: Visit, integration: Integration) -> Markup:
    """All type mappings of an integration, in the order in which they are tried."""
    mappings = await things(house_of(request), visit, of_integration(integration))
    return render(
        "sync/section.html",
        base=f"/integrations/{integration.id}",
        mappings=[(mapping, counts(mapping)) for mapping in mappings],
        off=change_off(visit, integration),
        tool=Tool(integration.tool).label,
        changed=MAPPINGS_CHANGED,
    )


async def problems_piece(
    house: House, visit: Visit, integration: Integration, reader: SchemaReader, *, anew: bool
) -> Markup:
    """What will not work of all mappings, by mapping."""
    mappings = await things(house, visit, of_integration(integration))
    found: list[tuple[TypeMapping | None, list[Problem]]] = []
    if together := problems_of_all([mapped(each) for each in mappings], _way(integration)):
        found.append((None, together))
    schemas = await reader.of(house, visit, integration, anew=anew)
    if not schemas.trouble:
        for mapping in mappings:
            desk = Desk.of(visit, integration, mapping, schemas)
            if mapping.enabled and (its := problems_of(desk)):
                found.append((mapping, its))
    return render(
        "sync/problems.html",
        base=f"/integrations/{integration.id}/mappings",
        found=found,
        trouble=schemas.trouble,
        has_connection=integration.connection_id is not None,
        stops=any(problem.stops for _, its in found for problem in its),
    )


def problems_of(desk: Desk) -> list[Problem]:
    """What will not work of one mapping; nothing where its sides could not be read."""
    if desk.schemas.trouble:
        return []
    return problems_of_one(
        mapped(desk.mapping),
        _way(desk.integration),
        desk.schemas.by_side,
        desk.tool_label,
    )


async def desk_of(
    request: Request, at: AtMapping, reader: SchemaReader, *, anew: bool = False
) -> Desk:
    """The mapping with what its sides have."""
    schemas = await reader.of(house_of(request), at.visit, at.integration, anew=anew)
    return Desk.of(at.visit, at.integration, at.mapping, schemas)


def mapping_main(desk: Desk) -> Markup:
    """One type mapping: what is mapped, and what will not work."""
    rules, label = desk.rules, desk.tool_label
    return render(
        "sync/mapping.html",
        title=title_of(desk.mapping),
        integration=desk.integration,
        mapping=desk.mapping,
        base=desk.base,
        tool=label,
        change_off=desk.change_off,
        edit_off=desk.edit_off,
        rest_off=desk.rest_off,
        changed=MAPPINGS_CHANGED,
        trouble=desk.schemas.trouble,
        has_connection=desk.integration.connection_id is not None,
        problems=problems_of(desk),
        fields=field_lines(desk),
        filled=filled_lines(desk),
        statuses=status_lines(desk),
        people=people_lines(desk),
        more_people=max(0, len(rules.people) - MOST_PEOPLE_SHOWN),
        status_way=way_words(label, rules.status_way),
        comments=way_words(label, rules.comments),
        attachments=way_words(label, rules.attachments),
        hierarchy="Kept" if rules.hierarchy else "Not kept",
    )


def title_of(mapping: TypeMapping) -> str:
    """The title of its page."""
    return f"{mapping.jira_type} and {mapping.tool_type}"


def _way(integration: Integration) -> Way:
    return cast("Way", integration.direction)
