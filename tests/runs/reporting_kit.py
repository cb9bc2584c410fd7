"""Runs that have happened, with their logs, written as a worker writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from app.database import Database
from app.encryption import InstanceKey, MasterKeys
from app.runs.models import Run
from app.runs.vault import LogWriter, begin_log
from app.settings import Settings
from tests.people import ACCOUNTS

PAY, OPS = "10001", "10002"
GIA, ALICE = f"jira:{ACCOUNTS['gitlab']}", f"jira:{ACCOUNTS['admin']}"
SECRET = "the salary of Zoë is 90000"
Told = tuple[str, str, str, str]
LINES: Sequence[Told] = (
    ("info", "PAY-1", "#7", "Changed the title."),
    ("warning", "PAY-2", "", "Its counterpart was deleted."),
    ("error", "PAY-3", "#9", "GitLab refused the due date."),
)


@dataclass(frozen=True)
class Reports:
    """Fills the customer of the sandbox."""

    database: Database
    superuser: psycopg.Connection[Any]
    settings: Settings

    @property
    def instance_id(self) -> UUID:
        row = self.superuser.execute("SELECT instance_id FROM installations LIMIT 1").fetchone()
        assert row
        found: UUID = row[0]
        return found

    @property
    def workspace_id(self) -> UUID:
        row = self.superuser.execute(
            "SELECT jira_workspace_id FROM instances WHERE id = %s", (self.instance_id,)
        ).fetchone()
        assert row
        found: UUID = row[0]
        return found

    @property
    def key(self) -> InstanceKey:
        row = self.superuser.execute(
            "SELECT wrapped_key FROM instances WHERE id = %s", (self.instance_id,)
        ).fetchone()
        assert row
        return MasterKeys(self.settings.master_keys).instance_key(row[0], self.instance_id)

    def integration(self, name: str = "Payroll", **columns: Any) -> UUID:
        its = {
            "id": uuid4(),
            "instance": self.instance_id,
            "name": name,
            "tool": "gitlab",
            "project_id": PAY,
            "project_key": "OPS" if columns.get("project_id") == OPS else "PAY",
            "owner": GIA,
            "copies_deletions": False,
            **columns,
        }
        self.superuser.execute(
            "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
            " project_id, project_key, direction, jql, state, owner, copies_deletions, version)"
            " SELECT %(id)s, id, jira_workspace_id, 'integration', %(name)s, %(tool)s, 'a/b',"
            " %(project_id)s, %(project_key)s, 'both', '', 'active', %(owner)s,"
            " %(copies_deletions)s, 1 FROM instances"
            " WHERE id = %(instance)s",
            its,
        )
        found: UUID = its["id"]
        return found

    async def run(
        self,
        integration_id: UUID,
        state: str = "done",
        *,
        ago: timedelta = timedelta(minutes=10),
        keep_days: int = 14,
        lines: Sequence[Told] | None = LINES,
        **columns: Any,
    ) -> Run:
        """A run that began some time ago; with ``lines`` it has a log, which ends if it has."""
        began, is_open = datetime.now(UTC) - ago, state in {"running", "paused", "waiting", "held"}
        its: dict[str, Any] = {
            "trigger": "schedule",
            "created_at": began,
            "started_at": None if state == "waiting" else began,
            "finished_at": None if is_open else began + timedelta(seconds=80),
            "created": 3,
            "updated": 20,
            "skipped": 1,
            "failed": 0,
            "step": {},
        }
        run = Run(
            id=uuid4(),
            instance_id=self.instance_id,
            integration_id=integration_id,
            state=state,
            **its | columns,
        )
        if lines is not None:
            begin_log(run, keep_days, self.key, datetime.now(UTC))
        async with self.database.of_instance(self.instance_id) as session:
            session.add(run)
        if lines is not None:
            await self.log(run, lines, is_end=not is_open)
        return run

    async def log(self, run: Run, lines: Sequence[Told], *, is_end: bool = False) -> None:
        """Write lines as a page does, each with something that moved."""
        log = LogWriter(run, 14, self.key)
        for level, jira, tool, message in lines:
            log.write(level, "told", message, jira=jira, tool=tool, data={"title": SECRET})
        async with self.database.of_instance(self.instance_id) as session:
            await (log.close(session) if is_end else log.flush(session))

    def failed_link(self, integration_id: UUID, **columns: Any) -> None:
        """An item that fails."""
        its = {
            "instance": self.instance_id,
            "integration": integration_id,
            "jira_key": "PAY-3",
            "jira_url": "https://jira.example.com/browse/PAY-3",
            "tool_key": "#9",
            "tool_url": "https://gitlab.example.com/a/b/-/issues/9",
            "problem": "GitLab refused the due date.",
            **columns,
        }
        self.superuser.execute(
            "INSERT INTO links (id, instance_id, integration_id, state, jira_id, jira_key,"
            " jira_url, jira_prints, tool_id, tool_key, tool_url, tool_prints, problem, attempts)"
            " VALUES (gen_random_uuid(), %(instance)s, %(integration)s, 'failed',"
            " gen_random_uuid(), %(jira_key)s, %(jira_url)s, '{}', gen_random_uuid(),"
            " %(tool_key)s, %(tool_url)s, '{}', %(problem)s, 4)",
            its,
        )

    def links(self, integration_id: UUID, count: int, *, missing_on: str | None = None) -> None:
        """So many linked items; on one side they may be missing since they were looked for."""
        self.superuser.execute(
            "INSERT INTO links (id, instance_id, integration_id, state, jira_id, jira_key,"
            " jira_url, jira_prints, tool_id, tool_key, tool_url, tool_prints, attempts,"
            " missing_on, missing_since) SELECT id, %(instance)s, %(integration)s, 'linked',"
            " id::text, '', '', '{}', id::text, '', '', '{}', 0, %(side)s::text,"
            " CASE WHEN %(side)s::text IS NOT NULL THEN now() END"
            " FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, %(count)s)) AS made",
            {
                "instance": self.instance_id,
                "integration": integration_id,
                "count": count,
                "side": missing_on,
            },
        )
        self.superuser.execute(
            "INSERT INTO looks (instance_id, integration_id, looked_at) VALUES (%s, %s, now())"
            " ON CONFLICT DO NOTHING",
            (self.instance_id, integration_id),
        )

    def trail(self) -> list[tuple[str, bool, str, str, dict[str, Any]]]:
        """Who did what of a log: account, allowed, action, thing, details."""
        return self.superuser.execute(
            "SELECT account, allowed, action, thing_id, details FROM audit_entries"
            " WHERE action = 'read a run''s log and data' ORDER BY id"
        ).fetchall()
