"""A preview: reads what a run would read, weighs each item by the engine's rules, writes nothing.

Pages are committed one by one as a run's are, so that any worker goes on where one stopped; the
items read so far stand in ``previewed_items`` until the run ends, so memory stays flat.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access import Tool
from app.runs.models import PreviewedItem, Run
from app.sync.context import OTHER, Context, MappedTypes
from app.sync.estimating import FEWEST_MOVED, PastRun, calls_to_make, estimate
from app.sync.findings import LEFT_ALONE, LINKED, MOST_EXAMPLES, NEW, SealedTally
from app.sync.fitting import PARENT_LEFT, Target, misfits
from app.sync.links import linked_among
from app.sync.models import Link
from app.sync.rules import SideName, goes
from app.sync.slice import Ended
from app.tools.items import Item, Schema
from app.tools.side import Changes

_PAST_RUNS = 5


@dataclass(slots=True)
class _Reading:
    """How far it is, as the run's ``step`` has it.

    ``calls`` and ``seconds`` are of lists so far, ``to_make`` the calls that new items will take.
    """

    phase: int = 0
    position: str | None = None
    calls: int = 0
    seconds: float = 0.0
    to_make: int = 0

    def timed(self, seconds: float) -> None:
        self.calls += 1
        self.seconds += seconds

    def step(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Page:
    """Items that were not read before, and what becomes of each."""

    items: Sequence[Item]
    became: list[str] = field(default_factory=list)


class Preview:
    """Goes on where the run's ``step`` and findings say, page by page."""

    def __init__(
        self,
        context: Context,
        tools: Mapping[SideName, Tool],
        schemas: Mapping[SideName, Schema],
        counted: SealedTally,
        run: Run,
    ) -> None:
        self._context = context
        self._tools = tools
        self._schemas = schemas
        self._run_id = run.id
        self._instance_id = run.instance_id
        self._expected = run.expected
        self._reading = _Reading(**run.step)
        self._counted = counted
        self._tally = counted.tally
        direction = context.integrated.direction
        self._sources = [side for side, target in OTHER.items() if goes(direction, target)]

    async def work(self, is_time_up: Callable[[], bool]) -> Ended:
        """Read until nothing is left, somebody stops it, or time is up. Raises SideError."""
        if self._expected is None:
            self._expected = await self._count()
        while self._reading.phase < len(self._sources):
            side = self._sources[self._reading.phase]
            began = time.monotonic()
            changes = await self._context.sides[side].changes(
                self._reading.position, self._context.integrated.queries[side]
            )
            self._reading.timed(time.monotonic() - began)
            for mapping in self._context.integrated.mappings:
                await self._context.know_people(mapping.rules, *changes.items)
            if not await self._take(side, changes):
                return "stopped"
            if is_time_up() and self._reading.phase < len(self._sources):
                return "more"
        return "finished"

    async def _count(self) -> int:
        queries = self._context.integrated.queries
        return sum(
            await asyncio.gather(
                *(self._context.sides[side].count(queries[side]) for side in self._sources)
            )
        )

    async def _take(self, side: SideName, changes: Changes) -> bool:
        """A page and all that came of it, at once; false if somebody stopped the run meanwhile."""
        context = self._context
        if changes.is_last:
            self._reading.phase, self._reading.position = self._reading.phase + 1, None
        else:
            self._reading.position = changes.position
        async with context.session() as session:
            page = await self._new_of(session, side, changes.items)
            told = await asyncio.to_thread(self._weighed, side, page)
            for item, became in zip(page.items, page.became, strict=True):
                self._tally.count(side, item, became)
            for text, key in told:
                self._tally.misfit(text, key)
            estimated: dict[str, Any] = {}
            if self._reading.phase == len(self._sources):
                await self._end(session)
                estimated = await self._estimate(session)
            run = await session.get_one(Run, self._run_id, with_for_update=True)
            run.created = self._tally.total(NEW)
            run.updated = self._tally.total(LINKED)
            run.skipped = self._tally.total(LEFT_ALONE)
            run.expected = self._expected
            run.step = self._reading.step()
            run.findings = self._counted.sealed(labels=self._labels(), **estimated)
            run.beat_at = context.now()
            return run.state == "running"

    async def _new_of(self, session: AsyncSession, side: SideName, items: Sequence[Item]) -> _Page:
        """Those that were not read before; sides may give items twice."""
        by_id = {item.id: item for item in items}
        if not by_id:
            return _Page([])
        integrated = self._context.integrated
        linked = await linked_among(session, integrated.id, side, list(by_id.values()))
        became = {item.id: self._becomes(side, item, linked) for item in by_id.values()}
        new = await session.scalars(
            insert(PreviewedItem)
            .values(
                [
                    {
                        "instance_id": self._instance_id,
                        "run_id": self._run_id,
                        "side": side,
                        "item_id": item.id,
                        "key": item.key,
                        "parent_id": item.parent if self._keeps_parent(side, item) else None,
                        "moves": became[item.id] != LEFT_ALONE,
                    }
                    for item in by_id.values()
                ]
            )
            .on_conflict_do_nothing()
            .returning(PreviewedItem.item_id)
        )
        ids = new.all()
        return _Page([by_id[item_id] for item_id in ids], [became[item_id] for item_id in ids])

    def _becomes(self, side: SideName, item: Item, linked: set[str]) -> str:
        if self._context.integrated.mapping_of(side, item) is None:
            return LEFT_ALONE
        return LINKED if item.id in linked else NEW

    def _keeps_parent(self, side: SideName, item: Item) -> bool:
        mapping = self._context.integrated.mapping_of(side, item)
        return mapping is not None and mapping.rules.hierarchy

    def _weighed(self, side: SideName, page: _Page) -> list[tuple[str, str]]:
        """What does not fit of which item. Texts are parsed, so this is for a thread."""
        told = []
        for item, became in zip(page.items, page.became, strict=True):
            mapping = self._context.integrated.mapping_of(side, item)
            if mapping is None:
                continue
            target = self._target(OTHER[side], mapping)
            if became == NEW:
                self._reading.to_make += calls_to_make(target, item)
            found = dict.fromkeys(misfits(target, item, is_new=became == NEW))
            told += [(text, item.key) for text in found]
        return told

    def _target(self, side: SideName, mapping: MappedTypes) -> Target:
        return Target(
            side=side,
            tool=self._tools[side],
            mapping=mapping,
            setting=self._context.setting(mapping),
            type=self._schemas[side].type_named(mapping.type_on(side)),
        )

    async def _end(self, session: AsyncSession) -> None:
        """Say which parents stay behind."""
        for side in self._sources:
            count, keys = await self._parents_left(session, side)
            for number, key in enumerate(keys):
                self._tally.misfit(PARENT_LEFT, key, 1 if number else count - len(keys) + 1)

    async def _parents_left(
        self, session: AsyncSession, side: SideName
    ) -> tuple[int, Sequence[str]]:
        """How many items have a parent that is neither read and moved nor linked; some keys."""
        child, parent = aliased(PreviewedItem), aliased(PreviewedItem)
        link_id = Link.jira_id if side == "jira" else Link.tool_id
        is_left = (
            (child.run_id == self._run_id)
            & (child.side == side)
            & child.moves
            & child.parent_id.is_not(None)
            & ~exists().where(
                parent.run_id == self._run_id,
                parent.side == side,
                parent.item_id == child.parent_id,
                parent.moves,
            )
            & ~exists().where(
                Link.integration_id == self._context.integrated.id,
                link_id == child.parent_id,
                Link.state == "linked",
            )
        )
        count = await session.scalar(select(func.count()).where(is_left))
        keys = await session.scalars(
            select(child.key).where(is_left).order_by(child.item_id).limit(MOST_EXAMPLES)
        )
        return count or 0, keys.all()

    async def _estimate(self, session: AsyncSession) -> dict[str, Any]:
        """Calls of a run and how long they take, at the pace of the last ones or of the lists."""
        rows = await session.scalars(
            select(Run)
            .where(
                Run.integration_id == self._context.integrated.id,
                Run.preview_of.is_(None),
                Run.state == "done",
                Run.started_at.is_not(None),
                Run.created + Run.updated >= FEWEST_MOVED,
            )
            .order_by(Run.created_at.desc())
            .limit(_PAST_RUNS)
        )
        past = [
            PastRun(run.started_at, run.finished_at - run.started_at, run.created + run.updated)
            for run in rows
            if run.started_at and run.finished_at
        ]
        found = estimate(
            new=self._tally.total(NEW),
            calls=self._reading.to_make,
            lists=self._reading.calls,
            listing_s=self._reading.seconds,
            past=past,
        )
        like = found.like
        return {
            "calls": found.calls,
            "seconds": found.seconds,
            "like_run_at": like.at if like else None,
            "like_run_moved": like.moved if like else 0,
        }

    def _labels(self) -> dict[str, str]:
        """What people call the fields."""
        return {
            field.id: field.label
            for schema in self._schemas.values()
            for each in schema.types
            for field in each.fields
        }
