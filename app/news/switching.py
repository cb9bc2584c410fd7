"""Switches on and off that a tool tells at once. Everything arrives checked."""

import asyncio
import secrets
from dataclasses import dataclass, replace

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Tool, decide
from app.errors import Conflict
from app.house import House
from app.identity.visit import Visit
from app.integrations.changing import changing
from app.integrations.models import Connection, Integration
from app.integrations.noting import note
from app.integrations.reading import things
from app.integrations.wording import why_not
from app.news.door import address_hash, secret_place
from app.news.hooks import LONGEST_ASKING_S, Hook, clear_up, hooks_of, take_away
from app.news.models import ToolNews
from app.sync.sides import open_tool
from app.tools.news import new_secret
from app.tools.side import SideError
from app.tools.tellers import TELLERS

HOOKS_PATH = "/hooks"
_KEY_BYTES = 24
_MOVED = "Somebody else changed or deleted it."


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """How it went. ``address`` and ``secret`` are told once, where people have to enter them:
    then ``trouble`` says why Getint could not do it itself. ``left`` is what else is to be done.
    """

    address: str = ""
    secret: str = ""
    trouble: str = ""
    left: str = ""


def hindrance(integration: Integration) -> str:
    """Why this integration cannot be told of by its tool; empty where it can."""
    label = Tool(integration.tool).label
    if integration.kind != "integration":
        return "A migration runs when somebody starts it."
    if Tool(integration.tool) not in TELLERS:
        return f"Getint cannot be told by {label} yet. It looks for changes by itself."
    if integration.connection_id is None:
        return f"It has no connection. Choose one to {label} first."
    if integration.direction == "to_tool":
        return f"Nothing is brought from {label} to Jira, so there is nothing to be told of."
    return ""


async def switch_on(house: House, visit: Visit, integration: Integration) -> SwitchedOn:
    """Have the tool tell us, under a new address and secret; what there was before ends."""
    if reason := hindrance(integration):
        raise Conflict(reason, title="The tool cannot tell Getint of this")
    earlier = await hooks_of(house, visit, integration)
    key, secret = secrets.token_urlsafe(_KEY_BYTES), new_secret()
    connection = await _connection(house, visit, integration)
    async with changing(house, visit, integration) as session:
        await _require_unmoved(session, integration)
        await _put(session, visit, integration, key, secret)
        note(session, visit, integration, {"news": "new secret" if earlier else "switched on"})
    hook = _hook(integration, connection, key)
    address = f"{house.settings.app_base_url}{HOOKS_PATH}/{key}"
    registered, trouble = await _registered(house, visit, hook, address, secret)
    left = await clear_up(house, visit.facts, earlier)
    if registered is None:
        return SwitchedOn(address, secret, trouble, left)
    hook = replace(hook, registered=registered)
    if not await _kept(house, visit, hook):
        await take_away(house, visit.facts, hook)
        raise Conflict(_MOVED)
    return SwitchedOn(left=left)


async def switch_off(house: House, visit: Visit, integration: Integration) -> str:
    """Forget address and secret, then take the webhook away; what people have to do, if anything.

    Doing it twice is doing it once.
    """
    earlier = await hooks_of(house, visit, integration)
    async with changing(house, visit, integration) as session:
        gone = await session.scalar(
            delete(ToolNews)
            .where(ToolNews.integration_id == integration.id)
            .returning(ToolNews.integration_id)
        )
        if gone is not None:
            note(session, visit, integration, {"news": "switched off"})
    return await clear_up(house, visit.facts, earlier)


async def _connection(house: House, visit: Visit, integration: Integration) -> Connection:
    statement = select(Connection).where(Connection.id == integration.connection_id)
    found = await things(house, visit, statement)
    if not found:
        raise Conflict(_MOVED)
    return found[0]


async def _require_unmoved(session: AsyncSession, integration: Integration) -> None:
    """Nobody turns it to another place until this transaction ends; ``Conflict`` if they did."""
    version = await session.scalar(
        select(Integration.version)
        .where(Integration.id == integration.id)
        .with_for_update(read=True)
    )
    if version != integration.version:
        raise Conflict(_MOVED)


async def _put(
    session: AsyncSession, visit: Visit, integration: Integration, key: str, secret: str
) -> None:
    values = {
        "address_hash": address_hash(key),
        "secret": visit.facts.key.seal(secret.encode(), *secret_place(integration.id)),
        "registered": None,
        "heard_at": None,
    }
    statement = insert(ToolNews).values(
        instance_id=integration.instance_id, integration_id=integration.id, **values
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["instance_id", "integration_id"],
            set_={**values, "switched_on_at": statement.excluded.switched_on_at},
        )
    )


def _hook(integration: Integration, connection: Connection, key: str) -> Hook:
    return Hook(
        integration.id,
        address_hash(key),
        None,
        Tool(integration.tool),
        integration.tool_place,
        connection,
    )


async def _registered(
    house: House, visit: Visit, hook: Hook, address: str, secret: str
) -> tuple[str | None, str]:
    """What the tool calls the webhook that it made, or None and why it did not."""
    may_use = decide(visit.caller, Action.USE_CONNECTION, hook.connection)
    if not may_use:
        return None, why_not(may_use)
    try:
        async with (
            asyncio.timeout(LONGEST_ASKING_S),
            open_tool(house, visit.facts, hook.connection) as http,
        ):
            return await TELLERS[hook.tool].register(http, hook.place, address, secret), ""
    except SideError as error:
        return None, str(error)
    except TimeoutError:
        told = f"{hook.tool.label} did not answer in time. Look whether it made it after all."
        return None, told


async def _kept(house: House, visit: Visit, hook: Hook) -> bool:
    """Whether the webhook is still wanted now that the tool has it; what it is called is noted."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        kept = await session.scalar(
            update(ToolNews)
            .where(
                ToolNews.integration_id == hook.integration_id,
                ToolNews.address_hash == hook.address_hash,
            )
            .values(registered=hook.registered)
            .returning(ToolNews.integration_id)
        )
    return kept is not None
