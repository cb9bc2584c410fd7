"""Whoever left is erased after 60 days, not a day earlier, and nobody else is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.house import House
from app.instances.erasure import ERASED_IN_ORDER, erase_departed
from app.models import Model
from tests.instances.kit import CLIENT_KEY, event, fresh_token

TABLES = sorted(
    name for name, table in Model.metadata.tables.items() if "instance_id" in table.columns
)

OF_THE_ENGINE = (
    "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled, jira_type,"
    " tool_type, rules, version) VALUES (%(id)s, %(instance)s, %(id)s, 0, true, 'a', 'b', '{}', 1)",
    "INSERT INTO links (id, instance_id, integration_id, state, jira_key, jira_url, jira_prints,"
    " tool_key, tool_url, tool_prints, attempts) VALUES (%(id)s, %(instance)s, %(id)s, 'linked',"
    " '', '', '{}', '', '', '{}', 0)",
    "INSERT INTO linked_comments (id, instance_id, link_id, written_by, fingerprint)"
    " VALUES (%(id)s, %(instance)s, %(id)s, 'jira', '')",
    "INSERT INTO linked_attachments (id, instance_id, link_id)"
    " VALUES (%(id)s, %(instance)s, %(id)s)",
    "INSERT INTO positions (instance_id, integration_id, side, position)"
    " VALUES (%(instance)s, %(id)s, 'jira', '')",
    "INSERT INTO looks (instance_id, integration_id, looked_at)"
    " VALUES (%(instance)s, %(id)s, now())",
    "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created, updated,"
    " skipped, failed) VALUES (%(id)s, %(instance)s, %(id)s, 'hand', 'done', '{}', 0, 0, 0, 0)",
    "INSERT INTO log_chunks (instance_id, run_id, number, lines, sealed)"
    " VALUES (%(instance)s, %(id)s, 0, 1, '')",
    "INSERT INTO previewed_items (instance_id, run_id, side, item_id, key, moves)"
    " VALUES (%(instance)s, %(id)s, 'jira', '1', 'PAY-1', true)",
    "INSERT INTO tool_news (instance_id, integration_id, address_hash, secret)"
    " VALUES (%(instance)s, %(id)s, sha256(uuid_send(%(id)s)), '')",
)
OF_SUPPORT = (
    "INSERT INTO support_agents (id, email, display_name, state) VALUES (%(id)s, %(id)s::text,"
    " 'Sam', 'active')",
    "INSERT INTO support_grants (id, instance_id, approved_by, note) VALUES (%(id)s, %(instance)s,"
    " 'jira:x', '')",
    "INSERT INTO support_requests (id, instance_id, agent_id, ticket, message, state, answered_at,"
    " grant_id) VALUES (%(id)s, %(instance)s, %(id)s, '', '', 'approved', now(), %(id)s)",
    "INSERT INTO run_shares (id, instance_id, run_id, shared_by) VALUES (%(id)s, %(instance)s,"
    " %(id)s, 'jira:x')",
)


OF_ADMINISTRATION = (
    "INSERT INTO accounts (id, instance_id, name, email, email_key)"
    " VALUES (%(id)s, %(instance)s, 'n', 'e', 'e')",
    "INSERT INTO workspace_access VALUES (%(id)s, %(workspace)s, %(instance)s, 'user')",
    "INSERT INTO workspace_projects VALUES (%(workspace)s, '1', %(instance)s)",
    "INSERT INTO workspace_choices VALUES (%(instance)s, 'jira:x', %(workspace)s)",
    "INSERT INTO account_sessions (id, instance_id, account_id, token_hash, ends_at)"
    " VALUES (%(id)s, %(instance)s, %(id)s, 'h', now())",
    "INSERT INTO account_links"
    " (id, instance_id, account_id, purpose, token_hash, email_key, expires_at)"
    " VALUES (%(id)s, %(instance)s, %(id)s, 'reset', 'h', 'e', now())",
    "INSERT INTO access_tokens"
    " (id, instance_id, account, name, scopes, token_hash, ending, expires_at)"
    " VALUES (%(id)s, %(instance)s, 'jira:x', 'n', '{read}', 'h', 'abcd', now())",
    "INSERT INTO identity_providers (instance_id, name, issuer, client_id, client_secret)"
    " VALUES (%(instance)s, 'n', 'https://x', 'c', '')",
    "INSERT INTO kept_answers (instance_id, account, key, request_hash, thing_id)"
    " VALUES (%(instance)s, 'jira:x', 'k', 'h', %(id)s)",
)


async def an_instance(house: House, superuser: psycopg.Connection, client_key: str) -> UUID:
    """An instance with something in every table."""
    url = f"https://{client_key}.atlassian.net"
    installed = event("installed", clientKey=client_key, baseUrl=url)
    await house.lifecycle.apply(installed, fresh_token())
    facts = await house.directory.find(client_key)
    assert facts is not None
    values: dict[str, Any] = {
        "instance": facts.instance_id,
        "workspace": facts.workspace_id,
        "connection": uuid4(),
        "id": uuid4(),
    }
    superuser.execute(
        "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
        " address, credentials, credentials_changed_at, version) VALUES (%(connection)s,"
        " %(instance)s, %(workspace)s, 'gitlab', 'jira:x', 'view', 'c', 'https://x', '', now(), 1)",
        values,
    )
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " connection_id, project_id, project_key, direction, jql, state, owner, version) VALUES"
        " (%(id)s, %(instance)s, %(workspace)s, 'integration', 'i', 'gitlab', 'p', %(connection)s,"
        " '1', 'PAY', 'both', '', 'active', 'jira:x', 1)",
        values,
    )
    superuser.execute(
        "INSERT INTO group_bindings (id, instance_id, tool, group_id, is_standard, bound_at)"
        " VALUES (%(id)s, %(instance)s, 'gitlab', 'g', true, now())",
        values,
    )
    for statement in OF_THE_ENGINE + OF_SUPPORT + OF_ADMINISTRATION:
        superuser.execute(statement, values)
    return facts.instance_id


async def leave(
    house: House, superuser: psycopg.Connection, client_key: str, ago: timedelta
) -> None:
    await house.lifecycle.apply(event("uninstalled", clientKey=client_key), fresh_token())
    superuser.execute(
        "UPDATE installations SET uninstalled_at = %s WHERE client_key = %s",
        (datetime.now(UTC) - ago, client_key),
    )


def rows_of(superuser: psycopg.Connection, instance_id: UUID) -> dict[str, int]:
    counted = {}
    for table in TABLES:
        query = f"SELECT count(*) FROM {table} WHERE instance_id = %s"  # noqa: S608
        row = superuser.execute(query, (instance_id,)).fetchone()
        assert row is not None
        counted[table] = row[0]
    return counted


async def erase(house: House) -> list[UUID]:
    return await erase_departed(house.database, house.changes, datetime.now(UTC))


def test_every_table_of_a_customer_is_erased() -> None:
    assert sorted(model.__tablename__ for model in ERASED_IN_ORDER) == TABLES


async def test_after_60_days_nothing_is_left_and_others_keep_everything(
    house: House, superuser: psycopg.Connection
) -> None:
    gone = await an_instance(house, superuser, "gone")
    stays = await an_instance(house, superuser, "stays")
    assert 0 not in rows_of(superuser, gone).values()
    kept = rows_of(superuser, stays)
    await leave(house, superuser, "gone", timedelta(days=60, minutes=1))
    assert await erase(house) == [gone]
    assert set(rows_of(superuser, gone).values()) == {0}
    assert superuser.execute("SELECT id FROM instances").fetchall() == [(stays,)]
    assert rows_of(superuser, stays) == kept
    assert await house.directory.find("gone") is None


@pytest.mark.parametrize(
    "ago", [timedelta(0), timedelta(days=59), timedelta(days=60) - timedelta(minutes=1)]
)
async def test_not_a_day_earlier(
    house: House, superuser: psycopg.Connection, ago: timedelta
) -> None:
    instance_id = await an_instance(house, superuser, "leaving")
    await leave(house, superuser, "leaving", ago)
    before = rows_of(superuser, instance_id)
    assert await erase(house) == []
    assert rows_of(superuser, instance_id) == before


async def test_one_installation_that_stays_keeps_the_whole_instance(
    house: House, superuser: psycopg.Connection
) -> None:
    instance_id = await an_instance(house, superuser, "first")
    await leave(house, superuser, "first", timedelta(days=90))
    superuser.execute(
        "INSERT INTO installations (id, instance_id, client_key, base_url, display_url, secret,"
        " secret_changed_at, enabled) SELECT gen_random_uuid(), instance_id, 'second', base_url,"
        " display_url, secret, now(), true FROM installations"
    )
    assert await erase(house) == []
    assert 0 not in rows_of(superuser, instance_id).values()


async def test_who_installs_again_while_being_erased_is_whole_either_way(
    house: House, superuser: psycopg.Connection
) -> None:
    await house.lifecycle.apply(event("installed"), fresh_token())
    await leave(house, superuser, CLIENT_KEY, timedelta(days=61))
    await asyncio.gather(erase(house), house.lifecycle.apply(event("installed"), fresh_token()))
    facts = await house.directory.load(CLIENT_KEY)
    assert facts is not None
    assert facts.is_installed
    assert superuser.execute("SELECT id, instance_id FROM workspaces").fetchall() == [
        (facts.workspace_id, facts.instance_id)
    ]


async def test_tokens_are_forgotten_once_they_have_expired_and_not_before(
    house: House, superuser: psycopg.Connection
) -> None:
    old, young = fresh_token(expires_in=-1), fresh_token(expires_in=60)
    await house.lifecycle.apply(event("installed"), old)
    await house.lifecycle.apply(event("installed"), young)
    await erase(house)
    left = superuser.execute("SELECT fingerprint FROM used_lifecycle_tokens").fetchall()
    assert left == [(young.fingerprint,)]


@pytest.mark.parametrize("days", [None, 59])
async def test_the_database_itself_refuses_to_lose_the_trail_of_who_is_here(
    house: House, superuser: psycopg.Connection, days: int | None
) -> None:
    instance_id = await an_instance(house, superuser, "here")
    if days is not None:
        await leave(house, superuser, "here", timedelta(days=days))
    with pytest.raises(DBAPIError, match="can only be added"):
        async with house.database.of_instance(instance_id) as session:
            await session.execute(text("DELETE FROM audit_entries"))


async def test_a_deleted_installation_does_not_open_the_trail(
    house: House, superuser: psycopg.Connection
) -> None:
    instance_id = await an_instance(house, superuser, "here")

    async def one_after_the_other() -> None:
        async with house.database.of_instance(instance_id) as session:
            await session.execute(text("DELETE FROM installations"))
            await session.execute(text("DELETE FROM audit_entries"))

    with pytest.raises(DBAPIError, match="can only be added"):
        await one_after_the_other()
    assert 0 not in rows_of(superuser, instance_id).values()
