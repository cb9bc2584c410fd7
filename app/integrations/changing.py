"""One transaction that changes a thing somebody looked at before, and what is said if it moved."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from app.audit.models import AuditEntry
from app.errors import Conflict
from app.house import House
from app.identity.visit import Visit
from app.integrations.noting import Thing, kind_of
from app.integrations.reading import things
from app.integrations.wording import when

_FIELD_WORDS = {
    "name": "the name",
    "tool": "the tool",
    "tool_place": "the place in the tool",
    "project_key": "the Jira project",
    "connection_id": "the connection",
    "direction": "the direction",
    "jql": "the filter",
    "state": "whether it is paused",
    "owner": "the owner",
    "workspace_id": "the workspace",
    "address": "the address",
    "credentials": "the credentials",
    "others_may": "what others may do",
    "tool_query": "the filter in the tool",
    "every_minutes": "how often it runs",
    "conflict_rule": "what wins in a conflict",
    "copies_deletions": "whether deletions are copied",
    "keep_logs_days": "how long logs are kept",
    "types": "the types",
    "enabled": "whether it is on",
    "fields": "the fields",
    "filled": "the filled fields",
    "statuses": "the statuses",
    "people": "the people",
    "comments": "the comments",
    "attachments": "the attachments",
    "hierarchy": "the hierarchy",
}
_LOOKED_AT = 20


@asynccontextmanager
async def changing(house: House, visit: Visit, thing: Thing) -> AsyncIterator[AsyncSession]:
    """Bind ``thing`` as it was checked; ``Conflict`` if it is not like that any more."""
    # Noted before: a transaction that fails takes the attributes with it.
    kind, thing_id, version = kind_of(thing), thing.id, thing.version
    try:
        async with house.database.of_instance(visit.caller.instance_id) as session:
            session.add(thing)
            try:
                yield session
            except Exception:
                # Undoing the transaction would also forget what the form is shown again with.
                session.expunge(thing)
                raise
    except StaleDataError:
        raise await _conflict(house, visit, kind, thing_id, version) from None
    except IntegrityError:
        raise Conflict("Something that it refers to was deleted in the meantime.") from None


async def require_version(house: House, visit: Visit, thing: Thing, version: int) -> None:
    """Raise ``Conflict`` if the form was opened on another version than the one there is now."""
    if thing.version != version:
        raise await _conflict(house, visit, kind_of(thing), thing.id, version)


async def _conflict(
    house: House, visit: Visit, kind: str, thing_id: UUID, version: int
) -> Conflict:
    """Who changed what since ``version``, as the audit trail has it."""
    entries = await _since(house, visit, kind, thing_id, version)
    people = await house.people.named(visit.facts, [entry.account for entry in entries])
    told = [
        f"{people[entry.account].name} changed {_listed(entry.details)} on {when(entry.at)}."
        for entry in entries
    ]
    return Conflict(
        " ".join(told) or "Somebody else changed or deleted it.",
        mend="Nothing was overwritten, and what you entered is still here. Open it again to see "
        "the present state, then make your change.",
    )


async def _since(
    house: House, visit: Visit, kind: str, thing_id: UUID, version: int
) -> list[AuditEntry]:
    statement = (
        select(AuditEntry)
        .where(
            AuditEntry.instance_id == visit.caller.instance_id,
            AuditEntry.thing_kind == kind,
            AuditEntry.thing_id == str(thing_id),
            AuditEntry.allowed,
        )
        .order_by(AuditEntry.id.desc())
        .limit(_LOOKED_AT)
    )
    entries = await things(house, visit, statement)
    return [entry for entry in entries if entry.details.get("version", 0) > version]


def _listed(details: Mapping[str, Any]) -> str:
    words = [_FIELD_WORDS[name] for name in details.get("changes", {}) if name in _FIELD_WORDS]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "it"
