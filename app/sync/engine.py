"""The engine as the queue calls it: one slice of one run, with both sides open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.access import Tool
from app.database import Database
from app.house import House
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.runs.models import Run
from app.runs.slices import MORE, Engine, SliceOutcome, Turn, failed, held, wait
from app.runs.vault import LogWriter
from app.sync.beginning import Beginnings, expect, schemas_of
from app.sync.context import Context, Integrated, MappedTypes
from app.sync.findings import CountedLog, Findings, SealedTally, Tally, findings_of
from app.sync.kept import KEEP_PARENTS, as_kept_by
from app.sync.models import TypeMapping
from app.sync.previewing import Preview
from app.sync.rooms import rooms_of
from app.sync.rules import MappingRules, SideName
from app.sync.sides import KnowledgeOf, Sides, open_sides
from app.sync.slice import Slice
from app.sync.stops import in_words
from app.tools.knowledge import Knowledge
from app.tools.side import AccessLost, Side, SideBusy, SideError

OpenSides = Callable[[InstanceFacts, Integration, KnowledgeOf], AbstractAsyncContextManager[Sides]]
_MOST_PLACES = 64


def utc_now() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


class _At(NamedTuple):
    facts: InstanceFacts
    integration: Integration
    run: Run

    @property
    def findings(self) -> Findings | None:
        """What was counted before."""
        return findings_of(self.run.findings, self.facts.key, self.run.id)


class SyncEngine:
    """Works on whichever run it is handed; keeps between slices what is known of their places."""

    def __init__(
        self, database: Database, open_sides: OpenSides, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._open_sides = open_sides
        self._now = now
        self._known: LRUCache[Hashable, Knowledge] = LRUCache(_MOST_PLACES)
        self._beginnings = Beginnings()

    async def __call__(self, facts: InstanceFacts, turn: Turn) -> SliceOutcome:
        """One slice; what it did is committed, also where the outcome is a trouble."""
        async with self._database.of_instance(turn.instance_id) as session:
            integration = await session.get_one(Integration, turn.integration_id)
            rows = await _mapping_rows(session, turn.integration_id)
            run = await session.get_one(Run, turn.run_id, options=[undefer(Run.findings)])
        log = LogWriter(run, integration.keep_logs_days, facts.key, self._now)
        mappings = [_mapped_types(row) for row in rows]
        knowledge_of = self._knowledge_of(integration, rows)
        try:
            async with self._open_sides(facts, integration, knowledge_of) as sides:
                context = self._context(facts, integration, mappings, sides, log)
                at = _At(facts, integration, run)
                if run.preview_of is not None:
                    outcome = await self._previewed(at, context, turn)
                else:
                    outcome = await self._moved(at, context, log, turn)
        except SideError as problem:
            outcome = _explained(problem)
            log.write("error", "broken off", str(problem))
            async with self._database.of_instance(turn.instance_id) as session:
                await log.flush(session)
        return outcome

    async def _moved(self, at: _At, context: Context, log: LogWriter, turn: Turn) -> SliceOutcome:
        """A slice of what the run is for."""
        integration, run = at.integration, at.run
        if not run.step:
            if stops := await self._beginnings.stops(integration, context):
                return held(in_words(stops))
            await expect(integration, run, context)
        if integration.kind == "migration":
            tally = Tally.going_on(at.findings)
            context.counting = SealedTally(tally, at.facts.key, run.id)
            context.log = CountedLog(log, tally)
        return await _worked(Slice(context, log, run.id, run.step), turn)

    async def _previewed(self, at: _At, context: Context, turn: Turn) -> SliceOutcome:
        """A slice of a preview."""
        preview = Preview(
            context,
            {"jira": Tool.JIRA, "tool": Tool(at.integration.tool)},
            await schemas_of(context),
            SealedTally(Tally.going_on(at.findings), at.facts.key, at.run.id),
            at.run,
        )
        return await _worked(preview, turn)

    def _knowledge_of(self, integration: Integration, rows: Sequence[TypeMapping]) -> KnowledgeOf:
        """Forgotten once a person changed something: a field that is new to us may be mapped."""
        versions = (integration.version, *((row.id, row.version) for row in rows))

        def known(place: Hashable) -> Knowledge:
            key = (integration.id, versions, place)
            return self._known.setdefault(key, Knowledge())

        return known

    def _context(
        self,
        facts: InstanceFacts,
        integration: Integration,
        mappings: list[MappedTypes],
        sides: Sides,
        log: LogWriter,
    ) -> Context:
        by_name: Mapping[SideName, Side] = {"jira": sides.jira, "tool": sides.tool}
        return Context(
            integrated=Integrated(
                id=integration.id,
                instance_id=integration.instance_id,
                direction=_word(integration.direction),
                conflict_rule=_word(integration.conflict_rule),
                copies_deletions=integration.copies_deletions,
                queries={"jira": integration.jql, "tool": integration.tool_query},
                mappings=mappings,
            ),
            sides=by_name,
            log=log,
            fingerprint=facts.key.fingerprint,
            as_kept=as_kept_by(Tool(integration.tool)),
            rooms=rooms_of(Tool(integration.tool)),
            keeps_parents=Tool(integration.tool) in KEEP_PARENTS,
            session=_one_at_a_time(self._database, integration.instance_id),
            now=self._now,
        )


def _one_at_a_time(
    database: Database, instance_id: UUID
) -> Callable[[], AbstractAsyncContextManager[AsyncSession]]:
    """Many items are worked on at once, and none of them may use up the process's connections."""
    turn = asyncio.Lock()

    @asynccontextmanager
    async def session() -> AsyncIterator[AsyncSession]:
        async with turn, database.of_instance(instance_id) as opened:
            yield opened

    return session


def engine_of(house: House) -> Engine:
    """The engine that reaches Jira and the tools with what this process has."""
    return SyncEngine(house.database, partial(open_sides, house))


async def _worked(piece: Slice | Preview, turn: Turn) -> SliceOutcome:
    if await piece.work(turn.is_time_up) != "finished":
        return MORE
    return SliceOutcome("finished", " ".join(piece.doubts) if isinstance(piece, Slice) else "")


def _explained(problem: SideError) -> SliceOutcome:
    if isinstance(problem, SideBusy):
        return wait(problem.retry_after_s, str(problem))
    if isinstance(problem, AccessLost):
        return held(str(problem))
    return failed(str(problem))


async def _mapping_rows(session: AsyncSession, integration_id: UUID) -> Sequence[TypeMapping]:
    rows = await session.scalars(
        select(TypeMapping)
        .where(TypeMapping.integration_id == integration_id, TypeMapping.enabled)
        .order_by(TypeMapping.position, TypeMapping.id)
    )
    return rows.all()


def _mapped_types(row: TypeMapping) -> MappedTypes:
    rules = MappingRules.model_validate(row.rules)
    return MappedTypes(row.id, row.jira_type, row.tool_type, rules)


def _word(text: str) -> Any:
    """One of a column's words, which the database checks."""
    return text
