"""Reads the trail: page by page for the screen, row after row for an export."""

from collections.abc import AsyncIterator, Set
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select

from app.audit.filters import AuditFilter, AuditPage, matching
from app.audit.models import AuditEntry
from app.audit.words import Entry, entry_in_words
from app.house import House
from app.identity.people import Person
from app.identity.visit import Visit
from app.support.agents import agents_named

PAGE_SIZE = 50
_AT_ONCE = 500
_MOST_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries, newest first; ``older`` is where the next one begins."""

    entries: tuple[Entry, ...]
    older: int | None


async def accounts_meant(house: House, visit: Visit, person: str) -> frozenset[str] | None:
    """The accounts behind what was typed: an account itself, or people's names; raises JiraError.

    None means everybody.
    """
    if not person:
        return None
    if person in {"atlassian", "getint"} or person.startswith(("jira:", "agent:")):
        return frozenset({person})
    users = await house.jira.search_users(visit.facts.site, person, limit=_MOST_PEOPLE)
    return frozenset(f"jira:{user.account_id}" for user in users)


async def read_page(house: House, visit: Visit, wanted: AuditPage) -> Found:
    """Entries before ``wanted.before`` in words; raises as ``read_rows``."""
    shown, older = await read_rows(house, visit, wanted, PAGE_SIZE)
    people = await named(house, visit, {row.account for row in shown})
    prefix = house.settings.group_prefix
    return Found(tuple(entry_in_words(row, people, prefix) for row in shown), older)


async def read_rows(
    house: House, visit: Visit, wanted: AuditPage, most: int
) -> tuple[list[AuditEntry], int | None]:
    """Entries before ``wanted.before``, newest first, and where the next page begins.

    Raises JiraError when a name can not be looked up.
    """
    accounts = await accounts_meant(house, visit, wanted.person)
    statement = matching(visit.caller.instance_id, wanted, accounts)
    if wanted.before is not None:
        statement = statement.where(AuditEntry.id < wanted.before)
    statement = statement.order_by(AuditEntry.id.desc()).limit(most + 1)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        rows = list(await session.scalars(statement))
    shown = rows[:most]
    return shown, shown[-1].id if len(rows) > most else None


async def named(house: House, visit: Visit, accounts: Set[str]) -> dict[str, Person]:
    """Whoever is in the trail: people of this Jira, and agents of support."""
    people = await house.people.named(visit.facts, accounts)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        return people | await agents_named(session, accounts)


async def export_statement(house: House, visit: Visit, wanted: AuditFilter) -> Select[AuditEntry]:
    """All entries of the filter; raises JiraError."""
    accounts = await accounts_meant(house, visit, wanted.person)
    return matching(visit.caller.instance_id, wanted, accounts)


async def in_parts(
    house: House, instance_id: UUID, statement: Select[AuditEntry]
) -> AsyncIterator[list[AuditEntry]]:
    """The rows that there are now, some at a time, in the order in which they happened.

    Each part has a transaction of its own: whoever reads slowly must not hold a connection.
    """
    of_it = AuditEntry.instance_id == instance_id
    async with house.database.of_instance(instance_id) as session:
        last = await session.scalar(select(func.max(AuditEntry.id)).where(of_it)) or 0
    part, after = statement.order_by(AuditEntry.id).limit(_AT_ONCE), 0
    while after < last:
        async with house.database.of_instance(instance_id) as session:
            rows = await session.scalars(part.where(AuditEntry.id > after, AuditEntry.id <= last))
            found = list(rows)
        if found:
            yield found
        after = found[-1].id if len(found) == _AT_ONCE else last
