"""With the app's own filters gone, the database still shows nobody another customer's rows."""

from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select, text, true
from sqlalchemy.exc import DBAPIError

import app.access
from app.audit.models import AuditEntry
from app.database import (
    APP_ROLE,
    Database,
    DatabaseUnusable,
    RoleBypassesRowSecurity,
    require_usable_database,
)
from app.instances.models import GroupBinding, Installation, Instance, Workspace
from app.integrations.models import Connection, Integration
from app.models import Model
from app.news.models import ToolNews
from app.runs.models import LogChunk, Run
from app.settings import Settings
from app.support.models import RunShare, SupportGrant, SupportRequest
from app.sync.models import TypeMapping
from sandbox.running import Sandbox
from tests.people import Visitor

OF_AN_INSTANCE = (
    AuditEntry,
    GroupBinding,
    Installation,
    Workspace,
    Connection,
    Integration,
    ToolNews,
    TypeMapping,
    Run,
    LogChunk,
    RunShare,
    SupportGrant,
    SupportRequest,
)


@pytest.fixture
def instances(
    configured: Sandbox, other_site: Sandbox, superuser: psycopg.Connection
) -> tuple[UUID, UUID]:
    """The ids of both customers, each with a row in every table."""
    keys = (configured.site.client_key, other_site.site.client_key)
    found = []
    for key in keys:
        row = superuser.execute(
            "SELECT instance_id FROM installations WHERE client_key = %s", (key,)
        ).fetchone()
        assert row
        found.append(row[0])
        fill(superuser, row[0])
    return found[0], found[1]


def fill(superuser: psycopg.Connection, instance_id: UUID) -> UUID:
    """One row of everything; returns the integration's id."""
    names = ("connection", "integration", "mapping", "run")
    ids = {"instance": instance_id, **{name: uuid4() for name in names}}
    superuser.execute(
        "INSERT INTO group_bindings (id, instance_id, tool, group_id, is_standard, bound_at)"
        " VALUES (gen_random_uuid(), %(instance)s, 'gitlab', 'g', false, now())",
        ids,
    )
    superuser.execute(
        "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
        " address, credentials, credentials_changed_at, version)"
        " SELECT %(connection)s, id, jira_workspace_id, 'gitlab', 'jira:x', 'edit', 'theirs',"
        " 'https://gitlab.com', 'x', now(), 1 FROM instances WHERE id = %(instance)s",
        ids,
    )
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " connection_id, project_id, project_key, direction, jql, state, owner, version)"
        " SELECT %(integration)s, id, jira_workspace_id, 'integration', 'theirs alone', 'gitlab',"
        " 'a/b', %(connection)s, '10001', 'PAY', 'both', '', 'active', 'jira:x', 1"
        " FROM instances WHERE id = %(instance)s",
        ids,
    )
    superuser.execute(
        "INSERT INTO tool_news (instance_id, integration_id, address_hash, secret)"
        " VALUES (%(instance)s, %(integration)s, sha256(uuid_send(%(integration)s)), 'x')",
        ids,
    )
    superuser.execute(
        "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled, jira_type,"
        " tool_type, rules, version)"
        " VALUES (%(mapping)s, %(instance)s, %(integration)s, 0, true, 'Bug', 'theirs', '{}', 1)",
        ids,
    )
    superuser.execute(
        "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created, updated,"
        " skipped, failed, reason) VALUES (%(run)s, %(instance)s,"
        " %(integration)s, 'hand', 'done', '{}', 0, 0, 0, 1, 'theirs alone')",
        ids,
    )
    superuser.execute(
        "INSERT INTO log_chunks (instance_id, run_id, number, lines, sealed)"
        " VALUES (%(instance)s, %(run)s, 0, 1, 'x')",
        ids,
    )
    superuser.execute(
        "INSERT INTO run_shares (id, instance_id, run_id, shared_by)"
        " VALUES (gen_random_uuid(), %(instance)s, %(run)s, 'jira:x')",
        ids,
    )
    superuser.execute(
        "INSERT INTO support_grants (id, instance_id, approved_by, note)"
        " VALUES (gen_random_uuid(), %(instance)s, 'jira:x', 'theirs alone')",
        ids,
    )
    superuser.execute(
        "INSERT INTO support_agents (id, email, display_name, state)"
        " VALUES (%(run)s, %(run)s::text, 'Sam', 'active')",
        ids,
    )
    superuser.execute(
        "INSERT INTO support_requests (id, instance_id, agent_id, ticket, message, state)"
        " VALUES (gen_random_uuid(), %(instance)s, %(run)s, '', '', 'asked')",
        ids,
    )
    return UUID(str(ids["integration"]))


async def test_a_query_without_a_filter_returns_only_the_bound_instance(
    database: Database, instances: tuple[UUID, UUID]
) -> None:
    ours, _ = instances
    async with database.of_instance(ours) as session:
        for model in OF_AN_INSTANCE:
            found = set(await session.scalars(select(model.__table__.c.instance_id)))
            assert found == {ours}, model
        assert [row.id for row in (await session.scalars(select(Instance))).all()] == [ours]


