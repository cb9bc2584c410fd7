"""Adds, changes, orders and deletes the type mappings of an integration.

Everything arrives checked: the action on the integration, and the rules against both sides.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, InvalidInput, NotFound
from app.identity.visit import Visit
from app.integrations.models import Integration
from app.integrations.noting import note, note_version
from app.sync.export import MOST_MAPPINGS, MappingInFile
from app.sync.models import TypeMapping
from app.sync.problems import Mapped
from app.sync.rules import MappingRules


def of_integration(integration: Integration) -> Select[TypeMapping]:
    """Its mappings in the order in which they are tried."""
    return (
        select(TypeMapping)
        .where(TypeMapping.integration_id == integration.id)
        .order_by(TypeMapping.position, TypeMapping.id)
    )


def rules_of(mapping: TypeMapping) -> MappingRules:
    """Its rules, as they were stored."""
    return MappingRules.model_validate(mapping.rules)


def mapped(mapping: TypeMapping) -> Mapped:
    """The mapping as the search for problems sees it."""
    return Mapped(mapping.enabled, mapping.jira_type, mapping.tool_type, rules_of(mapping))


async def add(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    wanted: Sequence[MappingInFile],
) -> list[TypeMapping]:
    """Put further mappings below those that are there."""
    await _hold(session, integration)
    last, count = (
        await session.execute(
            select(func.max(TypeMapping.position), func.count()).where(
                TypeMapping.integration_id == integration.id
            )
        )
    ).one()
    _check_count(count + len(wanted))
    below = -1 if last is None else last
    made = [
        TypeMapping(
            instance_id=integration.instance_id,
            integration_id=integration.id,
            position=below + number,
            enabled=each.enabled,
            jira_type=each.jira_type,
            tool_type=each.tool_type,
            rules=each.rules.model_dump(mode="json"),
        )
        for number, each in enumerate(wanted, 1)
    ]
    session.add_all(made)
    await session.flush()
    for mapping in made:
        note_version(session, visit, mapping, _named(integration, mapping))
    return made


async def replace(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    wanted: Sequence[MappingInFile],
) -> None:
    """Let it have these mappings, in this order, and no others.

    One of the same two types is changed and stays the one that it is: items are linked under it.
    """
    await _hold(session, integration)
    _check_count(len(wanted))
    there: dict[tuple[str, str], list[TypeMapping]] = {}
    for mapping in await session.scalars(of_integration(integration)):
        there.setdefault((mapping.jira_type, mapping.tool_type), []).append(mapping)
    ordered = []
    for each in wanted:
        types = (each.jira_type, each.tool_type)
        if kept := there.get(types):
            mapping = kept.pop(0)
            what = {"rules": "replaced"}
            await change(
                session, visit, integration, mapping, rules=each.rules, types=types, what=what
            )
            await switch(session, visit, integration, mapping, enabled=each.enabled)
        else:
            mapping = (await add(session, visit, integration, [each]))[0]
        ordered.append(mapping)
    for left in there.values():
        for mapping in left:
            await delete(session, visit, integration, mapping)
    await _order(session, ordered)


async def copy(
    session: AsyncSession, visit: Visit, integration: Integration, mapping: TypeMapping
) -> TypeMapping:
    """Put the same again right below it, switched off."""
    await _hold(session, integration)
    ordered = list(await session.scalars(of_integration(integration)))
    _check_count(len(ordered) + 1)
    made = TypeMapping(
        instance_id=integration.instance_id,
        integration_id=integration.id,
        position=mapping.position,
        enabled=False,
        jira_type=mapping.jira_type,
        tool_type=mapping.tool_type,
        rules=mapping.rules,
    )
    session.add(made)
    await session.flush()
    at = next((n for n, each in enumerate(ordered, 1) if each.id == mapping.id), len(ordered))
    await _order(session, [*ordered[:at], made, *ordered[at:]])
    note_version(
        session, visit, made, {**_named(integration, made), "copied_from": str(mapping.id)}
    )
    return made


async def move(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    mapping: TypeMapping,
    *,
    up: bool,
) -> None:
    """Let it be tried one place earlier or later; at the end nothing happens."""
    await _hold(session, integration)
    ordered = list(await session.scalars(of_integration(integration)))
    here = next((n for n, each in enumerate(ordered) if each.id == mapping.id), None)
    if here is None:
        raise NotFound
    there = here - 1 if up else here + 1
    if not 0 <= there < len(ordered):
        return
    ordered[here], ordered[there] = ordered[there], ordered[here]
    await _order(session, ordered)
    details = {**_named(integration, mapping), "moved": "up" if up else "down"}
    note(session, visit, mapping, details)


async def switch(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    mapping: TypeMapping,
    *,
    enabled: bool,
) -> None:
    """Switch it on or off; doing it twice is doing it once."""
    if mapping.enabled == enabled:
        return
    changes = {"enabled": [str(mapping.enabled), str(enabled)]}
    mapping.enabled = enabled
    await session.flush()
    note_version(session, visit, mapping, {**_named(integration, mapping), "changes": changes})


async def change(
    session: AsyncSession,
    visit: Visit,
    integration: Integration,
    mapping: TypeMapping,
    *,
    rules: MappingRules,
    types: tuple[str, str],
    what: Mapping[str, str],
) -> None:
    """Set rules and types; ``what`` names the fields that changed, by part, and no content."""
    wanted = rules.model_dump(mode="json")
    if wanted == mapping.rules and types == (mapping.jira_type, mapping.tool_type):
        return
    mapping.rules = wanted
    mapping.jira_type, mapping.tool_type = types
    await session.flush()
    details = {**_named(integration, mapping), "changes": dict(what)}
    note_version(session, visit, mapping, details)


async def delete(
    session: AsyncSession, visit: Visit, integration: Integration, mapping: TypeMapping
) -> None:
    """Take it away; items that are linked stay linked."""
    await session.delete(mapping)
    deleted = {"jira_type": mapping.jira_type, "tool_type": mapping.tool_type}
    note(
        session,
        visit,
        mapping,
        {"integration": integration.name, "deleted": deleted, "version": mapping.version + 1},
    )
    await session.flush()


def _check_count(count: int) -> None:
    if count > MOST_MAPPINGS:
        raise InvalidInput(
            f"An integration can have at most {MOST_MAPPINGS} type mappings.",
            mend="Delete one that is not needed, or make another integration.",
        )


async def _hold(session: AsyncSession, integration: Integration) -> None:
    """Let nobody else add to or order these mappings until the transaction ends."""
    held = await session.scalar(
        select(Integration.id)
        .where(Integration.id == integration.id)
        .with_for_update(key_share=True)
    )
    if held is None:
        raise Conflict("The integration was deleted in the meantime.")


async def _order(session: AsyncSession, ordered: Iterable[TypeMapping]) -> None:
    """Number them; the order is no new version, so whoever edits one of them is not disturbed."""
    for number, mapping in enumerate(ordered):
        await session.execute(
            update(TypeMapping)
            .where(TypeMapping.id == mapping.id, TypeMapping.position != number)
            .values(position=number, updated_at=TypeMapping.updated_at)
            .execution_options(synchronize_session=False)
        )


def _named(integration: Integration, mapping: TypeMapping) -> dict[str, str]:
    return {
        "integration": integration.name,
        "name": f"{mapping.jira_type} with {mapping.tool_type}",
    }
