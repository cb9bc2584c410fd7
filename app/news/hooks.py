"""Webhooks that stand at tools, and taking them away there when they are of no more use."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.access import Tool
from app.house import House
from app.identity.visit import Visit
from app.instances.facts import InstanceFacts
from app.integrations.models import Connection, Integration
from app.news.models import ToolNews
from app.sync.sides import open_tool
from app.tools.side import SideError
from app.tools.tellers import TELLERS

LONGEST_ASKING_S = 12.0


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it was switched on, with what is needed to take it away at the tool."""

    integration_id: UUID
    address_hash: bytes
    registered: str | None
    tool: Tool
    place: str
    connection: Connection


async def hooks_of(house: House, visit: Visit, thing: Integration | Connection) -> list[Hook]:
    """Those of an integration, or of all that use a connection, with the connection as it is."""
    statement = (
        select(ToolNews, Integration.tool_place, Connection)
        .join(Integration, Integration.id == ToolNews.integration_id)
        .join(Connection, Connection.id == Integration.connection_id)
        .where((Integration if isinstance(thing, Integration) else Connection).id == thing.id)
    )
    async with house.database.of_instance(visit.caller.instance_id) as session:
        rows = (await session.execute(statement)).all()
    return [
        Hook(
            news.integration_id,
            news.address_hash,
            news.registered,
            Tool(connection.tool),
            place,
            connection,
        )
        for news, place, connection in rows
    ]


async def clear_up(house: House, facts: InstanceFacts, hooks: Sequence[Hook]) -> str:
    """Take away at the tool what is known here no more; what people have to do, if anything."""
    if not hooks:
        return ""
    async with house.database.of_instance(facts.instance_id) as session:
        kept = set(await session.scalars(select(ToolNews.address_hash)))
    gone = [hook for hook in hooks if hook.address_hash not in kept]
    told = await asyncio.gather(*(take_away(house, facts, hook) for hook in gone))
    return " ".join(dict.fromkeys(filter(None, told)))


async def take_away(house: House, facts: InstanceFacts, hook: Hook) -> str:
    """Remove it at the tool; what people have to do where that cannot be done."""
    label, where = hook.tool.label, TELLERS[hook.tool].where
    if hook.registered is None:
        return f"{label} still has the webhook that was made by hand. Remove it there: {where}."
    try:
        async with (
            asyncio.timeout(LONGEST_ASKING_S),
            open_tool(house, facts, hook.connection) as http,
        ):
            await TELLERS[hook.tool].remove(http, hook.place, hook.registered)
    except (SideError, TimeoutError):
        return f"The webhook in {label} could not be removed. Remove it there: {where}."
    return ""
