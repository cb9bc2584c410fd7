"""The part of an integration's page about its tool's news, and where these news arrive."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import or_, update

from app.access import Action, Tool
from app.house import House, house_of
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.news.door import Heard
from app.news.models import ToolNews
from app.news.pages import section
from app.news.switching import HOOKS_PATH, hindrance, switch_off, switch_on
from app.runs.life import start_soon
from app.sync.links import suspect_item
from app.tools.news import News
from app.web.page_router import page_router
from app.web.pages import Flag, fragment

pages = page_router("/integrations/{integration_id}/news", "news")
arrivals = APIRouter(prefix=HOOKS_PATH, tags=["webhooks"])
Seen = Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION))]
Changed = Annotated[At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION))]
# That something was heard is worth a row's rewriting once a minute, not at each of a thousand news.
_HEARD_ANEW = timedelta(minutes=1)


@pages.get("")
async def shown(request: Request, at: Seen) -> HTMLResponse:
    """Whether the tool tells of changes, and when it did last."""
    return fragment(await section(house_of(request), at.visit, at.thing))


@pages.post("/on")
async def on(request: Request, at: Changed) -> HTMLResponse:
    """Have the tool tell us, or change the secret; shows what people must enter, if they must."""
    house, label = house_of(request), Tool(at.thing.tool).label
    told = await switch_on(house, at.visit, at.thing)
    flag = Flag(f"{label} tells Getint at once", told.left, "warning" if told.left else "success")
    if told.address:
        flag = Flag(f"One step is left in {label}", told.left, "warning")
    return fragment(await section(house, at.visit, at.thing, told), flag=flag)


@pages.post("/off")
async def off(request: Request, at: Changed) -> HTMLResponse:
    """Forget the secret, and take the webhook away at the tool."""
    house, label = house_of(request), Tool(at.thing.tool).label
    left = await switch_off(house, at.visit, at.thing)
    flag = Flag(f"{label} no longer tells Getint", left, "warning" if left else "success")
    return fragment(await section(house, at.visit, at.thing), flag=flag)


@arrivals.post("/{key}", status_code=204, response_class=Response)
async def told(request: Request, key: str) -> Response:
    """A tool says that something changed. Nothing of it is believed or kept: the tool is asked."""
    house = house_of(request)
    heard = await house.news_door.enter(key, News(request.headers, await request.body()))
    await _take(house, heard)
    return Response(status_code=204)


async def _take(house: House, heard: Heard) -> None:
    """Note that it was heard and start what is wanted, if the app is there to do it."""
    facts, integration = heard.facts, heard.integration
    if not (facts.is_installed and facts.is_enabled):
        return
    now = datetime.now(UTC)
    async with house.database.of_instance(facts.instance_id) as session:
        await session.execute(
            update(ToolNews)
            .where(
                ToolNews.integration_id == integration.id,
                or_(ToolNews.heard_at.is_(None), ToolNews.heard_at < now - _HEARD_ANEW),
            )
            .values(heard_at=now)
        )
        if heard.is_about_it and integration.state == "active" and not hindrance(integration):
            if heard.deleted is not None:
                await suspect_item(session, [integration.id], "tool", heard.deleted)
            await start_soon(session, facts.instance_id, integration.id, "tool")


router = APIRouter()
router.include_router(pages)
router.include_router(arrivals)
