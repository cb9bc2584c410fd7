"""The part of an integration's page from which it is looked at and run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import func, select

from app.access import Action
from app.house import House
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.wording import when, why_not
from app.runs.models import Run
from app.runs.previews import Readiness, readiness_of
from app.sync.mapping_pages import MAPPINGS_CHANGED
from app.sync.models import Link
from app.sync.stops import NOT_READ, basic_stops, in_words
from app.sync.weighing import SideSchemas
from app.web.templates import render

_AGAIN_S = 5


@dataclass(frozen=True, slots=True)
class PreviewView:
    """The last preview in words."""

    href: str
    made: str
    is_current: bool
    new: int
    linked: int
    left_alone: int


async def start_section(
    house: House,
    visit: Visit,
    integration: Integration,
    read: Callable[[], Awaitable[SideSchemas]],
) -> Markup:
    """What can be started now, and what stops it; ``read`` asks both sides what they have.

    They are not asked while a run is open, when this looks again and again.
    """
    async with house.database.of_instance(visit.caller.instance_id) as session:
        ready = await readiness_of(session, integration, NOT_READ)
        migrated = await session.scalar(
            select(func.count()).where(
                Link.integration_id == integration.id, Link.state == "linked"
            )
        )
    sides = NOT_READ
    if ready.open_run is None:
        sides = await read()
        async with house.database.of_instance(visit.caller.instance_id) as session:
            ready = await readiness_of(session, integration, sides)
    change_off = why_not(visit.can(Action.CHANGE_INTEGRATION, integration))
    under_way = _under_way(ready.open_run)
    total = ready.preview.created + ready.preview.updated if ready.preview else 0
    return render(
        "runs/start.html",
        base=f"/integrations/{integration.id}",
        is_migration=integration.kind == "migration",
        run_off=change_off or under_way or in_words(ready.stops),
        preview_off=change_off or under_way or in_words(basic_stops(integration)),
        stops=ready.stops,
        trouble="" if sides.needs_somebody else sides.trouble,
        open_run=ready.open_run,
        preview=_view(ready),
        migrated=migrated or 0,
        total=max(total, migrated or 0),
        changed=MAPPINGS_CHANGED,
        again_s=_AGAIN_S if ready.open_run else 0,
    )


def _under_way(run: Run | None) -> str:
    if run is None:
        return ""
    what = "A preview" if run.preview_of is not None else "A run"
    return f"{what} is open. Wait for its end, or cancel it."


def _view(ready: Readiness) -> PreviewView | None:
    found = ready.preview
    if found is None:
        return None
    return PreviewView(
        href=f"/runs/{found.id}",
        made=when(found.finished_at or found.created_at),
        is_current=ready.state == "current",
        new=found.created,
        linked=found.updated,
        left_alone=found.skipped,
    )
