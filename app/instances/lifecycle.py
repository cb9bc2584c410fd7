"""What the lifecycle of the Connect app does to instances and installations."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry
from app.changes import Changes
from app.database import Database, bind
from app.encryption import InstanceKey, MasterKeys
from app.instances.directory import Directory
from app.instances.models import Installation, Instance, UsedLifecycleToken, Workspace
from app.support.force import shut_out_unchecked, take_turn
from connect import LifecycleEvent, Site, TokenReplayed, UsedToken
from connect.claims import ACCOUNT_ID

FIRST_WORKSPACE = "Default workspace"


class ConnectLifecycle:
    """Keeps installations; the store that ``connect.lifecycle_router`` asks for."""

    def __init__(
        self,
        database: Database,
        master_keys: MasterKeys,
        directory: Directory,
        changes: Changes,
    ) -> None:
        self._database = database
        self._master_keys = master_keys
        self._directory = directory
        self._changes = changes

    async def find(self, client_key: str) -> Site | None:
        """The site as it is in the database now, also when it was uninstalled."""
        facts = await self._directory.load(client_key)
        return facts.site if facts else None

    async def apply(self, event: LifecycleEvent, token: UsedToken) -> None:
        """Do what the event says in one transaction; ``TokenReplayed`` if it was done before."""
        async with self._database.by_client_key(event.client_key) as session:
            await _use_once(session, token)
            # Calls for one site queue up: disabled and uninstalled arrive together.
            await queue_up(session, event.client_key)
            installation = await session.scalar(
                select(Installation).where(Installation.client_key == event.client_key)
            )
            if event.event_type == "installed":
                await self._supersede(session, event)
                await self._installed(session, event, installation)
            elif installation is not None:
                await bind(session, "app.instance_id", str(installation.instance_id))
                _mark(installation, event)
                if event.event_type == "uninstalled":
                    # Whoever comes back finds everything, but lets support in anew.
                    await take_turn(session, installation.instance_id)
                    await shut_out_unchecked(session, by=_account(event))
                await self._conclude(session, installation, event)

    async def _installed(
        self, session: AsyncSession, event: LifecycleEvent, installation: Installation | None
    ) -> None:
        if installation is None:
            instance = await new_instance(session, self._master_keys)
            key = self._master_keys.instance_key(instance.wrapped_key, instance.id)
            installation = Installation(
                id=uuid4(), instance_id=instance.id, client_key=event.client_key
            )
        else:
            await bind(session, "app.instance_id", str(installation.instance_id))
            instance = await session.get_one(Instance, installation.instance_id)
            key = self._master_keys.instance_key(instance.wrapped_key, instance.id)
        _take_secret(installation, event, key)
        _describe(installation, event)
        session.add(installation)
        await self._conclude(session, installation, event)

    async def _supersede(self, session: AsyncSession, event: LifecycleEvent) -> None:
        """A data import gives the site another client key; the earlier one is not asked any more.

        The earlier instance keeps everything and is never joined to the new one by itself: a base
        URL proves nothing about who owned it before. Nor does it prove that the earlier site is
        gone (we may have missed that it was renamed), so the mark refuses and erases nothing.
        """
        assert event.base_url is not None  # noqa: S101 - the event's model demands it
        base_url = event.base_url.rstrip("/")
        await queue_up(session, base_url)
        await bind(session, "app.housekeeping", "on")
        earlier = await session.execute(
            select(Installation.id, Installation.instance_id).where(
                Installation.base_url == base_url,
                Installation.client_key != event.client_key,
                Installation.superseded_at.is_(None),
            )
        )
        for installation_id, instance_id in earlier.all():
            await bind(session, "app.instance_id", str(instance_id))
            await session.execute(
                update(Installation)
                .where(Installation.id == installation_id)
                .values(superseded_at=datetime.now(UTC))
            )
            await self._changes.announce(session, instance_id)
        await bind(session, "app.housekeeping", "")

    async def _conclude(
        self, session: AsyncSession, installation: Installation, event: LifecycleEvent
    ) -> None:
        await session.flush()
        session.add(_entry(installation.instance_id, event))
        await self._changes.announce(session, installation.instance_id)


async def new_instance(session: AsyncSession, master_keys: MasterKeys) -> Instance:
    """An empty instance with its first workspace; the transaction is bound to it from here on."""
    instance_id, workspace_id = uuid4(), uuid4()
    await bind(session, "app.instance_id", str(instance_id))
    instance = Instance(
        id=instance_id,
        wrapped_key=master_keys.new_instance_key(instance_id),
        jira_workspace_id=workspace_id,
    )
    session.add(instance)
    await session.flush()
    session.add(Workspace(id=workspace_id, instance_id=instance_id, name=FIRST_WORKSPACE))
    return instance


async def queue_up(session: AsyncSession, name: str) -> None:
    """Wait for every other transaction that queued up under this name, until this one ends."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
    )


async def _use_once(session: AsyncSession, token: UsedToken) -> None:
    expires_at = datetime.fromtimestamp(token.expires_at, UTC)
    used = await session.execute(
        insert(UsedLifecycleToken)
        .values(fingerprint=token.fingerprint, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(UsedLifecycleToken.fingerprint)
    )
    if used.first() is None:
        raise TokenReplayed


def _take_secret(installation: Installation, event: LifecycleEvent, key: InstanceKey) -> None:
    """Keep the earlier secret for pages already loaded; upgrade and rename bring the same again."""
    assert event.shared_secret is not None  # noqa: S101 - the event's model demands it
    secret = event.shared_secret.get_secret_value().encode()
    place = ("installations", installation.id, "secret")
    # Pages that were open before an uninstall have nothing to go on with.
    earlier = installation.secret if installation.uninstalled_at is None else None
    if earlier is not None and key.open(earlier, *place) == secret:
        return
    installation.previous_secret = earlier
    installation.secret = key.seal(secret, *place)
    installation.secret_changed_at = datetime.now(UTC)


def _describe(installation: Installation, event: LifecycleEvent) -> None:
    assert event.base_url is not None  # noqa: S101 - the event's model demands it
    installation.base_url = event.base_url.rstrip("/")
    installation.display_url = (event.display_url or event.base_url).rstrip("/")
    installation.oauth_client_id = event.oauth_client_id
    installation.forge_installation_id = event.installation_id
    if installation.uninstalled_at is not None:
        # Atlassian tells apps that are registered with Forge of no `enabled` after it.
        installation.enabled = True
    installation.uninstalled_at = None
    installation.superseded_at = None


def _mark(installation: Installation, event: LifecycleEvent) -> None:
    if event.event_type == "uninstalled":
        installation.enabled = False
        installation.uninstalled_at = installation.uninstalled_at or datetime.now(UTC)
    elif installation.uninstalled_at is None:
        installation.enabled = event.event_type == "enabled"


def _account(event: LifecycleEvent) -> str:
    is_known = event.account_id is not None and ACCOUNT_ID(event.account_id)
    return f"jira:{event.account_id}" if is_known else "atlassian"


def _entry(instance_id: UUID, event: LifecycleEvent) -> AuditEntry:
    return AuditEntry(
        instance_id=instance_id,
        account=_account(event),
        door="connect",
        action=f"lifecycle: {event.event_type}",
        allowed=True,
        reason="GRANTED",
        details={"baseUrl": event.base_url} if event.base_url else {},
    )
