"""Whether a run is shared with support, and what can be done about it, for its page and its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from markupsafe import Markup

from app.access import Action, Place
from app.house import House
from app.identity.visit import Visit
from app.integrations.pages import drawn
from app.integrations.wording import when, why_not
from app.runs.reporting_guard import AtRun
from app.runs.reporting_words import CHANGED
from app.support.shares import why_not_shared
from app.web.templates import render


@dataclass(frozen=True, slots=True)
class Shareable:
    """All that decides on sharing a run; its place says whether it is shared."""

    place: Place
    log_expires_at: datetime | None
    finished_at: datetime | None
    has_key: bool


def share_off(house: House, visit: Visit, run: Shareable) -> str:
    """Why the visitor cannot share it; empty where they can."""
    return why_not(visit.can(Action.SHARE_RUN, run.place)) or why_not_shared(
        run.log_expires_at,
        run.finished_at,
        has_key=run.has_key,
        keys=house.support_keys,
        now=datetime.now(UTC),
    )


def stop_off(visit: Visit, run: Shareable) -> str:
    """Why the visitor cannot take it back; empty where they can."""
    return why_not(visit.can(Action.STOP_SHARING_RUN, run.place))


def sharing_entry(house: House, visit: Visit, run_id: UUID, run: Shareable) -> Mapping[str, object]:
    """The entry of a run's three dots."""
    if run.place.shared_with_support:
        attrs = {"hx-post": f"/runs/{run_id}/stop-sharing", "hx-swap": "none"}
        reason = stop_off(visit, run)
        return {"label": "Stop sharing", "attrs": attrs, "disabled_reason": reason}
    attrs = {"hx-get": f"/runs/{run_id}/share", "hx-target": "#dialog"}
    reason = share_off(house, visit, run)
    return {"label": "Share with Support", "attrs": attrs, "disabled_reason": reason}


async def sharing_section(house: House, at: AtRun) -> Markup:
    """On the page of a run."""
    share, run = at.share, shareable(at)
    shown = None
    if share is not None:
        people = await house.people.named(at.visit.facts, [share.shared_by])
        shown = {"by": drawn(people[share.shared_by]), "until": until(share.ends_at)}
    return render(
        "support/sharing.html",
        run_id=str(at.run.id),
        changed=CHANGED,
        share=shown,
        share_off=share_off(house, at.visit, run),
        stop_off=stop_off(at.visit, run),
    )


def shareable(at: AtRun) -> Shareable:
    """The run of a visit."""
    run = at.run
    return Shareable(at.place, run.log_expires_at, run.finished_at, run.wrapped_key is not None)


def until(ends_at: datetime | None) -> str:
    """What follows *until*, such as ``28 Nov 2026, 17:00 UTC``."""
    return when(ends_at) if ends_at else "revoked"
