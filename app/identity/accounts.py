"""What is known of people with an account: from memory until something changes, or in one read."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.administration.models import Account, WorkspaceAccess
from app.changes import Changes
from app.database import Database
from app.instances.facts import InstanceFacts
from app.kept import KeptUntilChange

USER = "user:"
_Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account and the workspaces it was given, each with the level of access."""

    id: UUID
    name: str
    enabled: bool
    is_administrator: bool
    has_second_factor: bool
    is_of_provider: bool
    levels: Mapping[UUID, str]

    def lacks_second_factor(self, facts: InstanceFacts) -> bool:
        """Whether one is a must that they have not set up; a provider asks for its own."""
        has = self.has_second_factor or self.is_of_provider
        return facts.second_factor_required and not has


class KnownAccounts:
    """Accounts that are in use, dropped everywhere as soon as their instance changes."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._kept = KeptUntilChange[_Key, KnownAccount](changes, lambda key, _: key[0])
        self._names = KeptUntilChange[_Key, str](changes, lambda key, _: key[0])

    async def find(self, instance_id: UUID, account_id: UUID) -> KnownAccount | None:
        """The account as it is now; None if there is none in this instance."""
        key = (instance_id, account_id)
        if kept := self._kept.get(key):
            return kept
        generation = self._kept.generation
        rows = await self._database.rows(instance_id, _with_access(account_id))
        if not rows:
            return None
        found = _known(account_id, rows)
        self._kept.keep(key, found, generation)
        return found

    async def names(self, instance_id: UUID, account_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """The names of those that there are."""
        kept = {
            account_id: name
            for account_id in account_ids
            if (name := self._names.get((instance_id, account_id))) is not None
        }
        missing = sorted(set(account_ids) - set(kept))
        if not missing:
            return kept
        generation = self._names.generation
        columns: Any = (Account.id, Account.name)
        statement = select(*columns).where(Account.id.in_(missing))
        rows: Iterable[Any] = await self._database.rows(instance_id, statement)
        found: dict[UUID, str] = {row.id: row.name for row in rows}
        for account_id, name in found.items():
            self._names.keep((instance_id, account_id), name, generation)
        return kept | found


def account_id_of(account: str, prefix: str = USER) -> UUID | None:
    """The id in ``user:<id>`` (or behind another prefix); None for whoever is named otherwise."""
    if not account.startswith(prefix):
        return None
    try:
        return UUID(account.removeprefix(prefix))
    except ValueError:
        return None


def _with_access(account_id: UUID) -> Select[Any]:
    columns: Any = (
        Account.name,
        Account.enabled,
        Account.is_administrator,
        Account.totp_secret.is_not(None),
        Account.oidc_subject.is_not(None),
        WorkspaceAccess.workspace_id,
        WorkspaceAccess.level,
    )
    return (
        select(*columns)
        .outerjoin(WorkspaceAccess, WorkspaceAccess.account_id == Account.id)
        .where(Account.id == account_id)
    )


def _known(account_id: UUID, rows: Any) -> KnownAccount:
    name, enabled, is_administrator, has_second_factor, is_of_provider, _, _ = rows[0]
    return KnownAccount(
        account_id,
        name,
        enabled,
        is_administrator,
        has_second_factor,
        is_of_provider,
        {workspace_id: level for *_, workspace_id, level in rows if workspace_id is not None},
    )
