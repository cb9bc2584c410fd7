"""Comments: each is copied once, follows its original's edits, and names whose words it is."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import select

from app.sync.context import OTHER, Context
from app.sync.models import Link, LinkedComment
from app.sync.prints import print_of
from app.sync.rules import MappingRules, SideName, goes
from app.tools.items import Comment, FieldKind, Item
from app.tools.side import ItemGone, ItemRejected

_Rows = dict[tuple[SideName, str], LinkedComment]


async def copy_comments(
    context: Context, link: Link, rules: MappingRules, items: Mapping[SideName, Item]
) -> bool:
    """Bring each side the other's comments, as far as the mapping says; true if any was written."""
    if rules.comments == "off":
        return False
    here = {side: await _said_on(context, side, item) for side, item in items.items()}
    if not any(here.values()):
        return False
    rows = await _rows_of(context, link)
    changed = False
    for source, target in OTHER.items():
        if goes(rules.comments, target) and goes(context.integrated.direction, target):
            changed |= await _Copying(context, link, items, here, rows, source).run()
    return changed


async def _said_on(context: Context, side: SideName, item: Item) -> Sequence[Comment]:
    # Most items have none, and most tools say so with the item.
    return () if item.comment_count == 0 else await context.sides[side].comments(item.id)


async def _rows_of(context: Context, link: Link) -> _Rows:
    statement = select(LinkedComment).where(LinkedComment.link_id == link.id)
    rows: _Rows = {}
    async with context.session() as session:
        for row in await session.scalars(statement):
            _remember(rows, row)
    return rows


def _remember(rows: _Rows, row: LinkedComment) -> None:
    if row.jira_id is not None:
        rows["jira", row.jira_id] = row
    if row.tool_id is not None:
        rows["tool", row.tool_id] = row


@dataclass(frozen=True, slots=True)
class _Copying:
    """The comments that were written on ``source``, on their way to the other side."""

    context: Context
    link: Link
    items: Mapping[SideName, Item]
    here: Mapping[SideName, Sequence[Comment]]
    rows: _Rows
    source: SideName

    @property
    def target(self) -> SideName:
        return OTHER[self.source]

    async def run(self) -> bool:
        copies = {comment.mark: comment for comment in self.here[self.target] if comment.mark}
        changed = False
        for comment in self.here[self.source]:
            if comment.mark is not None:
                continue  # a copy of ours: it is never copied back
            row = self.rows.get((self.source, comment.id))
            if row is not None and row.written_by != self.source:
                continue  # the same, where the tool does not show us our mark
            if row is None and (copy := copies.get(_mark_of(self.link, self.source, comment))):
                row = self._row(comment, copy)  # written, but not recorded
            changed |= await self._write(comment, row)
        if self.context.integrated.copies_deletions:
            changed |= await self._delete_copies_of_deleted()
        return changed

    async def _write(self, comment: Comment, row: LinkedComment | None) -> bool:
        said = print_of(self.context.fingerprint, FieldKind.RICH, comment.body)
        if row is not None and row.fingerprint == said:
            return False
        side, item = self.context.sides[self.target], self.items[self.target]
        mark, body = _mark_of(self.link, self.source, comment), self._body(comment)
        try:
            if row is None:
                self._row(comment, await side.add_comment(item.id, body, mark))
            else:
                await side.edit_comment(item.id, self._copy_id(row), body, mark)
                row.fingerprint = said
                self.context.rows.append(row)
        except (ItemRejected, ItemGone) as problem:
            self._tell("warning", "comment not copied", str(problem))
            return False
        self._tell("info", "comment copied", f"To {item.key}.")
        return True

    async def _delete_copies_of_deleted(self) -> bool:
        there = {comment.id for comment in self.here[self.source]}
        gone = [
            row
            for (side, comment_id), row in self.rows.items()
            if side == row.written_by == self.source and comment_id not in there
        ]
        for row in gone:
            side, item = self.context.sides[self.target], self.items[self.target]
            await side.delete_comment(item.id, self._copy_id(row))
            async with self.context.session() as session:
                await session.delete(await session.merge(row))
        return bool(gone)

    def _row(self, comment: Comment, copy: Comment) -> LinkedComment:
        ids = {self.source: comment.id, self.target: copy.id}
        row = LinkedComment(
            id=_mark_of(self.link, self.source, comment),
            instance_id=self.link.instance_id,
            link_id=self.link.id,
            written_by=self.source,
            jira_id=ids["jira"],
            tool_id=ids["tool"],
            fingerprint=print_of(self.context.fingerprint, FieldKind.RICH, comment.body),
        )
        self.context.rows.append(row)
        return row

    def _body(self, comment: Comment) -> str:
        whole, rooms = signed(comment), self.context.rooms
        if not rooms.fits(self.target, FieldKind.RICH, whole):
            self._tell("warning", "shortened", "A comment is longer than its copy may be.")
        return str(rooms.fitted(self.target, FieldKind.RICH, whole, self.items[self.source]))

    def _copy_id(self, row: LinkedComment) -> str:
        return str(row.jira_id if self.target == "jira" else row.tool_id)

    def _tell(self, level: str, event: str, message: str) -> None:
        self.context.tell(level, event, message, self.source, self.items[self.source])


def signed(comment: Comment) -> str:
    """The copy's text: whose words these are and when they were written, then the words."""
    name = html.escape(comment.author.name or comment.author.id)
    when = comment.created_at.strftime("%Y-%m-%d %H:%M %Z").strip()
    return f"<p><strong>{name}</strong> · {when}</p>{comment.body}"


def _mark_of(link: Link, source: SideName, comment: Comment) -> UUID:
    """The same for the same comment always, so that no note has to be made before it is copied."""
    return uuid5(link.id, f"{source}:{comment.id}")
