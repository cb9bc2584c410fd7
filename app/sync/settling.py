"""Brings one item and its counterpart to agree, whatever was done or half done before."""

from datetime import timedelta
from typing import Literal

from app.sync.comments import copy_comments
from app.sync.context import OTHER, Context, MappedTypes
from app.sync.deletions import clear, end_moved, not_found
from app.sync.files import copy_files
from app.sync.links import id_on, ids_across, set_item
from app.sync.models import Link
from app.sync.prints import SEEN
from app.sync.reconcile import Plan, Setting, draft_values, prints_of, reconcile
from app.sync.richtext import without_delay
from app.sync.rules import SideName
from app.tools.items import Draft, Item
from app.tools.side import ItemElsewhere, ItemGone, ItemRejected, SideError, Unsure

Result = Literal["created", "updated", "skipped", "failed"]
# Clocks of tools are wrong by minutes; a mark is looked for from this long before it was meant.
SKEW = timedelta(minutes=30)
_BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
_SOON = timedelta(seconds=20)


async def settle(
    context: Context, here: SideName, item: Item, link: Link | None, mapping: MappedTypes | None
) -> Result:
    """One item that ``here`` says has changed. Failures of the item stay the item's."""
    if link is None or mapping is None or _is_over(link) or _was_seen(link, here, item):
        return "skipped"
    try:
        result = await _settle(context, here, item, link, mapping)
    except ItemElsewhere as moved:
        end_moved(context, link, moved)
        return "skipped"
    except (ItemRejected, ItemGone) as problem:
        return failed(context, link, problem)
    except Unsure as problem:
        link.try_again_at = context.now() + _SOON
        context.tell("warning", "unsure", str(problem), here, item)
        return "skipped"
    link.state, link.problem, link.attempts = "linked", None, 0
    return result


async def _settle(
    context: Context, here: SideName, item: Item, link: Link, mapping: MappedTypes
) -> Result:
    there = OTHER[here]
    set_item(link, here, item)
    counterpart_id = id_on(link, there)
    if counterpart_id is None:
        counterpart = await _made_or_found(context, here, item, link, mapping)
    elif found := await context.sides[there].read(counterpart_id):
        counterpart = found
    else:
        not_found(context, link, there)
        return "skipped"
    clear(link)
    changed = await _agree(context, link, mapping, {here: item, there: counterpart})
    if counterpart_id is None:
        return "created"
    return "updated" if changed else "skipped"


async def _made_or_found(
    context: Context, here: SideName, item: Item, link: Link, mapping: MappedTypes
) -> Item:
    """The counterpart: found by our mark where an earlier try may have made it, else made."""
    there = OTHER[here]
    side = context.sides[there]
    counterpart = None
    if link.id in context.fresh:
        context.fresh.discard(link.id)
    else:
        counterpart = await side.find_marked(link.id, link.created_at - SKEW)
    if counterpart is None:
        await _know_parents(context, here, item)
        await context.know_people(mapping.rules, item)
        draft = await without_delay(_length(item), _draft, context, here, item, link, mapping)
        counterpart = await side.create(draft)
        context.tell("info", "created", f"Made {counterpart.key}.", here, item)
        _tell_notes(context, there, counterpart)
    else:
        # The line of its making went with the page that was never committed.
        context.tell("info", "found", f"Found {counterpart.key}, made before.", here, item)
    set_item(link, there, counterpart)
    prints = prints_of(context.setting(mapping), there, counterpart)
    if there == "jira":
        link.jira_prints = prints
    else:
        link.tool_prints = prints
    return counterpart


def _draft(context: Context, here: SideName, item: Item, link: Link, mapping: MappedTypes) -> Draft:
    there = OTHER[here]
    values, notes = draft_values(context.setting(mapping), there, item)
    for note in notes:
        context.note(note, *_keys(link))
    parent = context.parents.get((there, item.parent)) if item.parent else None
    if item.parent and mapping.rules.hierarchy and not context.keeps_parents:
        context.tell("warning", "not said", "The parent: there it can not have one.", here, item)
    return Draft(
        type=mapping.type_on(there),
        values=values,
        mark=link.id,
        parent=parent if mapping.rules.hierarchy and context.keeps_parents else None,
    )


