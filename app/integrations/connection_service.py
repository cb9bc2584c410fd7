"""Creates, changes, shares and deletes connections; seals and opens their credentials.

Everything arrives checked. No credential goes into the trail, a log or an exception.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, visible
from app.encryption import CannotOpen
from app.errors import Conflict
from app.identity.visit import Visit
from app.instances.facts import InstanceFacts
from app.integrations.models import Connection, Integration
from app.integrations.noting import note, note_version
from app.integrations.schemas import NewConnection
from app.tools.probe import ProbeResult

MOST_DEPENDANTS = 50


async def create(
    session: AsyncSession,
    visit: Visit,
    form: NewConnection,
    address: str,
    credentials: Mapping[str, str],
) -> Connection:
    """Add one, owned by the visitor; from a project's settings it belongs to that project."""
    connection_id = uuid4()
    connection = Connection(
        id=connection_id,
        instance_id=visit.caller.instance_id,
        workspace_id=visit.workspace_id,
        tool=form.tool.value,
        project_id=visit.project.id if visit.project else None,
        owner=visit.caller.account,
        others_may=form.others_may.value,
        name=form.name,
        address=address,
        credentials=_sealed(visit, connection_id, credentials),
        credentials_changed_at=datetime.now(UTC),
    )
    session.add(connection)
    await session.flush()
    plain = {
        name: getattr(connection, name)
        for name in ("name", "tool", "address", "project_id", "others_may")
    }
    note_version(session, visit, connection, plain)
    return connection


async def change(
    session: AsyncSession,
    visit: Visit,
    connection: Connection,
    *,
    name: str,
    address: str,
    credentials: Mapping[str, str] | None,
) -> None:
    """Set name and address; ``credentials`` of None stay as they are."""
    wanted: dict[str, Any] = {"name": name, "address": address}
    changes: dict[str, list[str]] = {
        field: [getattr(connection, field), value]
        for field, value in wanted.items()
        if getattr(connection, field) != value
    }
    for field in changes:
        setattr(connection, field, wanted[field])
    if credentials is not None:
        connection.credentials = _sealed(visit, connection.id, credentials)
        connection.credentials_changed_at = datetime.now(UTC)
        changes["credentials"] = ["set", "set anew"]
    if not changes:
        return
    if changes.keys() != {"name"}:
        connection.tested_at, connection.test_problem = None, None
    await session.flush()
    note_version(session, visit, connection, {"changes": changes, "name": connection.name})


async def share(
    session: AsyncSession, visit: Visit, connection: Connection, others_may: str
) -> None:
    """Set what others may do with it."""
    if connection.others_may == others_may:
        return
    changes = {"others_may": [connection.others_may, others_may]}
    connection.others_may = others_may
    await session.flush()
    note_version(session, visit, connection, {"changes": changes, "name": connection.name})


async def hand_over(
    session: AsyncSession, visit: Visit, connection: Connection, owner: str
) -> None:
    """Give it to somebody who may own it."""
    changes = {"owner": [connection.owner, owner]}
    connection.owner = owner
    await session.flush()
    note_version(session, visit, connection, {"changes": changes, "name": connection.name})


async def delete(session: AsyncSession, visit: Visit, connection: Connection) -> None:
    """Take it away with its credentials; the database refuses while something depends on it."""
    await session.delete(connection)
    plain = {name: getattr(connection, name) for name in ("name", "tool", "address", "owner")}
    note(session, visit, connection, {"deleted": plain, "version": connection.version + 1})
    await session.flush()


async def note_test(
    session: AsyncSession, visit: Visit, connection: Connection, result: ProbeResult
) -> None:
    """Keep how the test went, unless the connection was changed meanwhile; no new version."""
    await session.execute(
        update(Connection)
        .where(Connection.id == connection.id, Connection.version == connection.version)
        .values(
            tested_at=datetime.now(UTC),
            test_problem=None if result.ok else result.message,
            updated_at=Connection.updated_at,
        )
    )
    note(session, visit, connection, {"tested": result.message, "name": connection.name})


def opened(visit: Visit, connection: Connection) -> dict[str, str]:
    """The credentials in the clear, for the tool and nobody else; ``Conflict`` if they are lost."""
    try:
        return credentials_of(visit.facts, connection)
    except CannotOpen:
        raise Conflict(
            "The stored credentials of this connection can no longer be opened.",
            title="The credentials are lost",
            mend="Edit the connection and enter them again.",
        ) from None


def credentials_of(facts: InstanceFacts, connection: Connection) -> dict[str, str]:
    """The credentials in the clear, for the tool and nobody else; ``CannotOpen`` if lost."""
    plain = facts.key.open(connection.credentials, "connections", connection.id, "credentials")
    credentials: dict[str, str] = json.loads(plain)
    return credentials


async def dependants(
    session: AsyncSession, visit: Visit, connection: Connection
) -> list[Row[str, bool]]:
    """The first integrations that use it: name, and whether the visitor may know of them."""
    seen: ColumnElement[bool] = visible(visit.caller, Action.SEE_INTEGRATION, Integration)
    statement = (
        select(Integration.name, seen)
        .where(
            Integration.instance_id == connection.instance_id,
            Integration.connection_id == connection.id,
        )
        .order_by(Integration.name)
        .limit(MOST_DEPENDANTS)
    )
    return list((await session.execute(statement)).all())


def _sealed(visit: Visit, connection_id: object, credentials: Mapping[str, str]) -> bytes:
    plain = json.dumps(dict(credentials)).encode()
    return visit.facts.key.seal(plain, "connections", connection_id, "credentials")
