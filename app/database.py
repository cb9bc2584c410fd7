"""The one way to PostgreSQL: every transaction is bound to what it may see.

Row-level security decides by the setting ``app.instance_id`` of the transaction. A transaction
that is bound to nothing sees no customer's rows, and the role may not bypass that.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import psycopg
from sqlalchemy import Select, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.errors import CannotTell
from app.reads import Reads, Rows

APP_ROLE = "getint_app"
BYPASSES_ROW_SECURITY = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


class DatabaseSettings(Protocol):
    """What a program has to know of its database: the app, or the console of support."""

    @property
    def sqlalchemy_url(self) -> str: ...

    @property
    def libpq_url(self) -> str: ...

    @property
    def database_pool_size(self) -> int: ...

    @property
    def is_development(self) -> bool: ...


class OfInstance(Protocol):
    """Whatever opens transactions that see one instance's rows."""

    def of_instance(self, instance_id: UUID) -> AbstractAsyncContextManager[AsyncSession]:
        """One transaction; committed when the block ends well."""
        ...


class DatabaseUnusable(Exception):  # noqa: N818 - the text says what to mend
    """DATABASE_URL leads to no database that we can work on."""


class RoleBypassesRowSecurity(DatabaseUnusable):
    """The database role is not bound by row-level security."""


def require_usable_database(settings: DatabaseSettings) -> None:
    """Raise ``DatabaseUnusable`` unless the database answers, is migrated and keeps us bound."""
    try:
        with psycopg.connect(settings.libpq_url, connect_timeout=10) as connection:
            prepare_connection(connection, development=settings.is_development)
            found = connection.execute("SELECT to_regclass('instances')").fetchone()
    except psycopg.OperationalError:
        raise DatabaseUnusable(
            "Getint cannot start. DATABASE_URL: the database does not answer or refuses the role."
        ) from None
    if found is None or found[0] is None:
        raise DatabaseUnusable(
            "Getint cannot start. The database has no schema yet: run alembic upgrade head."
        )


def prepare_connection(connection: Any, *, development: bool, role: str = APP_ROLE) -> None:
    """Refuse a role that row-level security does not bind; in development become ``role`` instead.

    ``connection`` is a DBAPI connection (psycopg, or SQLAlchemy's face of an async one).
    """
    cursor = connection.cursor()
    try:
        cursor.execute(BYPASSES_ROW_SECURITY)
        if must_step_down(cursor.fetchone()[0], development=development):
            _step_down(cursor, role)
    finally:
        cursor.close()
        connection.commit()


def must_step_down(bypasses_row_security: bool, *, development: bool) -> bool:
    """Whether to become an ordinary role; ``RoleBypassesRowSecurity`` where that is not done."""
    if bypasses_row_security and not development:
        raise RoleBypassesRowSecurity(
            "The role in DATABASE_URL is a superuser or has BYPASSRLS, so row-level security "
            "would not separate customers. Use an ordinary role: "
            "CREATE ROLE getint LOGIN PASSWORD '...' NOSUPERUSER NOBYPASSRLS."
        )
    return bypasses_row_security


async def connect_for_reads(
    settings: DatabaseSettings, role: str = APP_ROLE
) -> psycopg.AsyncConnection[Any]:
    """A connection as ``app.reads`` needs it, of a role that row-level security binds."""
    connection = await psycopg.AsyncConnection.connect(settings.libpq_url, autocommit=True)
    try:
        found = await (await connection.execute(BYPASSES_ROW_SECURITY)).fetchone()
        assert found is not None  # noqa: S101 - the current role exists
        if must_step_down(found[0], development=settings.is_development):
            await connection.execute(f"SET ROLE {role}")
    except BaseException:
        await connection.close()
        raise
    return connection


def _step_down(cursor: Any, role: str) -> None:
    if role == APP_ROLE:
        _make_app_role(cursor)
    cursor.execute(f"SET ROLE {role}")


def _make_app_role(cursor: Any) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,))
    if cursor.fetchone() is None:
        cursor.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
    # The role belongs to the whole server, what it may do to this database alone.
    cursor.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", (APP_ROLE,))
    if not cursor.fetchone()[0]:
        cursor.execute(f"GRANT ALL ON SCHEMA public TO {APP_ROLE}")


class Database:
    """A pool of connections and the transactions on it.

    ``role`` is what a superuser becomes in development: the app's, or that of support's console.
    """

    def __init__(self, settings: DatabaseSettings, role: str = APP_ROLE) -> None:
        self.engine = create_async_engine(
            settings.sqlalchemy_url,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,  # an exception's text is logged, and values are people's own
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

        self._reads = Reads(partial(connect_for_reads, settings, role), settings.database_pool_size)

        @event.listens_for(self.engine.sync_engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            prepare_connection(connection, development=settings.is_development, role=role)

    @asynccontextmanager
    async def of_instance(self, instance_id: UUID) -> AsyncIterator[AsyncSession]:
        """One transaction that sees this instance's rows; committed when the block ends well."""
        async with self._bound("app.instance_id", str(instance_id)) as session:
            yield session

    async def rows(self, instance_id: UUID, statement: Select[Any]) -> Rows:
        """Read columns of this instance's rows and nothing else, in one round trip."""
        try:
            return await self._reads.rows(instance_id, statement)
        except (psycopg.OperationalError, TimeoutError) as error:
            raise _away() from error

    @asynccontextmanager
    async def by_client_key(self, client_key: str) -> AsyncIterator[AsyncSession]:
        """One transaction that can read the installation with this key, and nothing else."""
        async with self._bound("app.client_key", client_key) as session:
            yield session

    @asynccontextmanager
    async def by_news_address(self, address_hash: bytes) -> AsyncIterator[AsyncSession]:
        """One transaction that can read which webhook has this address, and nothing else."""
        async with self._bound("app.news_address", address_hash.hex()) as session:
            yield session

    @asynccontextmanager
    async def housekeeping(self) -> AsyncIterator[AsyncSession]:
        """One transaction that can read which instances and installations exist."""
        async with self._bound("app.housekeeping", "on") as session:
            yield session

    @asynccontextmanager
    async def of_nobody(self) -> AsyncIterator[AsyncSession]:
        """One transaction that sees what belongs to no instance, and nothing else."""
        async with self._bound("app.instance_id", "") as session:
            yield session

    @asynccontextmanager
    async def _bound(self, name: str, value: str) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions() as session, session.begin():
                await bind(session, name, value)
                yield session
        except (OperationalError, PoolTimeoutError) as error:
            raise _away() from error

    async def is_reachable(self) -> bool:
        """Whether a round trip works now."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Give all connections back."""
        await self._reads.close()
        await self.engine.dispose()


def _away() -> CannotTell:
    return CannotTell(
        "Getint's database did not answer in time.",
        mend="Nothing was changed. Try again in a moment.",
    )


async def bind(session: AsyncSession, name: str, value: str) -> None:
    """Set what row-level security looks at, until the transaction ends."""
    await session.execute(
        text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value}
    )