async def _agree(
    context: Context, link: Link, mapping: MappedTypes, items: dict[SideName, Item]
) -> bool:
    await _know_parents(context, "jira", items["jira"])
    await _know_parents(context, "tool", items["tool"])
    await context.know_people(mapping.rules, *items.values())
    setting = context.setting(mapping)
    plan = await without_delay(
        _length(*items.values()),
        reconcile,
        setting,
        items["jira"],
        items["tool"],
        (link.jira_prints, link.tool_prints),
    )
    for note in plan.notes:
        context.note(note, *_keys(link))
    changed = False
    for side in OTHER:
        changed |= await _write(context, link, plan, side, items)
    copied = await copy_comments(context, link, mapping.rules, items)
    copied |= await copy_files(context, link, mapping.rules, items)
    link.jira_prints = plan.jira_prints | _seen(setting, "jira", items["jira"], plan)
    link.tool_prints = plan.tool_prints | _seen(setting, "tool", items["tool"], plan)
    link.mapping_id = mapping.id
    link.try_again_at, link.waits_for = None, plan.waits_for
    return changed or copied


async def _write(
    context: Context, link: Link, plan: Plan, side: SideName, items: dict[SideName, Item]
) -> bool:
    """Carry out what the plan has for this side; the items are then as they became."""
    writes = plan.on(side)
    if not writes.is_any:
        return False
    target = context.sides[side]
    if writes.values or writes.parent is not None:
        items[side] = await target.update(items[side].id, writes.values, writes.parent)
        _tell_notes(context, side, items[side])
    if writes.status is not None:
        items[side] = await target.move(items[side].id, writes.status, writes.demands)
    jira, tool = _keys(link)
    told = {name: str(value) for name, value in writes.values.items()}
    if writes.status is not None:
        told["status"] = writes.status
    context.log.write(
        "info", "updated", f"Changed {', '.join(told) or 'the parent'}.", jira=jira, tool=tool,
        data=told,
    )  # fmt: skip
    return True


def _tell_notes(context: Context, side: SideName, written: Item) -> None:
    """What of it could not be expressed there."""
    for note in written.notes:
        context.tell("warning", "not expressed", note, side, written)


async def _know_parents(context: Context, here: SideName, item: Item) -> None:
    there = OTHER[here]
    if item.parent is None or context.parents.get((there, item.parent)) is not None:
        return
    async with context.session() as session:
        found = await ids_across(session, context.integrated.id, here, [item.parent])
    context.parents[there, item.parent] = found.get(item.parent)


def failed(context: Context, link: Link, problem: SideError) -> Result:
    """Note why an item failed, and when it is tried again; after some tries only when asked."""
    link.attempts += 1
    link.state, link.problem = "failed", str(problem)
    tries = link.attempts - 1
    link.try_again_at = context.now() + _BACKOFF[tries] if tries < len(_BACKOFF) else None
    jira, tool = _keys(link)
    context.log.write("error", "failed", str(problem), jira=jira, tool=tool)
    return "failed"


def _seen(setting: Setting, side: SideName, item: Item, plan: Plan) -> dict[str, str]:
    """When the item last changed, if it holds nothing but what was agreed or could not be said.

    Else somebody (or the tool itself) changed it while we wrote: it is looked at again.
    """
    held = prints_of(setting, side, item)
    agreed = (plan.jira_prints if side == "jira" else plan.tool_prints) | plan.unsaid[side]
    if any(agreed.get(key) != value for key, value in held.items()):
        return {SEEN: ""}
    return {SEEN: item.updated_at.isoformat()}


def _is_over(link: Link) -> bool:
    """Whether it ended; one that ended before its item was copied begins anew with that item."""
    return link.state == "ended" and None not in {link.jira_id, link.tool_id}


def _was_seen(link: Link, here: SideName, item: Item) -> bool:
    """Whether nothing happened to it since we last looked: the echo of our own write."""
    if link.state != "linked" or link.try_again_at is not None:
        return False
    prints = link.jira_prints if here == "jira" else link.tool_prints
    return prints.get(SEEN) == item.updated_at.isoformat()


def _length(*items: Item) -> int:
    """Of their texts, in characters."""
    return sum(
        len(value) for item in items for value in item.values.values() if isinstance(value, str)
    )


def _keys(link: Link) -> tuple[str, str]:
    return link.jira_key, link.tool_key
