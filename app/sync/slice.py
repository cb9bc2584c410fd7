"""One slice of a run: pages of changes, each committed with all that came of it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.runs.models import Run
from app.sync.ahead import ReadingAhead
from app.sync.context import OTHER, Context, MappedTypes
from app.sync.deletions import (
    came_back,
    confirmed_sides,
    end_moved,
    is_look_due,
    let_go,
    look,
    missing,
    not_found,
)
from app.sync.doubts import forget_confirmed
from app.sync.findings import LEFT_ALONE
from app.sync.links import (
    due_links,
    id_on,
    links_of,
    position_of,
    set_item,
    set_position,
    wake_waiting,
)
from app.sync.models import Link
from app.sync.rules import SideName, goes
from app.sync.settling import Result, failed, settle
from app.tools.items import Item
from app.tools.side import AccessLost, ItemElsewhere, SideBusy, SideError

AT_ONCE = 16
"""Items of a page; how many calls a host gets at a time is up to its budget."""
Phase = Literal["again", "jira", "tool", "look", "missing"]
Ended = Literal["finished", "more", "stopped"]
_log = structlog.stdlib.get_logger("app.sync")


class SealedLog(Protocol):
    """The part of the log that is written with a page."""

    async def flush(self, session: AsyncSession) -> None: ...


@dataclass(slots=True)
class _Page:
    """What is committed together."""

    links: list[Link] = field(default_factory=list)
    counts: Counter[Result] = field(default_factory=Counter)
    position: tuple[SideName, str] | None = None
    is_last: bool = True
    after: UUID | None = None
    problem: SideError | None = None
    linked: list[Link] = field(default_factory=list)
    uses_confirmed: bool = False


def _of_links(links: Sequence[Link]) -> _Page:
    """A page of a walk along the links; it ends where none is left."""
    return _Page(list(links), is_last=not links, after=links[-1].id if links else None)


class Slice:
    """Goes on where the run's ``step`` says, page by page."""

    def __init__(
        self, context: Context, log: SealedLog, run_id: UUID, step: dict[str, Any]
    ) -> None:
        self._context = context
        self._log = log
        self._run_id = run_id
        self._reading = ReadingAhead(context.sides, context.integrated.queries)
        direction = context.integrated.direction
        self._phases: Sequence[Phase] = (
            "again",
            *(side for side, target in OTHER.items() if goes(direction, target)),
            "again",  # children whose parent was linked by now
            "look",
            "missing",
        )
        self._number = int(step.get("phase", 0))
        self._after = UUID(step["after"]) if step.get("after") else None
        self._believed: set[SideName] = set(step.get("believed", ()))
        self.doubts: Sequence[str] = ()

    async def work(self, is_time_up: Callable[[], bool]) -> Ended:
        """Work until nothing is left, somebody stops the run, or time is up.

        Raises SideError when a side lets nothing through; what was done before is committed.
        """
        try:
            return await self._pages(is_time_up)
        finally:
            await self._reading.close()

    async def _pages(self, is_time_up: Callable[[], bool]) -> Ended:
        while self._number < len(self._phases):
            page = await self._page(self._phases[self._number])
            if page.is_last and page.problem is None:
                self._number, self._after = self._number + 1, None
            else:
                self._after = page.after
            if not await self._commit(page):
                return "stopped"
            if page.problem is not None:
                raise page.problem
            if is_time_up() and self._number < len(self._phases):
                return "more"
        return "finished"

    async def _page(self, phase: Phase) -> _Page:
        if phase == "again":
            return await self._again()
        if phase == "look":
            return await self._look()
        if phase == "missing":
            return await self._missing()
        return await self._changed(phase)

    async def _changed(self, side: SideName) -> _Page:
        context = self._context
        integrated = context.integrated
        async with context.session() as session:
            position = await position_of(session, integrated.id, side)
        changes = await self._reading.page(side, position)
        links = await self._links(side, changes.items)
        page = _Page(list(links.values()), position=(side, changes.position))
        page.is_last = changes.is_last
        await self._settle_all(page, side, [(item, links.get(item.id)) for item in changes.items])
        return page

    async def _again(self) -> _Page:
        """Links that wait for another try."""
        context = self._context
        async with context.session() as session:
            links = await due_links(session, context.integrated.id, context.now(), self._after)
        page = _of_links(links)
        by_side: dict[SideName, list[tuple[Item, Link | None]]] = {"jira": [], "tool": []}
        for link in links:
            side: SideName = "jira" if link.jira_id is not None else "tool"
            try:
                item = await context.sides[side].read(str(id_on(link, side)))
            except ItemElsewhere as moved:
                end_moved(context, link, moved)
                continue
            except (SideBusy, AccessLost):
                raise
            except Exception as error:
                page.counts[failed(context, link, self._told(error))] += 1
                continue
            if item is None:
                not_found(context, link, side)
            else:
                by_side[side].append((item, link))
        for side, items in by_side.items():
            await self._settle_all(page, side, items)
        return page

    async def _look(self) -> _Page:
        """Links that were looked for; a note is at those that miss an item."""
        context = self._context
        if self._after is None and not await is_look_due(context):
            return _Page()
        links = await look(context, self._after)
        return _of_links(links)

    async def _missing(self) -> _Page:
        """Links that miss an item are ended, unless so many do that it is not believed."""
        context = self._context
        begins = self._after is None
        if begins:
            self._believed |= await confirmed_sides(context)
        found = await missing(context, self._after, self._believed)
        self.doubts = found.doubts
        page = _of_links(found.links)
        page.uses_confirmed = begins
        if page.is_last:
            for doubt in found.doubts:
                context.log.write("warning", "many missing", doubt)
        page.after = self._after
        for link in found.links:
            try:
                page.counts["updated"] += await let_go(context, link)
            except (SideBusy, AccessLost) as problem:
                page.problem = problem
                break
            except SideError as problem:
                context.log.write(
                    "warning", "unsure", str(problem), jira=link.jira_key, tool=link.tool_key
                )
            page.after = link.id
            if self._believed and came_back(link):
                self._believed.clear()  # what was confirmed is not so
                break
        return page

    async def _links(self, side: SideName, items: Sequence[Item]) -> dict[str, Link]:
        """The links of these items; new ones are written down before anything is made."""
        integrated = self._context.integrated
        may_make = goes(integrated.direction, OTHER[side])
        async with self._context.session() as session:
            links = await links_of(session, integrated.id, side, items)
            for item in items:
                mapping = self._mapping(side, item)
                if item.id in links or mapping is None or not may_make:
                    continue
                link = Link(
                    id=uuid4(),
                    instance_id=integrated.instance_id,
                    integration_id=integrated.id,
                    mapping_id=mapping.id,
                    state="making",
                    jira_prints={},
                    tool_prints={},
                    attempts=0,
                )
                set_item(link, side, item)
                session.add(link)
                links[item.id] = link
                self._context.fresh.add(link.id)
        return links

    def _mapping(self, side: SideName, item: Item) -> MappedTypes | None:
        return self._context.integrated.mapping_of(side, item)

    async def _settle_all(
        self, page: _Page, side: SideName, items: Sequence[tuple[Item, Link | None]]
    ) -> None:
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(item: Item, link: Link | None) -> None:
            async with turns:
                if page.problem is None:
                    await self._settle(page, side, item, link)

        await asyncio.gather(*(one(item, link) for item, link in items))

    async def _settle(self, page: _Page, side: SideName, item: Item, link: Link | None) -> None:
        was_linked = link is None or link.state == "linked"
        try:
            result = await settle(self._context, side, item, link, self._mapping(side, item))
        except (SideBusy, AccessLost) as problem:
            page.problem = problem
            return
        except Exception as error:
            # One bad item must not stop the others, whatever is wrong with it.
            assert link is not None  # noqa: S101 - without a link nothing was tried
            result = failed(self._context, link, self._told(error))
        page.counts[result] += 1
        if link is not None and link.state == "linked" and not was_linked:
            page.linked.append(link)
        if self._context.counting is not None:
            became = LEFT_ALONE if self._mapping(side, item) is None else result
            self._context.counting.count(side, item, became)

    def _told(self, error: Exception) -> SideError:
        if isinstance(error, SideError):
            return error
        _log.exception("an item failed", kind=type(error).__name__, run=self._run_id)
        return SideError("Getint could not deal with this item; its makers were told.")

    async def _commit(self, page: _Page) -> bool:
        """Everything of a page at once; false if somebody stopped the run meanwhile."""
        context = self._context
        async with context.session() as session:
            session.add_all([*page.links, *context.rows])
            integrated = context.integrated
            await wake_waiting(session, integrated.id, page.linked, context.now())
            if page.uses_confirmed:
                await forget_confirmed(session, integrated.id)
            if page.position is not None and page.problem is None:
                await set_position(session, integrated.instance_id, integrated.id, *page.position)
            run = await session.get_one(Run, self._run_id, with_for_update=True)
            run.created += page.counts["created"]
            run.updated += page.counts["updated"]
            run.skipped += page.counts["skipped"]
            run.failed += page.counts["failed"]
            run.step = self._step()
            run.beat_at = context.now()
            if context.counting is not None:
                run.findings = context.counting.sealed()
            await self._log.flush(session)
            goes_on = run.state == "running"
        context.rows.clear()
        return goes_on

    def _step(self) -> dict[str, Any]:
        after = str(self._after) if self._after else None
        return {"phase": self._number, "after": after, "believed": sorted(self._believed)}
