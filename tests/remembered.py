"""An installation that was made once: its rows and what Jira knows of it, to be put back."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from app.settings import Settings
from sandbox.running import Sandbox
from sandbox.site import Addon


@dataclass(frozen=True)
class Installation:
    """What the app and the site kept of it, in this database and with these settings."""

    settings: Settings
    client_key: str
    addon: Addon
    inserting: str

    @classmethod
    def of(
        cls,
        sandbox: Sandbox,
        settings: Settings,
        connection: psycopg.Connection,
        tables: Sequence[str],
    ) -> "Installation":
        """The one that was just made, in a database that holds nothing else."""
        site = sandbox.site
        inserting = ";".join(filter(None, (_inserting(connection, table) for table in tables)))
        return cls(settings, site.client_key, copy.deepcopy(sandbox.host.addon), inserting)

    def fits(self, sandbox: Sandbox, settings: Settings) -> bool:
        """Whether installing here would make the same."""
        return (self.settings, self.client_key) == (settings, sandbox.site.client_key)

    def put_back(self, sandbox: Sandbox, connection: psycopg.Connection) -> None:
        """The same rows, as one real installation wrote them, and the same app in Jira."""
        with connection.transaction():
            # Rows that were whole together need no order, and are no news to any trigger.
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(self.inserting.encode())
        sandbox.site.addon = copy.deepcopy(self.addon)


def _inserting(connection: psycopg.Connection, table: str) -> str | None:
    row = connection.execute(_ROWS_AS_SQL.format(table=table).encode()).fetchone()
    return row[0] if row else None


_ROWS_AS_SQL = """
    SELECT format(
        'INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %L)',
        json_agg(kept)
    )
    FROM {table} AS kept HAVING count(*) > 0
"""
