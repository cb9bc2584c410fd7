"""Creates, changes, pauses, hands over and deletes integrations and migrations.

Everything arrives checked: the action on the thing, the place, the connection.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.visit import Visit
from app.integrations.models import Connection, Integration
from app.integrations.noting import note, note_version
from app.integrations.schemas import ChangedIntegration, Configured, NewIntegration
from connect import Project

_CONFIGURED = tuple(Configured.model_fields)
_PLAIN = (*_CONFIGURED, "project_key")


async def create(
    session: AsyncSession,
    visit: Visit,
    form: NewIntegration,
    *,
    project: Project,
    connection: Connection | None,
    state: str = "active",
) -> Integration:
    """Add one, owned by the visitor, in the workspace and instance that they came to."""
    integration = Integration(
        instance_id=visit.caller.instance_id,
        workspace_id=visit.workspace_id,
        kind=form.kind,
        owner=visit.caller.account,
        state=state,
        project_id=project.id,
        project_key=project.key,
        connection_id=connection.id if connection else None,
        **_configured(form),
    )
    session.add(integration)
    await session.flush()
    plain = {name: getattr(integration, name) for name in (*_PLAIN, "kind")}
    note_version(
        session, visit, integration, plain | {"connection_id": _id(integration.connection_id)}
    )
    return integration


async def change(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    form: ChangedIntegration,
    *,
    project: Project,
    connection: Connection | None,
) -> None:
    """Set what the form says; nothing is written if nothing differs."""
    wanted: dict[str, Any] = {
        **_configured(form),
        "project_id": project.id,
        "project_key": project.key,
        "connection_id": connection.id if connection else None,
    }
    await _set(session, visit, integration, wanted)


async def set_state(
    session: AsyncSession, visit: Visit, integration: Integration, state: str
) -> None:
    """Pause or resume; doing it twice is doing it once."""
    await _set(session, visit, integration, {"state": state})


async def hand_over(
    session: AsyncSession, visit: Visit, integration: Integration, owner: str
) -> None:
    """Give it to somebody who may own it."""
    await _set(session, visit, integration, {"owner": owner})


async def delete(session: AsyncSession, visit: Visit, integration: Integration) -> None:
    """Take it away for good; the trail keeps what it was."""
    plain = {name: getattr(integration, name) for name in (*_PLAIN, "kind", "owner")}
    await session.delete(integration)
    note(session, visit, integration, {"deleted": plain, "version": integration.version + 1})
    await session.flush()


def _configured(form: Configured) -> dict[str, Any]:
    return form.model_dump(mode="json", include=set(_CONFIGURED))


async def _set(
    session: AsyncSession, visit: Visit, integration: Integration, wanted: dict[str, Any]
) -> None:
    changes = {
        name: [_id(getattr(integration, name)), _id(value)]
        for name, value in wanted.items()
        if getattr(integration, name) != value
    }
    if not changes:
        return
    for name in changes:
        setattr(integration, name, wanted[name])
    await session.flush()
    note_version(session, visit, integration, {"changes": changes, "name": integration.name})


def _id(value: Any) -> str | None:
    return None if value is None else str(value)
