"""Integrations that can run, written straight into the database, and what became of their runs."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg

from tests.people import ACCOUNTS

GIA = f"jira:{ACCOUNTS['gitlab']}"
JOBS = "SELECT args, lock, priority, status::text, scheduled_at FROM procrastinate_jobs"


def until(is_so: Callable[[], Any], within_s: float = 60) -> Any:
    """Wait for a condition and return what made it true."""
    deadline = time.monotonic() + within_s
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it did not come to be"
        threading.Event().wait(0.02)
    return found


@dataclass(frozen=True)
class Customers:
    """Makes rows and looks at them, past row-level security."""

    superuser: psycopg.Connection[Any]

    def instance(self) -> UUID:
        """The id of the customer of the sandbox."""
        found: UUID = self._one("SELECT instance_id FROM installations LIMIT 1")
        return found

    def another(self) -> UUID:
        """A customer without a Jira."""
        instance_id, workspace_id = uuid4(), uuid4()
        self.superuser.execute(
            "INSERT INTO instances (id, wrapped_key, jira_workspace_id) VALUES (%s, '', %s)",
            (instance_id, workspace_id),
        )
        self.superuser.execute(
            "INSERT INTO workspaces (id, instance_id, name) VALUES (%s, %s, 'w')",
            (workspace_id, instance_id),
        )
        return instance_id

    def integration(self, instance_id: UUID, **columns: Any) -> UUID:
        """Gia's, with a connection and a mapping; started by nothing but people and changes.

        She ran it yesterday for the first time.
        """
        its: dict[str, Any] = {
            "instance_id": instance_id,
            "id": uuid4(),
            "kind": "integration",
            "state": "active",
            "owner": GIA,
            "every_minutes": 0,
            "jql": "",
            **columns,
        }
        connection_id = uuid4()
        self.superuser.execute(
            "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
            " address, credentials, credentials_changed_at, version) SELECT %s, id,"
            " jira_workspace_id, 'gitlab', 'jira:x', 'view', 'c', 'https://x', '', now(), 1"
            " FROM instances WHERE id = %s",
            (connection_id, instance_id),
        )
        self.superuser.execute(
            "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
            " connection_id, project_id, project_key, direction, jql, state, owner, version,"
            " every_minutes) SELECT %(id)s, id, jira_workspace_id, %(kind)s, 'i', 'gitlab', 'p',"
            " %(connection)s, '10001', 'PAY', 'both', %(jql)s, %(state)s, %(owner)s, 1,"
            " %(every_minutes)s FROM instances WHERE id = %(instance_id)s",
            {**its, "connection": connection_id},
        )
        self.superuser.execute(
            "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled,"
            " jira_type, tool_type, rules, version)"
            " VALUES (gen_random_uuid(), %(instance_id)s, %(id)s, 0, true, 'a', 'b', '{}', 1)",
            its,
        )
        self.superuser.execute(
            "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created,"
            " updated, skipped, failed, created_at) VALUES"
            " (gen_random_uuid(), %(instance_id)s, %(id)s, 'hand', 'done', '{}', 0, 0, 0, 0,"
            " now() - interval '1 day')",
            its,
        )
        found: UUID = its["id"]
        return found

    def run(self, run_id: UUID) -> dict[str, Any]:
        """The row of a run."""
        row = self.superuser.execute(
            "SELECT state, reason, trigger, step, created, started_at, finished_at, log_expires_at,"
            " wrapped_key FROM runs WHERE id = %s",
            (run_id,),
        )
        names = [column.name for column in row.description or ()]
        found = row.fetchone()
        assert found is not None
        return dict(zip(names, found, strict=True))

    def runs(self, integration_id: UUID) -> list[tuple[UUID, str]]:
        """The runs of an integration of today with their triggers, oldest first."""
        return self.superuser.execute(
            "SELECT id, trigger FROM runs WHERE integration_id = %s"
            " AND created_at > now() - interval '1 hour' ORDER BY created_at",
            (integration_id,),
        ).fetchall()

    def jobs(self, task: str) -> list[tuple[Any, ...]]:
        """Jobs of a task: args, lock, priority, status, when."""
        return self.superuser.execute(
            f"{JOBS} WHERE task_name = %s ORDER BY id", (task,)
        ).fetchall()

    def _one(self, query: Any) -> Any:
        row = self.superuser.execute(query).fetchone()
        assert row is not None
        return row[0]
