"""Attachments: each is streamed to the other side once, whatever its size up to a limit."""

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import select

from app.sync.context import OTHER, Context
from app.sync.models import Link, LinkedAttachment
from app.sync.rules import MappingRules, SideName, goes
from app.tools.items import Attachment, Item
from app.tools.side import ItemGone, ItemRejected

MOST_BYTES = 100 * 1024 * 1024


def is_copied(file: Attachment) -> bool:
    """Whether its size lets it be copied."""
    return file.size is not None and file.size <= MOST_BYTES


async def copy_files(
    context: Context, link: Link, rules: MappingRules, items: Mapping[SideName, Item]
) -> bool:
    """Bring each side the other's files, as far as the mapping says; true if any was written."""
    if rules.attachments == "off" or not any(item.attachments for item in items.values()):
        return False
    async with context.session() as session:
        rows = (
            await session.scalars(
                select(LinkedAttachment).where(LinkedAttachment.link_id == link.id)
            )
        ).all()
    done = {("jira", row.jira_id) for row in rows} | {("tool", row.tool_id) for row in rows}
    changed = False
    for source, target in OTHER.items():
        if not (goes(rules.attachments, target) and goes(context.integrated.direction, target)):
            continue
        for file in items[source].attachments:
            if (source, file.id) not in done:
                changed |= await _copy(context, link, items, source, file)
    return changed


async def _copy(
    context: Context,
    link: Link,
    items: Mapping[SideName, Item],
    source: SideName,
    file: Attachment,
) -> bool:
    target = OTHER[source]
    same = [
        other
        for other in items[target].attachments
        if (other.name, other.size) == (file.name, file.size)
    ]
    if same:
        _remember(context, link, source, file, same[0])
        return False
    if not is_copied(file):
        size = "of unknown size" if file.size is None else f"of {file.size:,} bytes"
        message = f"A file {size} was not copied; the limit is {MOST_BYTES:,} bytes."
        context.tell("warning", "file not copied", message, source, items[source])
        return False
    assert file.size is not None  # noqa: S101 - it was asked
    try:
        content = context.sides[source].open_attachment(items[source].id, file)
        copy = await context.sides[target].attach(
            items[target].id, file.name, file.media_type, file.size, content
        )
    except (ItemRejected, ItemGone) as problem:
        context.tell("warning", "file not copied", str(problem), source, items[source])
        return False
    _remember(context, link, source, file, copy)
    context.tell("info", "file copied", f"To {items[target].key}.", source, items[source])
    return True


def _remember(
    context: Context, link: Link, source: SideName, file: Attachment, copy: Attachment
) -> None:
    ids = {source: file.id, OTHER[source]: copy.id}
    context.rows.append(
        LinkedAttachment(
            id=uuid4(),
            instance_id=link.instance_id,
            link_id=link.id,
            jira_id=ids["jira"],
            tool_id=ids["tool"],
        )
    )