async def test_a_transaction_that_is_bound_to_nothing_sees_nothing(
    database: Database, instances: tuple[UUID, UUID]
) -> None:
    async with database.engine.connect() as connection:
        for model in (Instance, *OF_AN_INSTANCE):
            assert (await connection.execute(select(model))).all() == []


async def test_a_binding_ends_with_its_transaction(
    database: Database, instances: tuple[UUID, UUID]
) -> None:
    async with database.of_instance(instances[0]) as session:
        await session.scalars(select(Integration))
    async with database.engine.connect() as connection:
        assert (await connection.execute(select(Integration))).all() == []


async def test_an_address_shows_its_own_webhook_and_nothing_else(
    database: Database, instances: tuple[UUID, UUID], superuser: psycopg.Connection
) -> None:
    known = superuser.execute("SELECT address_hash FROM tool_news").fetchall()
    for (address_hash,) in known:
        async with database.by_news_address(address_hash) as session:
            assert set(await session.scalars(select(ToolNews.address_hash))) == {address_hash}
            for model in {Instance, *OF_AN_INSTANCE} - {ToolNews}:
                assert (await session.execute(select(model))).all() == [], model
    async with database.by_news_address(b"") as session:
        assert (await session.execute(select(ToolNews))).all() == []


async def test_nothing_can_be_written_into_another_instance(
    database: Database, instances: tuple[UUID, UUID]
) -> None:
    ours, theirs = instances
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.of_instance(ours) as session:
            session.add(Workspace(instance_id=theirs, name="smuggled"))
    async with database.of_instance(ours) as session:
        changed = await session.execute(
            text("UPDATE integrations SET name = 'mine now' RETURNING instance_id")
        )
        assert list(changed.scalars()) == [ours]


async def test_a_reference_can_not_leave_the_instance(
    database: Database, instances: tuple[UUID, UUID], superuser: psycopg.Connection
) -> None:
    ours, theirs = instances
    row = superuser.execute(
        "SELECT id FROM connections WHERE instance_id = %s", (theirs,)
    ).fetchone()
    assert row
    with pytest.raises(DBAPIError, match="foreign key"):
        async with database.of_instance(ours) as session:
            await session.execute(
                text("UPDATE integrations SET connection_id = :id"), {"id": row[0]}
            )


@pytest.mark.parametrize("path", ["/integrations", "/connections", "/runs"])
async def test_with_the_apps_filters_removed_pages_show_nothing_of_others(
    path: str,
    instances: tuple[UUID, UUID],
    as_: Callable[..., Visitor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("pages", "service", "listing", "connections", "loading", "queries"):
        name = f"app.integrations.{module}.visible"
        monkeypatch.setattr(name, lambda *_: true(), raising=False) if _exists(module) else None
    monkeypatch.setattr("app.runs.reporting_list.visible", lambda *_: true())
    monkeypatch.setattr(app.access, "visible", lambda *_: true())
    response = await as_("admin").get(path)
    assert response.status_code == 200
    assert response.text.count(str(instances[1])) == 0
    assert response.text.count("theirs") >= 1


def _exists(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(f"app.integrations.{module}") is not None


def test_every_table_of_an_instance_is_under_forced_row_security(
    superuser: psycopg.Connection,
) -> None:
    bound = {
        table.name
        for table in Model.metadata.tables.values()
        if "instance_id" in table.columns or table.name == "instances"
    }
    forced = superuser.execute(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    ).fetchall()
    assert bound == {name for (name,) in forced}


async def test_the_app_steps_down_from_superuser_in_development(database: Database) -> None:
    async with database.engine.connect() as connection:
        role = (await connection.execute(text("SELECT current_user"))).scalar()
    assert role == APP_ROLE


def test_production_refuses_a_role_that_bypasses_row_security(settings: Settings) -> None:
    production = settings.model_copy(update={"app_env": "production"})
    with pytest.raises(RoleBypassesRowSecurity, match="NOSUPERUSER NOBYPASSRLS"):
        require_usable_database(production)


def test_production_takes_an_ordinary_role(
    settings: Settings, superuser: psycopg.Connection
) -> None:
    superuser.execute(f"CREATE ROLE ordinary LOGIN IN ROLE {APP_ROLE}")
    try:
        url = settings.libpq_url.replace("postgres:", "ordinary:", 1)
        ordinary = settings.model_copy(
            update={"app_env": "production", "database_url": _secret(url)}
        )
        require_usable_database(ordinary)
    finally:
        superuser.execute("DROP ROLE ordinary")


def test_a_database_that_does_not_answer_is_said_in_one_line(settings: Settings) -> None:
    nowhere = _secret("postgresql://getint:hush@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnusable) as problem:
        require_usable_database(settings.model_copy(update={"database_url": nowhere}))
    assert "hush" not in str(problem.value)
    assert "\n" not in str(problem.value)


def _secret(url: str) -> object:
    from pydantic import SecretStr

    return SecretStr(url)
