"""`python -m app.support.console_role`: what the console of support may do in the database.

Run it with the app's settings after each `alembic upgrade head`. The role ``getint_support`` may
read what is listed here and nothing else: no credentials, no secrets, no key but those that were
sealed for support. Of an instance it sees rows only while the transaction is bound to it *and* a
grant is in force, so that to the console one that approved nothing does not exist. It writes the
trail (as the door ``support``), its own sessions, and asks for access by a function.

Row-level security restricts it on top of what binds everybody: the policies here are restrictive.
"""

import sys
from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from app.database import DatabaseUnusable, prepare_connection, require_usable_database
from app.settings import SettingsMissing, load_settings

SUPPORT_ROLE = "getint_support"
_BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"
_IN_FORCE = (
    "ended_at IS NULL AND (ends_at IS NULL OR ends_at > greatest(statement_timestamp(), known_at))"
)
# Its own policy leaves only grants in force, of the instance that the transaction is bound to.
_APPROVED = f"EXISTS (SELECT FROM support_grants WHERE instance_id = {_BOUND})"
# Likewise: only shares in force.
_SHARED = "run_id IN (SELECT run_id FROM run_shares)"

READABLE: Mapping[str, Sequence[str]] = {
    "instances": ("id", "configured_at", "jira_workspace_id", "created_at", "updated_at"),
    "installations": (
        "id",
        "instance_id",
        "base_url",
        "display_url",
        "enabled",
        "uninstalled_at",
        "superseded_at",
        "licence_state",
        "licence_type",
        "licence_source",
        "licence_learnt_at",
        "created_at",
        "updated_at",
    ),
    "workspaces": ("id", "instance_id", "name", "created_at", "updated_at"),
    "connections": (
        "id",
        "instance_id",
        "workspace_id",
        "tool",
        "project_id",
        "owner",
        "others_may",
        "name",
        "address",
        "credentials_changed_at",
        "tested_at",
        "test_problem",
        "version",
        "created_at",
        "updated_at",
    ),
    "integrations": (),
    "type_mappings": (),
    "runs": (
        "id",
        "instance_id",
        "integration_id",
        "trigger",
        "state",
        "reason",
        "started_at",
        "finished_at",
        "beat_at",
        "created",
        "updated",
        "skipped",
        "failed",
        "expected",
        "preview_of",
        "log_expires_at",
        "created_at",
        "updated_at",
    ),
    "run_shares": (),
    "log_chunks": (),
    "support_grants": (),
    "support_requests": (),
}
"""Tables of customers and the columns that may be read of them; none named means all."""

ROWS: Mapping[str, str] = {
    **dict.fromkeys(READABLE, f"instance_id = {_BOUND} AND {_APPROVED}"),
    "instances": f"id = {_BOUND} AND {_APPROVED}",
    "support_grants": f"instance_id = {_BOUND} AND {_IN_FORCE}",
    "run_shares": f"instance_id = {_BOUND} AND {_APPROVED} AND {_IN_FORCE}",
    "log_chunks": f"instance_id = {_BOUND} AND {_SHARED}",
}
"""Which rows of them, besides what binds everybody."""

_TRAIL_WRITES = (
    "instance_id",
    "account",
    "door",
    "action",
    "thing_kind",
    "thing_id",
    "allowed",
    "reason",
    "details",
)
_TRAIL_ROWS = (
    f"instance_id = {_BOUND} AND {_APPROVED} AND door = 'support' AND account LIKE 'agent:%'"
)
ITS_OWN = (
    "GRANT SELECT ON support_agents, agent_sessions TO {role}",
    "GRANT UPDATE (oidc_issuer, oidc_subject, totp_step, updated_at) ON support_agents TO {role}",
    "GRANT INSERT, UPDATE, DELETE ON agent_sessions TO {role}",
    "GRANT SELECT (id, key, at), INSERT (key), DELETE ON sign_in_failures TO {role}",
    "GRANT EXECUTE ON FUNCTION ask_for_support_access(uuid, uuid, text, text) TO {role}",
)
"""What it may do with what is the vendor's: agents sign in, and ask for access."""


def allow_the_console(connection: psycopg.Connection) -> None:
    """Give the role exactly what is listed, and take the rest; by the owner of the tables."""
    role = sql.Identifier(SUPPORT_ROLE)
    for statement in (
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        *ITS_OWN,
    ):
        connection.execute(sql.SQL(statement).format(role=role))
    for table, columns in READABLE.items():
        _grant(connection, "SELECT", table, columns)
        _restrict(connection, table, "SELECT", "USING", ROWS[table])
    _grant(connection, "INSERT", "audit_entries", _TRAIL_WRITES)
    _grant(connection, "SELECT", "audit_entries", ("id",))  # of what it has just written
    _restrict(connection, "audit_entries", "INSERT", "WITH CHECK", _TRAIL_ROWS)


def _grant(connection: psycopg.Connection, what: str, table: str, columns: Sequence[str]) -> None:
    named = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    connection.execute(
        sql.SQL("GRANT {what} {columns} ON {table} TO {role}").format(
            what=sql.SQL(what),
            columns=named if columns else sql.SQL(""),
            table=sql.Identifier(table),
            role=sql.Identifier(SUPPORT_ROLE),
        )
    )


def _restrict(
    connection: psycopg.Connection, table: str, what: str, clause: str, rows: str
) -> None:
    name = sql.Identifier(f"support_{what.lower()}")
    on = sql.Identifier(table)
    connection.execute(sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(name, on))
    connection.execute(
        sql.SQL(
            "CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {what} TO {role} {clause} ({rows})"
        ).format(
            name=name,
            table=on,
            what=sql.SQL(what),
            role=sql.Identifier(SUPPORT_ROLE),
            clause=sql.SQL(clause),
            rows=sql.SQL(rows),
        )
    )


def prepare_role(connection: psycopg.Connection, *, development: bool) -> None:
    """Make the role if it is not there, then `allow_the_console`, in one transaction."""
    try:
        if (
            connection.execute(
                "SELECT FROM pg_roles WHERE rolname = %s", (SUPPORT_ROLE,)
            ).fetchone()
            is None
        ):
            connection.execute(
                sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(SUPPORT_ROLE))
            )
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseUnusable(
            f"There is no role {SUPPORT_ROLE}, and the role in DATABASE_URL may not make it: "
            f"CREATE ROLE {SUPPORT_ROLE} LOGIN PASSWORD '...' NOSUPERUSER NOBYPASSRLS; then again."
        ) from None
    prepare_connection(connection, development=development)
    with connection.transaction():
        allow_the_console(connection)


def main() -> int:
    """With the settings of the environment; 1 with one line if that cannot be."""
    try:
        settings = load_settings()
        require_usable_database(settings)
        with psycopg.connect(settings.libpq_url) as connection:
            prepare_role(connection, development=settings.is_development)
    except (SettingsMissing, DatabaseUnusable) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"{SUPPORT_ROLE} may do what the console needs.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
