"""So many items missing at once that it is not believed, until a person says that it is so.

What is confirmed is a picture: exactly the links that miss their item on a side, and whether their
counterparts are then deleted. A run that finds another picture asks again (decision 0010).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, require
from app.errors import Conflict
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.noting import note
from app.sync.links import SIDE_NAMES, missing_counts
from app.sync.models import Link, Look
from app.sync.rules import SideName

FEW, SHARE = 10, 0.1
"""More missing links than both are not believed."""
_CHANGED = "What is missing is not what you were shown any more."


@dataclass(frozen=True, slots=True)
class Doubt:
    """So many of all linked items are missing on this side."""

    side: SideName
    count: int
    total: int

    def told(self, where: str) -> str:
        """What is so, with the name of the side."""
        return f"{self.count:,} of {self.total:,} linked items can no longer be found in {where}."


@dataclass(frozen=True, slots=True)
class Shown:
    """A doubt as a person is shown it; ``picture`` comes back with what they say."""

    doubt: Doubt
    picture: str
    is_confirmed: bool


async def doubts_of(session: AsyncSession, integration_id: UUID) -> Sequence[Doubt]:
    """What is missing now and not believed."""
    counts, total = await missing_counts(session, integration_id)
    return [
        Doubt(side, counts[side], total)
        for side in SIDE_NAMES
        if counts[side] > max(FEW, total * SHARE)
    ]


async def shown_doubts(session: AsyncSession, integration_id: UUID) -> Sequence[Shown]:
    """The same for people."""
    doubts = await doubts_of(session, integration_id)
    if not doubts:
        return []
    confirmed = await _confirmed(session, integration_id)
    found = []
    for doubt in doubts:
        picture = await _picture(session, integration_id, doubt.side)
        found.append(Shown(doubt, picture, confirmed.get(doubt.side) == picture))
    return found


async def confirm(
    session: AsyncSession, visit: Visit, integration: Integration, side: SideName, picture: str
) -> Doubt:
    """Somebody says that what is missing was deleted: the next run believes it.

    ``Conflict`` where another picture is to be seen by now than the one that they were shown.
    """
    require(visit.caller, Action.CHANGE_INTEGRATION, integration)
    look = await session.scalar(
        select(Look).where(Look.integration_id == integration.id).with_for_update()
    )
    doubts = await doubts_of(session, integration.id)
    doubt = next((each for each in doubts if each.side == side), None)
    if look is None or doubt is None or await _picture(session, integration.id, side) != picture:
        raise Conflict(_CHANGED, mend="Look at the run's page again.")
    look.confirmed = {**look.confirmed, side: picture}
    note(session, visit, integration, {"deletions": "confirmed", "in": side, "items": doubt.count})
    return doubt


async def believed_sides(session: AsyncSession, integration_id: UUID) -> set[SideName]:
    """Sides of which a person confirmed exactly what is missing now."""
    confirmed = await _confirmed(session, integration_id)
    return {
        side
        for side in SIDE_NAMES
        if side in confirmed and await _picture(session, integration_id, side) == confirmed[side]
    }


async def forget_confirmed(session: AsyncSession, integration_id: UUID) -> None:
    """It counts once, whether or not the picture was still the same."""
    await session.execute(
        update(Look)
        .where(Look.integration_id == integration_id, Look.confirmed != {})
        .values(confirmed={})
    )


async def _confirmed(session: AsyncSession, integration_id: UUID) -> Mapping[str, str]:
    found = await session.scalar(
        select(Look.confirmed).where(Look.integration_id == integration_id)
    )
    return found or {}


async def _picture(session: AsyncSession, integration_id: UUID, side: SideName) -> str:
    """Stands for exactly the links that miss their item here, and for what becomes of them."""
    in_order = aggregate_order_by(literal(",", Text), Link.id)
    links = func.string_agg(cast(Link.id, Text), in_order)
    found = await session.execute(
        select(func.md5(func.concat(links, func.bool_or(Integration.copies_deletions))))
        .select_from(Link)
        .join(Integration, Integration.id == Link.integration_id)
        .where(
            Link.integration_id == integration_id,
            Link.state != "ended",
            Link.missing_on == side,
            Link.missing_since.is_not(None),
        )
    )
    picture: str = found.scalar_one()
    return picture
