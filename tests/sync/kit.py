"""An integration between two sides in memory, with its rows in a real PostgreSQL."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.sync.context import Context, Integrated, MappedTypes
from app.sync.rooms import Room, Rooms
from app.sync.rules import FieldRule, MappingRules, SideName, StatusRule
from app.sync.slice import Ended, Slice
from app.tools.items import DESCRIPTION, LABELS, TITLE, FieldKind
from app.tools.side import AccessLost, SideBusy
from tests.sync.memory_side import Faults, Killed, MemorySide

RULES = MappingRules(
    fields=(
        FieldRule(jira=TITLE, tool=TITLE, kind=FieldKind.TEXT),
        FieldRule(jira=DESCRIPTION, tool=DESCRIPTION, kind=FieldKind.RICH),
        FieldRule(jira=LABELS, tool=LABELS, kind=FieldKind.LABELS),
        FieldRule(
            jira="priority",
            tool="urgency",
            kind=FieldKind.OPTION,
            options=(("High", "1"), ("Low", "2"), ("Lowest", "2")),
        ),
    ),
    statuses=(
        StatusRule(jira="To Do", tool="opened"),
        StatusRule(jira="In Progress", tool="opened"),
        StatusRule(jira="Done", tool="closed"),
    ),
)


class Lines:
    """A run's log that is only looked at."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []

    def write(
        self,
        level: str,
        event: str,
        message: str,
        *,
        jira: str = "",
        tool: str = "",
        data: Mapping[str, str] | None = None,
    ) -> None:
        self.lines.append((level, event, message))

    async def flush(self, session: AsyncSession) -> None:
        pass

    def events(self) -> set[str]:
        return {event for _, event, _ in self.lines}


class Pair:
    """Both sides and the runs between them."""

    def __init__(self, database: Database, superuser: psycopg.Connection, **changes: Any) -> None:
        self.database = database
        self.faults = Faults()
        ticks = count(1)
        self.jira = MemorySide("jira", self.faults, ticks, first_status="To Do")
        self.tool = MemorySide("tool", self.faults, ticks, skew=timedelta(minutes=10))
        self.log = Lines()
        self.rooms: dict[SideName, Room] = {}
        self.keeps_parents = True
        self.time = datetime.now(UTC)
        self.instance_id, self.run_id = uuid4(), uuid4()
        self.superuser = superuser
        integration_id, mapping_id = uuid4(), uuid4()
        _rows(superuser, self.instance_id, integration_id, self.run_id)
        settings: dict[str, Any] = {
            "direction": "both",
            "conflict_rule": "jira",
            "copies_deletions": False,
            "mappings": (MappedTypes(mapping_id, "Issue", "Issue", RULES),),
        }
        self.integrated = Integrated(
            id=integration_id,
            instance_id=self.instance_id,
            queries={"jira": "", "tool": ""},
            **settings | changes,
        )

    def side(self, name: SideName) -> MemorySide:
        return self.jira if name == "jira" else self.tool

    def context(self) -> Context:
        """What all steps of a slice share."""
        return Context(
            integrated=self.integrated,
            sides={"jira": self.jira, "tool": self.tool},
            log=self.log,
            fingerprint=lambda raw: hashlib.sha256(raw).hexdigest()[:16],
            as_kept=lambda _side, _kind, value: value,
            rooms=Rooms(self.rooms),
            keeps_parents=self.keeps_parents,
            session=self._session,
            now=lambda: self.time,
        )

    async def slice(self, step: dict[str, Any] | None = None) -> Ended:
        context = self.context()
        return await Slice(context, self.log, self.run_id, step or {}).work(lambda: False)

    is_over = False

    async def run(self) -> str:
        """One run to its end, or as far as the faults let it come; a killed one goes on later."""
        try:
            ended = await self.slice(self._step())
            self.is_over = True
            return ended
        except SideBusy:
            return "busy"
        except AccessLost:
            return "held"
        except Killed:
            return "killed"
        except BaseExceptionGroup as group:
            if group.subgroup(Killed) is None:
                raise
            return "killed"

    async def settle(self) -> None:
        """Runs without faults until nothing is left to do."""
        self.faults.coming = []
        for _ in range(12):
            self.time += timedelta(days=1)
            self._restart()
            writes = self._writes()
            assert await self.slice() == "finished"
            self.is_over = True
            if self._writes() == writes:
                return
        raise AssertionError("the two sides never come to rest")

    def links(self) -> list[tuple[Any, ...]]:
        return self.superuser.execute(
            "SELECT jira_id, tool_id, state, problem FROM links WHERE instance_id = %s",
            (self.instance_id,),
        ).fetchall()

    def _writes(self) -> int:
        reads = {"changes", "read", "find", "comments", "missing"}
        return sum(call not in reads for side in (self.jira, self.tool) for call in side.calls)

    def _step(self) -> dict[str, Any]:
        if self.is_over:
            self._restart()
            self.is_over = False
        found = self.superuser.execute(
            "SELECT step FROM runs WHERE id = %s", (self.run_id,)
        ).fetchone()
        assert found is not None
        step: dict[str, Any] = found[0]
        return step

    def _restart(self) -> None:
        self.superuser.execute("UPDATE runs SET step = '{}' WHERE id = %s", (self.run_id,))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        async with self.database.of_instance(self.instance_id) as session:
            yield session
            if self.faults.next("commit") == "kill-before":
                raise Killed
        if self.faults.next("committed") == "kill":
            raise Killed


def _rows(
    superuser: psycopg.Connection, instance_id: UUID, integration_id: UUID, run_id: UUID
) -> None:
    workspace_id = uuid4()
    superuser.execute("INSERT INTO instances (id, wrapped_key) VALUES (%s, '')", (instance_id,))
    superuser.execute(
        "INSERT INTO workspaces (id, instance_id, name) VALUES (%s, %s, 'Main')",
        (workspace_id, instance_id),
    )
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " project_id, project_key, direction, jql, state, owner, version)"
        " VALUES (%s, %s, %s, 'integration', 'Both', 'gitlab', 'a/b', '10001', 'PAY', 'both', '',"
        " 'active', 'jira:alice', 1)",
        (integration_id, instance_id, workspace_id),
    )
    superuser.execute(
        "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created, updated,"
        " skipped, failed)"
        " VALUES (%s, %s, %s, 'hand', 'running', '{}', 0, 0, 0, 0)",
        (run_id, instance_id, integration_id),
    )
