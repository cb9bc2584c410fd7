"""Issues of a GitLab project as a `Side`.

The mark of an item or a comment is an HTML comment at the end of its text, which GitLab does not
show. Files are the uploads that an issue and its notes link to; what we attach is linked from a
note of its own, so that the description stays as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from cachetools import LRUCache

from app.sync.richtext import without_delay
from app.tools.gitlab_fields import (
    MILESTONE,
    NO_PARENT,
    STATE_EVENTS,
    comment_of,
    is_of_people,
    issue_type_of,
    item_of,
    payload_of,
    person_of,
    place_of,
    types,
)
from app.tools.gitlab_http import GitLabHttp, clock_of, together, total_of
from app.tools.gitlab_query import filter_of
from app.tools.gitlab_round import IssueRound, Raw
from app.tools.gitlab_text import (
    Place,
    Upload,
    link_to,
    markdown_of,
    name_for_upload,
    uploads_in,
    with_mark,
    without_mark,
)
from app.tools.http import ToolHttp
from app.tools.items import DESCRIPTION, Attachment, Comment, Draft, Item, Person, Schema, Values
from app.tools.knowledge import Knowledge
from app.tools.side import AccessLost, Changes, ItemGone, ItemRejected, SideBusy, SideError, Unsure

MOST_COUNTED = 10_000
_SIZES_KEPT = 2000
_MARKS_OF_FILES = UUID("5d0b5f5e-98f1-4b67-9c1d-5f6f3f0a7c11")
_NOTES_OF_PEOPLE = {"sort": "asc", "order_by": "created_at", "activity_filter": "only_comments"}


class GitLabSide:
    """A `Side`. ``project`` is the project's path, such as ``group/project``, or its number."""

    def __init__(self, http: ToolHttp, project: str, knowledge: Knowledge | None = None) -> None:
        self._knowledge = knowledge or Knowledge()
        self._http = GitLabHttp(http, project, self._knowledge)
        self._sizes: LRUCache[str, int | None] = LRUCache(_SIZES_KEPT)  # files never change
        self._milestones: Mapping[str, int] = {}

    async def schema(self) -> Schema:
        await self._http.place()
        milestones, people, sample = await asyncio.gather(
            self._open_milestones(),
            self._members(),
            self._http.get("/issues", {"per_page": 1}),
        )
        # GitLab shows the weight only where the licence has it.
        has_weight = not sample.json or "weight" in sample.json[0]
        titles = list(dict.fromkeys(str(each["title"]) for each in milestones))
        return Schema(types(titles, has_weight=has_weight), people)

    async def people(self) -> Sequence[Person]:
        return await self._knowledge.of("people", self._members)

    async def changes(self, position: str | None, query: str) -> Changes:
        reading = IssueRound.of(position, query)
        _, reading, is_last, new = await self._read_on(reading, filter_of(query))
        items = await together(self._listed(issue) for issue in new)
        return Changes([item for item in items if item is not None], str(reading), is_last)

    async def count(self, query: str) -> int:
        answer = await self._http.get("/issues", {**filter_of(query), "per_page": 1})
        total = total_of(answer)
        return MOST_COUNTED if total is None else total

    async def read(self, item_id: str) -> Item | None:
        try:
            return await self._item(await self._issue(item_id))
        except ItemGone:
            return None

    async def missing(self, item_ids: Sequence[str]) -> Set[str]:
        """Only a list: whether the account is still shown everything, ``read`` finds out."""
        found = await self._http.get(
            "/issues", {"iids[]": tuple(item_ids), "per_page": len(item_ids)}
        )
        return set(item_ids) - {str(issue["iid"]) for issue in found.json}

    async def find_marked(self, mark: UUID, since: datetime) -> Item | None:
        reading, is_last = IssueRound.made_since(since), False
        while not is_last:
            page, reading, is_last, _ = await self._read_on(reading, {})
            for issue in page:
                if _mark_of(issue) == mark:
                    return await self._item(issue)
        return None

    async def create(self, draft: Draft) -> Item:
        notes = [] if draft.parent is None else [NO_PARENT]
        sent = await self._payload(draft.values, notes)
        sent["description"] = with_mark(sent.get("description", ""), draft.mark)
        sent["issue_type"] = issue_type_of(draft.type)
        issue = await self._http.change("POST", "/issues", sent)
        item = await self._item(issue, notes)
        if draft.status is None or draft.status == item.status:
            return item
        try:
            return await self.move(item.id, draft.status, {})
        except ItemRejected as reason:
            return await self._item(issue, [*notes, str(reason)])

    async def update(self, item_id: str, values: Values, parent: str | None = None) -> Item:
        notes = [] if parent is None else [NO_PARENT]
        return await self._put(item_id, values, {}, notes)

    async def move(self, item_id: str, status: str, values: Values) -> Item:
        if status not in STATE_EVENTS:
            raise ItemRejected("GitLab's issues are opened or closed, nothing else.")
        return await self._put(item_id, values, {"state_event": STATE_EVENTS[status]}, [])

    async def delete(self, item_id: str) -> None:
        try:
            await self._http.change("DELETE", f"/issues/{_number(item_id)}")
        except ItemGone:
            return

    async def comments(self, item_id: str) -> Sequence[Comment]:
        """Without internal notes, which are not for everybody who sees the issue."""
        place, notes = await self._http.place(), await self._notes(item_id)
        return await asyncio.to_thread(lambda: [comment_of(note, place) for note in notes])

    async def add_comment(self, item_id: str, body: str, mark: UUID) -> Comment:
        place = await self._http.place()
        return await self._note("POST", f"/issues/{_number(item_id)}/notes", body, mark, place)

    async def edit_comment(self, item_id: str, comment_id: str, body: str, mark: UUID) -> Comment:
        place = await self._http.place()
        path = f"/issues/{_number(item_id)}/notes/{_number(comment_id)}"
        return await self._note("PUT", path, body, mark, place)

    async def delete_comment(self, item_id: str, comment_id: str) -> None:
        try:
            path = f"/issues/{_number(item_id)}/notes/{_number(comment_id)}"
            await self._http.change("DELETE", path)
        except ItemGone:
            return

    def open_attachment(
        self,
        item_id: str,  # noqa: ARG002 - a file belongs to the project
        attachment: Attachment,
    ) -> AsyncIterator[bytes]:
        return self._http.download(attachment.id)

    async def attach(
        self, item_id: str, name: str, media_type: str, size: int, content: AsyncIterator[bytes]
    ) -> Attachment:
        place = await self._http.place()
        made = await self._http.upload(name_for_upload(name), media_type, size, content)
        upload_id = place.upload_id(str(made["url"]))
        if upload_id is None:
            raise Unsure("GitLab took the file and does not say where it is.")
        link = link_to(upload_id, name, is_picture=str(made["markdown"]).startswith("!"))
        body = with_mark(link, uuid5(_MARKS_OF_FILES, upload_id))
        await self._http.change("POST", f"/issues/{_number(item_id)}/notes", {"body": body})
        self._sizes[upload_id] = size
        return Attachment(upload_id, name, Upload(upload_id, name).media_type, size)

    async def _read_on(
        self, reading: IssueRound, asked: Mapping[str, str]
    ) -> tuple[Sequence[Raw], IssueRound, bool, Sequence[Raw]]:
        """The next page, where that leads, whether it was the last, and what of it is new."""
        try:
            answer = await self._http.get("/issues", {**asked, **reading.parameters})
        except ItemGone as gone:
            raise AccessLost("The GitLab project has no issues, or hides them.") from gone
        page: Sequence[Raw] = answer.json
        onward, is_last = reading.past(page, clock_of(answer), total_of(answer))
        return page, onward, is_last, reading.new_in(page)

    async def _issue(self, item_id: str) -> Raw:
        found: Raw = (await self._http.get(f"/issues/{_number(item_id)}")).json
        return found

    async def _notes(self, item_id: str) -> list[Raw]:
        path = f"/issues/{_number(item_id)}/notes"
        return [
            note for note in await self._http.all_of(path, _NOTES_OF_PEOPLE) if is_of_people(note)
        ]

    async def _listed(self, issue: Raw) -> Item | None:
        """None where it was deleted since. What GitLab fails to say of one stops no other."""
        try:
            return await self._item(issue)
        except ItemGone:
            return None
        except (AccessLost, SideBusy):
            raise
        except SideError as trouble:
            return await _read(issue, (), [f"Its files are left out: {trouble}"])

    async def _item(self, issue: Raw, notes: Sequence[str] = ()) -> Item:
        sized = await together(self._attachment(upload) for upload in await self._uploads(issue))
        files = [file for file in sized if file is not None]
        return await _read(issue, files, notes)

    async def _uploads(self, issue: Raw) -> Sequence[Upload]:
        """What the issue and its notes link to, each once."""
        texts = [str(issue.get("description") or "")]
        if issue.get("user_notes_count"):
            texts += [str(note["body"]) for note in await self._notes(str(issue["iid"]))]
        place = place_of(issue)
        found: dict[str, Upload] = {}
        for text in texts:
            for upload in uploads_in(text, place):
                found.setdefault(upload.id, upload)
        return list(found.values())

    async def _attachment(self, upload: Upload) -> Attachment | None:
        """None where the link leads nowhere."""
        if upload.id not in self._sizes:
            try:
                self._sizes[upload.id] = await self._http.size_of(upload.id)
            except ItemGone:
                return None
        return Attachment(upload.id, upload.name, upload.media_type, self._sizes[upload.id])

    async def _put(
        self, item_id: str, values: Values, more: Mapping[str, Any], notes: list[str]
    ) -> Item:
        mark, place, files = None, None, {}
        if DESCRIPTION in values:
            issue = await self._issue(item_id)
            mark, place = _mark_of(issue), place_of(issue)
            files = {upload.name: upload.id for upload in await self._uploads(issue)}
        sent = {**await self._payload(values, notes, place, files), **more}
        if mark is not None:
            sent["description"] = with_mark(sent["description"], mark)
        if not sent:
            return await self._item(await self._issue(item_id), notes)
        changed = await self._http.change("PUT", f"/issues/{_number(item_id)}", sent)
        return await self._item(changed, notes)

    async def _payload(
        self,
        values: Values,
        notes: list[str],
        place: Place | None = None,
        files: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        if values.get(MILESTONE) and not self._milestones:
            found = await self._open_milestones()
            self._milestones = {str(each["title"]).casefold(): int(each["id"]) for each in found}
        length = len(str(values.get(DESCRIPTION) or ""))
        return await without_delay(
            length, payload_of, values, self._milestones, notes, place, files
        )

    async def _members(self) -> Sequence[Person]:
        return [person_of(member) for member in await self._http.all_of("/members/all")]

    async def _open_milestones(self) -> list[Raw]:
        return await self._http.all_of(
            "/milestones", {"state": "active", "include_ancestors": "true"}
        )

    async def _note(self, method: str, path: str, body: str, mark: UUID, place: Place) -> Comment:
        text, _ = await without_delay(len(body), markdown_of, body, place)
        note = await self._http.change(method, path, {"body": with_mark(text, mark)})
        return await without_delay(len(str(note["body"])), comment_of, note, place)


async def _read(issue: Raw, files: Sequence[Attachment], notes: Sequence[str]) -> Item:
    return await without_delay(
        len(str(issue.get("description") or "")), item_of, issue, files, notes
    )


def _mark_of(issue: Raw) -> UUID | None:
    return without_mark(str(issue.get("description") or ""))[1]


def _number(text: str) -> int:
    """An id of ours as GitLab's. Raises ItemGone for what can be none."""
    if not text.isascii() or not text.isdigit():
        raise ItemGone("GitLab does not have this.")
    return int(text)
