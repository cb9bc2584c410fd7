"""The part of an integration's page that says whether its tool tells of changes at once."""

from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import select

from app.access import Action, Tool
from app.house import House
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.reading import things
from app.integrations.wording import schedule_words, when, why_not
from app.news.models import ToolNews
from app.news.switching import SwitchedOn, hindrance
from app.tools.tellers import TELLERS
from app.web.templates import render


@dataclass(frozen=True, slots=True)
class NewsView:
    """What is drawn. ``told`` has what is told once.

    ``change_off`` says why this visitor, ``hindrance`` why nobody can switch it on.
    """

    base: str
    tool: str
    place: str
    schedule: str
    is_on: bool
    is_by_hand: bool
    since: str
    heard: str
    change_off: str
    hindrance: str
    told: SwitchedOn
    steps: tuple[str, ...]
    where: str


async def section(
    house: House, visit: Visit, integration: Integration, told: SwitchedOn | None = None
) -> Markup:
    """The part as it is now; with ``told``, what was just switched on."""
    found = await things(
        house, visit, select(ToolNews).where(ToolNews.integration_id == integration.id)
    )
    news = found[0] if found else None
    teller = TELLERS.get(Tool(integration.tool))
    view = NewsView(
        base=f"/integrations/{integration.id}/news",
        tool=Tool(integration.tool).label,
        place=integration.tool_place,
        schedule=_schedule(integration),
        is_on=news is not None,
        is_by_hand=news is not None and news.registered is None,
        since=when(news.switched_on_at) if news else "",
        heard=when(news.heard_at) if news and news.heard_at else "",
        change_off=why_not(visit.can(Action.CHANGE_INTEGRATION, integration)),
        hindrance=hindrance(integration),
        told=told or SwitchedOn(),
        steps=tuple(teller.steps) if teller else (),
        where=teller.where if teller else "",
    )
    return render("news/section.html", it=view)


def _schedule(integration: Integration) -> str:
    """How often Getint looks by itself, as part of a sentence; empty where it does not."""
    words = schedule_words(integration.every_minutes)
    return words[:1].lower() + words[1:]
