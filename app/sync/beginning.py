"""What is found out before the first page of a run: whether it may begin, and how long it is."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from cachetools import TTLCache
from sqlalchemy import func, select

from app.integrations.models import Integration
from app.runs.models import Run
from app.runs.previews import last_preview, mappings_of
from app.sync.context import OTHER, Context
from app.sync.links import position_of
from app.sync.models import Link
from app.sync.rules import SideName, goes
from app.sync.stops import Stop, setup_of, stops_of
from app.sync.weighing import SideSchemas
from app.tools.items import Schema

FITS_S = 4 * 3600
"""How long a mapping that was found to fit both sides is taken to fit them, by one worker.

To ask costs a dozen calls, which an integration that runs every quarter of an hour must not pay
each time; what stops to fit meanwhile fails item by item, each with its reason.
"""
_KEPT = 10_000


class Beginnings:
    """One for each worker: it remembers what was found to fit."""

    def __init__(self) -> None:
        self._fitting: TTLCache[UUID, str] = TTLCache(_KEPT, FITS_S)

    async def stops(self, integration: Integration, context: Context) -> Sequence[Stop]:
        """What keeps the run from beginning, as both sides are now.

        Whether a preview is wanted was decided when the run was started.
        """
        async with context.session() as session:
            mappings = await mappings_of(session, integration)
        setup = setup_of(integration, mappings)
        if self._fitting.get(integration.id) == setup:
            return []
        sides = SideSchemas(await schemas_of(context))
        stops = stops_of(integration, mappings, sides, "current")
        if not stops:
            self._fitting[integration.id] = setup
        return stops


async def schemas_of(context: Context) -> Mapping[SideName, Schema]:
    """What both sides have now."""
    jira, tool = await asyncio.gather(
        context.sides["jira"].schema(), context.sides["tool"].schema()
    )
    return {"jira": jira, "tool": tool}


async def expect(integration: Integration, run: Run, context: Context) -> None:
    """Note with the run about how many items it will look at, where that can be told."""
    if integration.kind == "migration":
        expected = await _left_of_migration(integration, context)
    else:
        expected = await _all_of_a_first_run(context)
    if expected is not None:
        async with context.session() as session:
            row = await session.get_one(Run, run.id, with_for_update=True)
            row.expected = expected


async def _left_of_migration(integration: Integration, context: Context) -> int | None:
    """What the last preview counted, without what was linked after it."""
    async with context.session() as session:
        preview = await session.scalar(last_preview(integration))
        if preview is None:
            return None
        linked_since: int | None = await session.scalar(
            select(func.count(Link.id)).where(
                Link.integration_id == integration.id,
                Link.state == "linked",
                Link.created_at > preview.created_at,
            )
        )
    total = preview.created + preview.updated + preview.skipped
    return max(0, total - (linked_since or 0))


async def _all_of_a_first_run(context: Context) -> int | None:
    """As the sides count them; later runs look at changes, of which nobody knows the number."""
    integrated = context.integrated
    sources = [side for side, target in OTHER.items() if goes(integrated.direction, target)]
    async with context.session() as session:
        for side in sources:
            if await position_of(session, integrated.id, side) is not None:
                return None
    counts = await asyncio.gather(
        *(context.sides[side].count(integrated.queries[side]) for side in sources)
    )
    # What the first side brings is looked at once more when the second one is read.
    return sum(counts) + (counts[0] if len(counts) > 1 else 0)
