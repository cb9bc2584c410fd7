"""The channel on which machines tell each other what changed."""

import asyncio
from uuid import UUID, uuid4

import psycopg

from app.changes import CHANNEL
from app.house import House


async def test_a_change_that_only_a_newer_release_knows_deafens_nobody(
    house: House, superuser: psycopg.Connection
) -> None:
    heard: asyncio.Queue[UUID | None] = asyncio.Queue()
    house.changes.on_change("facts", heard.put_nowait)
    instance_id = uuid4()
    payloads = (f"something-new {instance_id}", "facts of nobody", "", f"facts {instance_id}")
    for payload in payloads:
        superuser.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
    assert await asyncio.wait_for(heard.get(), 5) == instance_id
    assert house.changes.is_listening


async def test_a_change_that_is_rolled_back_is_not_announced(
    house: House, superuser: psycopg.Connection
) -> None:
    heard: asyncio.Queue[UUID | None] = asyncio.Queue()
    house.changes.on_change("facts", heard.put_nowait)
    undone, done = uuid4(), uuid4()
    try:
        async with house.database.of_instance(undone) as session:
            await house.changes.announce(session, undone)
            raise RuntimeError
    except RuntimeError:
        pass
    async with house.database.of_instance(done) as session:
        await house.changes.announce(session, done)
    assert await asyncio.wait_for(heard.get(), 5) == done


async def test_while_the_channel_is_down_facts_are_read_anew(
    house: House, superuser: psycopg.Connection
) -> None:
    from tests.instances.kit import CLIENT_KEY, event, fresh_token

    heard: asyncio.Queue[UUID | None] = asyncio.Queue()
    house.changes.on_change("facts", heard.put_nowait)
    await house.lifecycle.apply(event("installed"), fresh_token())
    for _ in ("of this process, at once", "through the channel"):
        await asyncio.wait_for(heard.get(), 5)
    first = await house.directory.find(CLIENT_KEY)
    assert first is await house.directory.find(CLIENT_KEY)
    await house.changes.stop()
    superuser.execute("UPDATE instances SET configured_at = now()")
    found = await house.directory.find(CLIENT_KEY)
    assert found is not None
    assert found.is_configured
