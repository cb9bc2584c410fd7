"""Items that were deleted: found by looking for all that is linked, and let go of with care.

A look goes through the links once a day, and whenever some item turned out to be gone, and only
notes what it misses. What becomes of that is decided when it is known how much it is: a permission
that was lost looks like a deletion of everything (decision 0010).
"""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.sync.context import OTHER, Context
from app.sync.doubts import believed_sides, doubts_of
from app.sync.links import (
    has_suspects,
    id_on,
    linked_after,
    looked_at,
    missing_after,
    set_looked_at,
)
from app.sync.models import Link
from app.sync.prints import SEEN
from app.sync.rules import SideName, goes
from app.tools.side import (
    AccessLost,
    ItemElsewhere,
    ItemGone,
    ItemRejected,
    SideBusy,
    SideError,
    Unsure,
)

LOOK_EVERY = timedelta(days=1)


async def is_look_due(context: Context) -> bool:
    """Whether a day went by, or an item was missed since. The first run looks for nothing."""
    integrated = context.integrated
    async with context.session() as session:
        looked = await looked_at(session, integrated.id)
        if looked is None:
            await set_looked_at(session, integrated.instance_id, integrated.id, context.now())
            return False
        return context.now() - looked >= LOOK_EVERY or await has_suspects(session, integrated.id)


async def look(context: Context, after: UUID | None) -> Sequence[Link]:
    """The next links, with a note at those that miss an item; none at the end of the look."""
    integrated = context.integrated
    async with context.session() as session:
        links = await linked_after(session, integrated.id, after)
        if not links:
            await set_looked_at(session, integrated.instance_id, integrated.id, context.now())
            return ()
    try:
        jira, tool = await asyncio.gather(
            context.sides["jira"].missing([str(link.jira_id) for link in links]),
            context.sides["tool"].missing([str(link.tool_id) for link in links]),
        )
    except (SideBusy, AccessLost):
        raise
    except SideError as problem:
        # The next look comes by them again; what else is linked must not wait for that.
        context.log.write("warning", "unsure", f"{len(links)} were not looked for: {problem}")
        return links
    for link in links:
        if link.jira_id in jira or link.tool_id in tool:
            suspect(link, "jira" if link.jira_id in jira else "tool")
            link.missing_since = link.missing_since or context.now()
        elif link.missing_on is not None:
            clear(link)
            link.try_again_at = context.now()  # what changed meanwhile went by
    return links


def not_found(context: Context, link: Link, side: SideName) -> None:
    """Its item on this side; a look at all that is linked comes before anything is done."""
    if id_on(link, OTHER[side]) is None:
        _end(context, link, "unlinked", "It was deleted before it was copied.")
    else:
        suspect(link, side)


def suspect(link: Link, side: SideName) -> None:
    """Note that this item was not found."""
    if link.missing_on != side:
        link.missing_on, link.missing_since = side, None
    link.try_again_at = None


def clear(link: Link) -> None:
    """Both items are there."""
    link.missing_on = link.missing_since = None


def end_moved(context: Context, link: Link, moved: ItemElsewhere) -> None:
    """What left for another place is no longer kept in step, and stays there as here."""
    _end(context, link, "moved", f"{moved} They are no longer kept in step.")


@dataclass(frozen=True, slots=True)
class Missing:
    """Links that miss an item, and on which sides so many do that none of them is ended."""

    links: Sequence[Link]
    doubts: Sequence[str]


async def missing(context: Context, after: UUID | None, believed: Set[SideName]) -> Missing:
    """The next links that miss an item, without those of a side that misses too many.

    Of the sides that are ``believed``, as many as there are.
    """
    integrated = context.integrated
    async with context.session() as session:
        doubts = [
            doubt for doubt in await doubts_of(session, integrated.id) if doubt.side not in believed
        ]
        doubted = {doubt.side for doubt in doubts}
        sides: list[SideName] = [side for side in OTHER if side not in doubted]
        links = await missing_after(session, integrated.id, sides, after)
    told = [
        f"{doubt.told(_NAMES[doubt.side])} So many at once look like a permission that was lost: "
        "nothing was deleted and no link was ended."
        for doubt in doubts
    ]
    return Missing(links, told)


async def confirmed_sides(context: Context) -> Set[SideName]:
    """Those of which a person said that what is missing now was deleted."""
    async with context.session() as session:
        return await believed_sides(session, context.integrated.id)


_NAMES = {"jira": "Jira", "tool": "the tool"}


def came_back(link: Link) -> bool:
    """Whether the item of a link that missed one was there after all."""
    return link.state != "ended" and link.missing_on is None


async def let_go(context: Context, link: Link) -> bool:
    """End the link if its item is gone indeed; true if the other item was deleted too."""
    there: SideName = "jira" if link.missing_on == "jira" else "tool"
    try:
        if await context.sides[there].read(str(id_on(link, there))) is not None:
            clear(link)
            link.try_again_at = context.now()
            return False
    except ItemElsewhere as moved:
        end_moved(context, link, moved)
        return False
    return await _follow(context, link, OTHER[there])


async def _follow(context: Context, link: Link, here: SideName) -> bool:
    """Do with the item that is left what the owner said."""
    integrated, side, item_id = context.integrated, context.sides[here], id_on(link, here)
    gone = "Its counterpart was deleted"
    if item_id is None or not integrated.copies_deletions or not goes(integrated.direction, here):
        _end(context, link, "unlinked", f"{gone}; they are no longer kept in step.")
        return False
    try:
        item = await side.read(item_id)
        if item is None:
            _end(context, link, "unlinked", "Both were deleted.")
            return False
        prints = link.jira_prints if here == "jira" else link.tool_prints
        if prints.get(SEEN) != item.updated_at.isoformat():
            _end(context, link, "conflict", f"{gone}, and it was changed since: it is kept.")
            return False
        await side.delete(item_id)
    except Unsure as problem:
        _tell(context, link, "unsure", str(problem))  # the next run sees what became of it
        return False
    except (ItemElsewhere, ItemRejected, ItemGone) as problem:
        _end(context, link, "unlinked", f"{gone}; it is kept: {problem}")
        return False
    _end(context, link, "deleted", f"{gone}, so it was too.")
    return True


def _end(context: Context, link: Link, event: str, message: str) -> None:
    link.state, link.try_again_at, link.problem = "ended", None, None
    clear(link)
    _tell(context, link, event, message)


def _tell(context: Context, link: Link, event: str, message: str) -> None:
    context.log.write("warning", event, message, jira=link.jira_key, tool=link.tool_key)
