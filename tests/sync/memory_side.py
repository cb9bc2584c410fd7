"""A side in memory: the protocol as it is written down, with every fault that a tool can have."""

from collections.abc import AsyncIterator, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from app.tools.items import Attachment, Comment, Draft, Item, Person, Schema, Value, Values
from app.tools.side import (
    AccessLost,
    Changes,
    ItemElsewhere,
    ItemGone,
    ItemRejected,
    SideBusy,
    SideError,
    Unsure,
)

EPOCH = datetime.now(UTC)
PAGE = 3


class Killed(BaseException):
    """The worker's process ends here."""


class Faults:
    """What goes wrong at the next call of each name; nothing once it is used up."""

    def __init__(self) -> None:
        self.coming: list[tuple[str, str]] = []

    def next(self, call: str) -> str:
        for place, (name, fault) in enumerate(self.coming):
            if name == call:
                del self.coming[place]
                return fault
        return ""


@dataclass
class MemorySide:
    """Items by id; its clock ticks once a change, and is wrong by ``skew``."""

    name: str
    faults: Faults
    ticks: Iterator[int]
    skew: timedelta = timedelta()
    first_status: str = "opened"
    items: dict[str, Item] = field(default_factory=dict)
    talk: dict[str, dict[str, Comment]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    put_by_people: set[str] = field(default_factory=set)
    removed_by_people: set[str] = field(default_factory=set)
    deleted_by_us: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    page_size: int = PAGE
    staff: Sequence[Person] = ()
    elsewhere: set[str] = field(default_factory=set)

    def now(self) -> datetime:
        return EPOCH + self.skew + timedelta(seconds=next(self.ticks))

    # What people do there.

    def put(self, item_type: str = "Issue", **values: Value) -> str:
        item_id = self._new(item_type, values).id
        self.put_by_people.add(item_id)
        return item_id

    def edit(self, item_id: str, **values: Value) -> None:
        item = self.items[item_id]
        self.items[item_id] = replace(
            item,
            values={**item.values, **values},
            updated_at=self.now(),
        )

    def put_under(self, item_id: str, parent: str | None) -> None:
        self.items[item_id] = replace(self.items[item_id], parent=parent, updated_at=self.now())

    def set_status(self, item_id: str, status: str) -> None:
        self.items[item_id] = replace(self.items[item_id], status=status, updated_at=self.now())

    def say(self, item_id: str, text: str) -> str:
        return self._comment(item_id, f"<p>{text}</p>", None).id

    def remove(self, item_id: str) -> None:
        del self.items[item_id]
        self.removed_by_people.add(item_id)

    # The protocol.

    async def schema(self) -> Schema:
        return Schema(())

    async def people(self) -> Sequence[Person]:
        self._read("people")
        return self.staff

    async def count(self, query: str) -> int:
        return len(self.items)

    async def changes(self, position: str | None, query: str) -> Changes:
        self._read("changes")
        after = float(position) if position else 0.0
        ordered = sorted(self.items.values(), key=lambda item: item.updated_at)
        # Some come again: clocks of tools are coarse, so a side asks from a little before.
        found = [item for item in ordered if _at(item) >= after]
        page = [self._shown(item) for item in found[: self.page_size]]
        if not page or (len(page) == 1 and _at(page[0]) == after):
            return Changes(page, position or "0", is_last=True)
        return Changes(page, str(_at(page[-1])), is_last=False)

    async def read(self, item_id: str) -> Item | None:
        self._read("read")
        item = self.items.get(item_id)
        if item_id in self.elsewhere:
            raise ItemElsewhere("It is in another place now.")
        return None if item is None else self._shown(item)

    async def missing(self, item_ids: Sequence[str]) -> Set[str]:
        self._read("missing")
        return set(item_ids) - self.items.keys() - self.elsewhere

    async def find_marked(self, mark: UUID, since: datetime) -> Item | None:
        self._read("find")
        young = (item for item in self.items.values() if item.created_at >= since)
        return next((self._shown(item) for item in young if item.mark == mark), None)

    async def create(self, draft: Draft) -> Item:
        with self._write("create"):
            return self._shown(self._new(draft.type, draft.values, draft.mark, draft.parent))

    async def update(self, item_id: str, values: Values, parent: str | None = None) -> Item:
        with self._write("update"):
            self._there(item_id)
            if values.get("title") == "unwanted":
                raise ItemRejected("The title is not allowed here.")
            self.edit(item_id, **values)
            if self.faults.next("meanwhile"):
                self.edit(item_id, labels=("meanwhile",))
            if parent is not None:
                self.items[item_id] = replace(self.items[item_id], parent=parent or None)
            return self._shown(self.items[item_id])

    async def move(self, item_id: str, status: str, values: Values) -> Item:
        with self._write("move"):
            self._there(item_id)
            self.set_status(item_id, status)
            return self._shown(self.items[item_id])

    async def delete(self, item_id: str) -> None:
        with self._write("delete"):
            if self.items.pop(item_id, None) is not None:
                self.deleted_by_us.add(item_id)

    async def comments(self, item_id: str) -> Sequence[Comment]:
        self._read("comments")
        return list(self.talk.get(item_id, {}).values())

    async def add_comment(self, item_id: str, body: str, mark: UUID) -> Comment:
        with self._write("add_comment"):
            self._there(item_id)
            return self._comment(item_id, body, mark)

    async def edit_comment(self, item_id: str, comment_id: str, body: str, mark: UUID) -> Comment:
        with self._write("edit_comment"):
            comment = replace(self.talk[item_id][comment_id], body=body)
            self.talk[item_id][comment_id] = comment
            return comment

    async def delete_comment(self, item_id: str, comment_id: str) -> None:
        with self._write("delete_comment"):
            self.talk[item_id].pop(comment_id, None)

    async def open_attachment(self, item_id: str, attachment: Attachment) -> AsyncIterator[bytes]:
        yield self.files[attachment.id]

    async def attach(
        self, item_id: str, name: str, media_type: str, size: int, content: AsyncIterator[bytes]
    ) -> Attachment:
        raw = b"".join([part async for part in content])
        with self._write("attach"):
            file = Attachment(f"{self.name}-file-{next(self.numbers)}", name, media_type, size)
            self.files[file.id] = raw
            item = self.items[item_id]
            self.items[item_id] = replace(item, attachments=(*item.attachments, file))
            return file

    def _new(
        self, item_type: str, values: Values, mark: UUID | None = None, parent: str | None = None
    ) -> Item:
        number = next(self.numbers)
        at = self.now()
        item = Item(
            id=f"{self.name}-{number}",
            key=f"{self.name.upper()}-{number}",
            url=f"https://{self.name}.example.com/{number}",
            type=item_type,
            status=self.first_status,
            values=dict(values),
            created_at=at,
            updated_at=at,
            parent=parent,
            mark=mark,
        )
        self.items[item.id] = item
        return item

    def _comment(self, item_id: str, body: str, mark: UUID | None) -> Comment:
        at = self.now()
        comment = Comment(
            f"{self.name}-comment-{next(self.numbers)}", Person("p", "Pia"), body, at, at, mark
        )
        self.talk.setdefault(item_id, {})[comment.id] = comment
        self.items[item_id] = replace(self.items[item_id], updated_at=at)
        return comment

    def _shown(self, item: Item) -> Item:
        return replace(item, comment_count=len(self.talk.get(item.id, {})))

    def _there(self, item_id: str) -> None:
        if item_id not in self.items:
            raise ItemGone("It is not there any more.")

    def _read(self, call: str) -> None:
        self.calls.append(call)
        match self.faults.next(call):
            case "kill" | "kill-before":
                raise Killed
            case "busy" | "unsure":
                raise SideBusy("It asks to wait.", 1.0)
            case "lost":
                raise AccessLost("The credentials are not accepted any more.")
            case "broken":
                raise SideError("It has trouble of its own (HTTP 500).")

    def _write(self, call: str) -> "_Write":
        self.calls.append(call)
        return _Write(self.faults.next(call))


@dataclass
class _Write:
    """A write that may fail before or after it took effect."""

    fault: str

    def __enter__(self) -> None:
        if self.fault == "busy":
            raise SideBusy("It asks to wait.", 1.0)
        if self.fault == "lost":
            raise AccessLost("The credentials are not accepted any more.")
        if self.fault == "kill-before":
            raise Killed

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None and self.fault == "unsure":
            raise Unsure("No answer came.")
        if error is None and self.fault == "kill":
            raise Killed


def _at(item: Item) -> float:
    return item.updated_at.timestamp()
