"""Finds the instance behind a client key: from memory, or in one transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, cast
from uuid import UUID

from cachetools import TTLCache
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import Changes
from app.database import Database, bind
from app.encryption import InstanceKey, MasterKeys
from app.instances.facts import InstanceFacts
from app.instances.models import GroupBinding, Installation, Instance
from connect import LicenceFact, LicenceState, Site
from connect.tokens import PREVIOUS_SECRET_GRACE

_KEPT = 20_000
_KEPT_S = 300
# Anybody can name a client key: look-ups must leave connections to those whom we know.
_LOOK_UPS_AT_ONCE = 3


class Directory:
    """Facts by client key, dropped everywhere as soon as the instance changes."""

    def __init__(self, database: Database, master_keys: MasterKeys, changes: Changes) -> None:
        self._database = database
        self._master_keys = master_keys
        self._changes = changes
        self._kept: TTLCache[str, InstanceFacts] = TTLCache(_KEPT, _KEPT_S)
        self._generation = 0
        self._look_ups = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)
        changes.on_change("facts", self._forget)

    async def find(self, client_key: str) -> InstanceFacts | None:
        """The facts, at most as old as the last change; None when nobody installed with it."""
        if self._changes.is_listening and (facts := self._kept.get(client_key)):
            return facts
        generation = self._generation
        facts = await self.load(client_key)
        # A change that arrived while we read may be newer than what we read.
        if facts is not None and generation == self._generation:
            self._kept[client_key] = facts
        return facts

    async def of_instance(self, instance_id: UUID) -> InstanceFacts | None:
        """The instance through the installation that counts: one that is there, the newest."""
        async with self._database.of_instance(instance_id) as session:
            client_key = await session.scalar(
                select(Installation.client_key)
                .order_by(
                    Installation.uninstalled_at.is_(None).desc(),
                    Installation.superseded_at.is_(None).desc(),
                    Installation.created_at.desc(),
                )
                .limit(1)
            )
        return None if client_key is None else await self.find(client_key)

    async def load(self, client_key: str) -> InstanceFacts | None:
        """The facts as they are in the database now."""
        async with self._look_ups, self._database.by_client_key(client_key) as session:
            installation = await session.scalar(
                select(Installation).where(Installation.client_key == client_key)
            )
            if installation is None:
                return None
            await bind(session, "app.instance_id", str(installation.instance_id))
            return await self._facts(session, installation)

    def forget_everything(self) -> None:
        """Read all facts anew from now on."""
        self._forget(None)

    async def _facts(self, session: AsyncSession, installation: Installation) -> InstanceFacts:
        instance = await session.get_one(Instance, installation.instance_id)
        bindings = (await session.scalars(select(GroupBinding))).all()
        key = self._master_keys.instance_key(instance.wrapped_key, instance.id)
        assert instance.jira_workspace_id is not None  # noqa: S101 - made with the instance
        return InstanceFacts(
            instance_id=instance.id,
            installation_id=installation.id,
            site=open_site(installation, key),
            is_installed=installation.uninstalled_at is None,
            is_enabled=installation.enabled,
            is_configured=instance.configured_at is not None,
            workspace_id=instance.jira_workspace_id,
            licence=licence_fact(installation),
            tools_by_group=_tools_by_group(bindings),
            standard_bound=frozenset(row.tool for row in bindings if row.is_standard),
            key=key,
        )

    def _forget(self, instance_id: UUID | None) -> None:
        self._generation += 1
        gone = [
            client_key
            for client_key, facts in self._kept.items()
            if instance_id in {None, facts.instance_id}
        ]
        for client_key in gone:
            self._kept.pop(client_key, None)


def open_site(installation: Installation, key: InstanceKey) -> Site:
    """The site with its secrets in the clear, for as long as it is held in memory."""
    previous = installation.previous_secret
    place = ("installations", installation.id, "secret")
    return Site(
        client_key=installation.client_key,
        base_url=installation.base_url,
        display_url=installation.display_url,
        secret=key.open(installation.secret, *place).decode(),
        previous_secret=key.open(previous, *place).decode() if previous else None,
        previous_secret_until=installation.secret_changed_at + PREVIOUS_SECRET_GRACE,
    )


def licence_fact(installation: Installation) -> LicenceFact | None:
    """What was last learnt of the licence, if anything was."""
    if installation.licence_state is None or installation.licence_learnt_at is None:
        return None
    return LicenceFact(
        state=LicenceState(installation.licence_state),
        learnt_at=installation.licence_learnt_at,
        source=cast("Literal['api', 'page']", installation.licence_source),
        entitlement_number=installation.licence_entitlement,
        type=installation.licence_type,
    )


def _tools_by_group(bindings: Iterable[GroupBinding]) -> dict[str, frozenset[str]]:
    tools: dict[str, set[str]] = defaultdict(set)
    for row in bindings:
        tools[row.group_id].add(row.tool)
    return {group_id: frozenset(names) for group_id, names in tools.items()}
