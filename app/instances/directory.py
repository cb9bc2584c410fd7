"""Finds the instance behind a client key: from memory, or in one transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import IdentityProvider, WorkspaceChoice, WorkspaceProject
from app.changes import Changes
from app.database import Database, bind
from app.encryption import InstanceKey, MasterKeys
from app.instances.facts import InstanceFacts, ProviderFacts, WorkspaceFacts
from app.instances.models import GroupBinding, Installation, Instance, Workspace
from app.kept import KeptUntilChange
from connect import LicenceFact, LicenceState, Site
from connect.tokens import PREVIOUS_SECRET_GRACE

# Anybody can name a client key: look-ups must leave connections to those whom we know.
_LOOK_UPS_AT_ONCE = 3


class Directory:
    """Facts by client key or instance, dropped everywhere as soon as the instance changes."""

    def __init__(self, database: Database, master_keys: MasterKeys, changes: Changes) -> None:
        self._database = database
        self._master_keys = master_keys
        self._changes = changes
        self._kept = KeptUntilChange[str | UUID, InstanceFacts](
            changes, lambda _, facts: facts.instance_id
        )
        self._look_ups = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)

    async def find(self, client_key: str) -> InstanceFacts | None:
        """The facts, at most as old as the last change; None when nobody installed with it."""
        return await self._kept_or_loaded(client_key, partial(self.load, client_key))

    async def of_instance(self, instance_id: UUID) -> InstanceFacts | None:
        """The instance through the installation that counts: one that is there, the newest.

        Without any, the instance on its own; None where there is no such instance.
        """
        return await self._kept_or_loaded(instance_id, partial(self._load_instance, instance_id))

    async def only_one(self) -> UUID | None:
        """The instance, where there is but one, as on a customer's own machine."""
        async with self._look_ups, self._database.housekeeping() as session:
            found = (await session.scalars(select(Instance.id).limit(2))).all()
        return found[0] if len(found) == 1 else None

    async def _kept_or_loaded(
        self, known_as: str | UUID, load: Callable[[], Awaitable[InstanceFacts | None]]
    ) -> InstanceFacts | None:
        if facts := self._kept.get(known_as):
            return facts
        generation = self._kept.generation
        facts = await load()
        if facts is not None:
            self._kept.keep(known_as, facts, generation)
        return facts

    async def load(self, client_key: str) -> InstanceFacts | None:
        """The facts as they are in the database now."""
        async with self._look_ups, self._database.by_client_key(client_key) as session:
            installation = await session.scalar(
                select(Installation).where(Installation.client_key == client_key)
            )
            if installation is None:
                return None
            await bind(session, "app.instance_id", str(installation.instance_id))
            instance = await session.get_one(Instance, installation.instance_id)
            return await self._facts(session, instance, installation)

    async def _load_instance(self, instance_id: UUID) -> InstanceFacts | None:
        async with self._look_ups, self._database.of_instance(instance_id) as session:
            instance = await session.get(Instance, instance_id)
            if instance is None:
                return None
            installation = await session.scalar(
                select(Installation)
                .order_by(
                    Installation.uninstalled_at.is_(None).desc(),
                    Installation.superseded_at.is_(None).desc(),
                    Installation.created_at.desc(),
                )
                .limit(1)
            )
            return await self._facts(session, instance, installation)

    def is_current(self, facts: InstanceFacts) -> bool:
        """Whether no change was heard of since; without a channel nothing is."""
        kept = self._kept.get(facts.instance_id)
        return kept is facts or not self._changes.is_listening

    def forget_everything(self) -> None:
        """Read all facts anew from now on."""
        self._kept.forget(None)

    async def _facts(
        self, session: AsyncSession, instance: Instance, installation: Installation | None
    ) -> InstanceFacts:
        bindings = (await session.scalars(select(GroupBinding))).all()
        choices = (await session.scalars(select(WorkspaceChoice))).all()
        key = self._master_keys.instance_key(instance.wrapped_key, instance.id)
        assert instance.jira_workspace_id is not None  # noqa: S101 - made with the instance
        return InstanceFacts(
            instance_id=instance.id,
            installation_id=installation.id if installation else None,
            linked_site=open_site(installation, key) if installation else None,
            is_installed=installation is None or installation.uninstalled_at is None,
            is_enabled=installation is None or installation.enabled,
            is_configured=instance.configured_at is not None,
            workspace_id=instance.jira_workspace_id,
            workspaces=await _workspaces(session),
            chosen={choice.account: choice.workspace_id for choice in choices},
            second_factor_required=instance.second_factor_required,
            provider=await _provider(session, key),
            licence=licence_fact(installation) if installation else None,
            tools_by_group=_tools_by_group(bindings),
            standard_bound=frozenset(row.tool for row in bindings if row.is_standard),
            key=key,
        )


async def _workspaces(session: AsyncSession) -> dict[UUID, WorkspaceFacts]:
    projects: dict[UUID, set[str]] = defaultdict(set)
    for row in await session.scalars(select(WorkspaceProject)):
        projects[row.workspace_id].add(row.project_id)
    rows = await session.scalars(select(Workspace).order_by(Workspace.name, Workspace.id))
    return {
        row.id: WorkspaceFacts(
            row.id, row.name, row.archived_at is not None, frozenset(projects[row.id])
        )
        for row in rows
    }


async def _provider(session: AsyncSession, key: InstanceKey) -> ProviderFacts | None:
    found = await session.scalar(select(IdentityProvider))
    if found is None:
        return None
    secret = key.open(found.client_secret, *provider_place(found.instance_id)).decode()
    return ProviderFacts(found.name, found.issuer, found.client_id, secret)


def provider_place(instance_id: UUID) -> tuple[object, ...]:
    """Where the secret of the identity provider is sealed."""
    return ("identity_providers", instance_id, "client_secret")


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
