"""The views of a customer's runs, as agents see them."""

from collections.abc import Collection
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from markupsafe import Markup

from app.access import Action
from app.integrations.wording import when
from app.runs.models import OPEN_STATES
from app.runs.reporting_pages import run_view
from app.runs.reporting_words import STATES
from app.support.console.customer import RunsPart, SharedOrNot
from app.support.console.instance_pages import base_of
from app.support.console.looking import Look
from app.web.templates import render


def runs_main(
    look: Look, part: RunsPart, shared: Collection[UUID], *, integration: str, state: str
) -> Markup:
    """All runs; which of them are shared is said."""
    now, path = datetime.now(UTC), f"{base_of(look)}/runs"
    query = {"integration": integration, "state": state, "after": part.next_cursor}
    return render(
        "support/console/runs.html",
        base=base_of(look),
        rows=[(run_view(run, its.name, its.tool, now), run.id in shared) for run, its in part.rows],
        integration=integration,
        state=state,
        states=[(name, words) for name, (words, _) in STATES.items()],
        next_href=f"{path}?{urlencode(query)}" if part.next_cursor else "",
    )


def run_main(look: Look, at: SharedOrNot) -> Markup:
    """One run: how it stands, and its log if it is shared."""
    run = at.run
    reading = look.visit.can(Action.READ_LOG, at.place)
    return render(
        "support/console/run.html",
        base=base_of(look),
        run=run_view(run, at.integration.name, at.integration.tool, datetime.now(UTC)),
        is_open=run.state in OPEN_STATES,
        reason=run.reason or "",
        may_read=bool(reading),
        why_not=reading.reason_text,
        needed=reading.needed,
        who=reading.who,
        shared=_until(at),
    )


def _until(at: SharedOrNot) -> str:
    if at.share is None:
        return ""
    return f"until {when(at.share.ends_at)}" if at.share.ends_at else "until it is taken back"
