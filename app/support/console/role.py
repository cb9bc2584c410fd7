"""The console starts only with a role that can read what it needs, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence

import psycopg

from app.database import DatabaseUnusable, RoleBypassesRowSecurity, prepare_connection
from app.support.console.settings import ConsoleSettings
from app.support.console_role import READABLE, SUPPORT_ROLE

_OWN: Mapping[str, Sequence[str]] = {
    "support_agents": (),
    "agent_sessions": (),
    "audit_entries": ("id",),
    "sign_in_failures": (),
}
_WRITTEN = frozenset(_OWN)
_CAN_READ = """
SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
AND attnum > 0 AND NOT attisdropped AND has_column_privilege(pg_class.oid, attnum, 'SELECT')
"""
_CAN_WRITE = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'f')
AND (
    has_any_column_privilege(oid, 'INSERT') OR has_any_column_privilege(oid, 'UPDATE')
    OR has_table_privilege(oid, 'DELETE') OR has_table_privilege(oid, 'TRUNCATE')
)
"""
_PREPARE = "run python -m app.support.console_role with the app's settings"


class RoleReadsTooMuch(DatabaseUnusable):
    """The role could see or change what support must not."""


def require_console_database(settings: ConsoleSettings) -> None:
    """Raise ``DatabaseUnusable`` unless the database answers and the role is the console's."""
    try:
        with psycopg.connect(settings.libpq_url, connect_timeout=10) as connection:
            prepare_connection(connection, development=settings.is_development, role=SUPPORT_ROLE)
            can_read = connection.execute(_CAN_READ).fetchall()
            can_write = connection.execute(_CAN_WRITE).fetchall()
    except psycopg.OperationalError:
        raise DatabaseUnusable(
            "The console cannot start. SUPPORT_DATABASE_URL: the database does not answer or "
            "refuses the role."
        ) from None
    except psycopg.errors.UndefinedObject:
        raise _unprepared() from None
    except RoleBypassesRowSecurity:
        raise RoleReadsTooMuch(
            "The console cannot start. The role in SUPPORT_DATABASE_URL is a superuser or has "
            f"BYPASSRLS. It has to be {SUPPORT_ROLE}."
        ) from None
    if not can_read:
        raise _unprepared()
    if too_much := [*_beyond(can_read), *(name for (name,) in can_write if name not in _WRITTEN)]:
        raise RoleReadsTooMuch(
            "The console cannot start. The role in SUPPORT_DATABASE_URL can see or change what "
            f"support must not: {', '.join(sorted(set(too_much)))}. It has to be {SUPPORT_ROLE}: "
            f"{_PREPARE}."
        )


def _beyond(can_read: Iterable[tuple[str, str]]) -> list[str]:
    allowed = {**READABLE, **_OWN}
    return [
        f"{table}.{column}"
        for table, column in can_read
        if table not in allowed or (allowed[table] and column not in allowed[table])
    ]


def _unprepared() -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The console cannot start. The role {SUPPORT_ROLE} may read nothing yet: {_PREPARE}."
    )
