"""What is missing and not believed: the part of a run's page, and the dialog that asks."""

from collections.abc import Sequence

from markupsafe import Markup

from app.access import Action, Tool
from app.errors import Conflict
from app.house import House
from app.integrations.wording import why_not
from app.runs.models import OPEN_STATES
from app.runs.reporting_guard import AtRun
from app.runs.reporting_words import CHANGED
from app.sync.context import OTHER
from app.sync.doubts import Shown, shown_doubts
from app.sync.rules import SideName, goes
from app.web.templates import render


async def gone_section(house: House, at: AtRun) -> Markup:
    """Empty where nothing is doubted, and while the run may still find out."""
    shown = [] if at.run.state in OPEN_STATES else await _shown(house, at)
    return render(
        "runs/gone.html",
        run_id=str(at.run.id),
        changed=CHANGED,
        shown=[_view(at, each) for each in shown],
        off=why_not(at.visit.can(Action.CHANGE_INTEGRATION, at.integration)),
    )


async def gone_dialog(house: House, at: AtRun, side: str) -> Markup:
    """Asks whether what is missing on this side was deleted."""
    for shown in await _shown(house, at):
        if shown.doubt.side == side:
            return render("runs/gone_dialog.html", run_id=str(at.run.id), it=_view(at, shown))
    raise Conflict("Nothing is missing there that would have to be confirmed.")


async def _shown(house: House, at: AtRun) -> Sequence[Shown]:
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        return await shown_doubts(session, at.integration.id)


def _view(at: AtRun, shown: Shown) -> dict[str, object]:
    """``deletes`` tells whether the counterparts go too."""
    doubt, integration = shown.doubt, at.integration
    other = OTHER[doubt.side]
    deletes = integration.copies_deletions and goes(integration.direction, other)
    return {
        "side": doubt.side,
        "where": _name(at, doubt.side),
        "other": _name(at, other),
        "count": doubt.count,
        "told": doubt.told(_name(at, doubt.side)),
        "deletes": deletes,
        "picture": shown.picture,
        "is_confirmed": shown.is_confirmed,
    }


def _name(at: AtRun, side: SideName) -> str:
    """Two sides may both be a Jira."""
    if side == "jira":
        return "Jira"
    tool = Tool(at.integration.tool)
    return "the other Jira" if tool is Tool.JIRA else tool.label
