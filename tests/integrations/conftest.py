"""A configured site, names that resolve without a network, and another customer's things."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import FastAPI

from app.house import House
from sandbox.running import Sandbox
from tests.integrations.kit import PAY


class Names:
    """What host names resolve to."""

    def __init__(self) -> None:
        self.addresses: Sequence[str] = ["8.8.8.8"]

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        return self.addresses


@pytest.fixture
def host_names(app: FastAPI) -> Names:
    found = Names()
    app.state.house = replace(app.state.house, look_up=found)
    return found


@pytest.fixture(autouse=True)
def ready(configured: Sandbox, host_names: Names) -> Sandbox:
    """Every test here begins with the app installed and set up."""
    return configured


@pytest.fixture
def instance_id(superuser: psycopg.Connection) -> UUID:
    row = superuser.execute("SELECT id FROM instances").fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


@pytest.fixture
def asked_again(house: House, instance_id: UUID) -> Callable[[], Awaitable[None]]:
    """Let what Jira says now count, as *check again* does."""

    async def forget() -> None:
        async with house.database.of_instance(instance_id) as session:
            await house.changes.announce(session, instance_id, "standing")

    return forget


@pytest.fixture
def lapsed(ready: Sandbox, house: House, superuser: psycopg.Connection) -> None:
    """The licence has ended."""
    ready.host.set_licence("lapsed")
    superuser.execute(
        "UPDATE installations SET licence_state = 'lapsed', licence_learnt_at = now()"
    )
    house.directory.forget_everything()


@dataclass(frozen=True)
class Foreign:
    """Ids of another customer's things, in a project with the same id."""

    instance_id: UUID
    workspace_id: UUID
    connection_id: UUID
    integration_id: UUID


@pytest.fixture
def foreign(superuser: psycopg.Connection, instance_id: UUID) -> Foreign:
    its = Foreign(uuid4(), uuid4(), uuid4(), uuid4())
    superuser.execute(
        "INSERT INTO instances (id, wrapped_key) VALUES (%s, %s)",
        (its.instance_id, secrets.token_bytes(32)),
    )
    superuser.execute(
        "INSERT INTO workspaces (id, instance_id, name) VALUES (%s, %s, 'Theirs')",
        (its.workspace_id, its.instance_id),
    )
    superuser.execute(
        "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
        " address, credentials, credentials_changed_at, version) VALUES (%s, %s, %s, 'gitlab',"
        " 'jira:them', 'edit', 'Theirs', 'https://theirs.example.com', '', now(), 1)",
        (its.connection_id, its.instance_id, its.workspace_id),
    )
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " project_id, project_key, direction, jql, state, owner, version) VALUES (%s, %s, %s,"
        " 'integration', 'Theirs', 'gitlab', 'a/b', %s, 'PAY', 'both', '', 'active',"
        " 'jira:them', 1)",
        (its.integration_id, its.instance_id, its.workspace_id, PAY),
    )
    return its
