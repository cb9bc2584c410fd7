"""Nobody can use up what all customers share: connections, threads, memory, the trail."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from app.audit.filters import AuditFilter, matching
from app.audit.reading import in_parts
from app.house import House
from app.tokens.words import new_token
from app.tools.transport import resolve, trust
from sandbox.running import Sandbox
from tests.audit.test_trail import add_entries, instance_of
from tests.people import Visitor
from tests.security.forging import claims, signed_by_hand

As = Callable[..., Visitor]


async def test_tokens_of_unknown_sites_leave_connections_to_the_known(
    house: House, configured: Sandbox, client: httpx.AsyncClient, superuser: psycopg.Connection
) -> None:
    async def knock() -> None:
        said = claims(configured, iss=str(uuid4()), qsh="context-qsh")
        token = signed_by_hand(b"a secret that nobody agreed upon!", said)
        await client.get("/integrations", headers={"Authorization": f"JWT {token}"})

    await _leave_connections_to_the_known(house, configured, superuser, knock, "installations")


async def test_news_of_nobody_leave_connections_to_the_known(
    house: House, configured: Sandbox, client: httpx.AsyncClient, superuser: psycopg.Connection
) -> None:
    async def knock() -> None:
        await client.post(f"/hooks/{uuid4()}", headers={"X-Gitlab-Token": "made up"})

    await _leave_connections_to_the_known(house, configured, superuser, knock, "tool_news")


async def test_made_up_access_tokens_leave_connections_to_the_known(
    house: House, configured: Sandbox, client: httpx.AsyncClient, superuser: psycopg.Connection
) -> None:
    async def knock() -> None:
        headers = {"Authorization": f"Bearer {new_token(uuid4())}"}
        await client.get("/api/v1/me", headers=headers)

    await _leave_connections_to_the_known(house, configured, superuser, knock, "access_tokens")


async def _leave_connections_to_the_known(
    house: House,
    configured: Sandbox,
    superuser: psycopg.Connection,
    knock: Callable[[], Coroutine[Any, Any, None]],
    table: str,
) -> None:
    """While all who knock wait for ``table``, whoever is known gets a connection."""
    instance_id = await instance_of(house, configured)
    pool_size = house.settings.database_pool_size
    with superuser.transaction():
        superuser.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(Identifier(table)))
        knocking = [asyncio.create_task(knock()) for _ in range(4 * pool_size)]
        await asyncio.sleep(0.2)
        async with asyncio.timeout(2), house.database.of_instance(instance_id) as session:
            assert await session.scalar(text("SELECT 1")) == 1
    await asyncio.gather(*knocking)


async def test_an_export_that_is_read_slowly_holds_no_connection(
    house: House, configured: Sandbox, superuser: psycopg.Connection
) -> None:
    instance_id = await instance_of(house, configured)
    add_entries(superuser, instance_id)
    statement = matching(instance_id, AuditFilter(), None)
    reading = in_parts(house, instance_id, statement)
    assert await anext(reading)
    busy = superuser.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    ).fetchone()
    assert busy == (0,)


async def test_a_name_server_that_hangs_delays_no_look_up_but_those_of_tools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    answered = asyncio.Event()

    def look_up(host: str, *_args: Any, **_named: Any) -> list[Any]:
        if host == "tarpit.example.com":
            asyncio.run_coroutine_threadsafe(answered.wait(), loop).result(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    stuck = [asyncio.create_task(resolve("tarpit.example.com", 443)) for _ in range(64)]
    try:
        async with asyncio.timeout(2):
            assert await loop.getaddrinfo("jira.example.com", 443)
    finally:
        answered.set()
    assert await asyncio.gather(*stuck) == [["8.8.8.8"]] * 64


def test_the_trusted_authorities_are_read_once() -> None:
    assert trust() is trust()


async def test_one_person_cannot_fill_the_trail_with_refusals(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    nobody = as_("nobody")
    for _ in range(150):
        assert (await nobody.get(f"/integrations/{uuid4()}")).status_code == 403
    assert (await as_("gitlab").get("/settings/licence")).status_code == 403
    noted = superuser.execute(
        "SELECT account, count(*) FROM audit_entries WHERE NOT allowed GROUP BY account"
    ).fetchall()
    assert dict(noted) == {nobody.account: 100, as_("gitlab").account: 1}
