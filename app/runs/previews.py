"""Whether an integration may be run now, with what is stored of it; and its latest preview."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.integrations.models import Integration
from app.runs.models import OPEN_STATES, Run
from app.sync.mapping_service import of_integration
from app.sync.models import TypeMapping
from app.sync.stops import PreviewState, Stop, setup_of, stops_of
from app.sync.weighing import SideSchemas


@dataclass(frozen=True, slots=True)
class Readiness:
    """``preview`` is the last one that came to its end; ``open_run`` may be a preview too."""

    stops: Sequence[Stop]
    state: PreviewState
    preview: Run | None
    open_run: Run | None


async def readiness_of(
    session: AsyncSession, integration: Integration, sides: SideSchemas
) -> Readiness:
    """Of the integration with the mappings and previews that there are now."""
    mappings = await mappings_of(session, integration)
    preview = await session.scalar(last_preview(integration))
    open_run = await session.scalar(
        select(Run).where(Run.integration_id == integration.id, Run.state.in_(OPEN_STATES))
    )
    state = preview_state(preview, setup_of(integration, mappings))
    stops = stops_of(integration, mappings, sides, state)
    return Readiness(stops, state, preview, open_run)


def last_preview(integration: Integration) -> Select[Run]:
    """The last preview that came to its end, whether or not it still holds."""
    return (
        select(Run)
        .where(
            Run.integration_id == integration.id,
            Run.preview_of.is_not(None),
            Run.state == "done",
        )
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(1)
    )


def preview_state(preview: Run | None, setup: str) -> PreviewState:
    """Whether a preview still tells what a run would do."""
    if preview is None:
        return "none"
    return "current" if preview.preview_of == setup else "stale"


async def mappings_of(session: AsyncSession, integration: Integration) -> Sequence[TypeMapping]:
    """Its type mappings, in the order in which they are tried."""
    return (await session.scalars(of_integration(integration))).all()
