"""The issues of one site: kept by id and key, changed one write at a time, found by search."""

import dataclasses
import itertools
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.issues.adf import Document
from sandbox.issues.models import Attachment, Change, Comment, Issue, RemoteLink
from sandbox.issues.store import Blobs

FIRST_ID = 10000


@dataclass(frozen=True, slots=True)
class IssueEvent:
    """What a webhook is told: `name` is Jira's webhookEvent."""

    name: str
    issue: Issue
    account_id: str
    at: int
    change: Change | None = None
    comment: Comment | None = None


class Tracker:
    """All writes go through here; `listeners` hear of each, `version` counts them.

    `search_lag_ms`: how long a change stays unseen by search. `clock_skew_ms`: how far this
    site's clock is ahead.
    """

    def __init__(self, blobs: Blobs | None = None) -> None:
        self.blobs = blobs or Blobs()
        self.listeners: list[Callable[[IssueEvent], None]] = []
        self.on_write: Callable[[], None] | None = None
        self.search_lag_ms = 0
        self.clock_skew_ms = 0
        self.version = 0
        self._issues: dict[int, Issue] = {}
        self._ids: dict[str, int] = {}
        self._children: dict[int, set[int]] = {}
        self._attached_to: dict[int, int] = {}
        self._last_numbers: dict[int, int] = {}
        self._next_id = itertools.count(FIRST_ID)
        self._indexed: dict[int, Issue] = {}
        self._to_index: deque[tuple[float, int, Issue | None]] = deque()

    def now(self) -> int:
        return int(time.time() * 1000) + self.clock_skew_ms

    def new_id(self) -> int:
        """Ids of issues, comments, attachments and links, all from one row of numbers."""
        return next(self._next_id)

    def all(self) -> Iterable[Issue]:
        return self._issues.values()

    def find(self, id_or_key: str) -> Issue | None:
        """By id, or by key without regard to case."""
        number = int(id_or_key) if id_or_key.isdigit() else self._ids.get(id_or_key.upper(), -1)
        return self._issues.get(number)

    def children(self, issue: Issue) -> list[Issue]:
        return [self._issues[number] for number in sorted(self._children.get(issue.id, ()))]

    def attachment(self, attachment_id: int) -> tuple[Issue, Attachment] | None:
        issue = self._issues.get(self._attached_to.get(attachment_id, -1))
        for attachment in issue.attachments if issue is not None else ():
            if attachment.id == attachment_id and issue is not None:
                return issue, attachment
        return None

    def add(
        self,
        project: tuple[int, str],
        fields: Mapping[str, Any],
        creator: str,
        properties: Mapping[str, Any] | None = None,
        at: int | None = None,
    ) -> Issue:
        """A new issue of the project (id, key), with the project's next number."""
        number = self._last_numbers.get(project[0], 0) + 1
        self._last_numbers[project[0]] = number
        now = at if at is not None else self.now()
        issue = Issue(
            id=self.new_id(),
            key=f"{project[1]}-{number}",
            project=project[0],
            created=now,
            updated=now,
            creator=creator,
            fields=dict(fields),
            properties=dict(properties or {}),
        )
        self._ids[issue.key] = issue.id
        self._keep(issue)
        self._tell(IssueEvent("jira:issue_created", issue, creator, now))
        return issue

    def change(
        self,
        issue: Issue,
        fields: Mapping[str, Any],
        account_id: str,
        items: Iterable[Mapping[str, str | None]],
    ) -> Issue:
        """Set fields; where nothing is different (no `items`), nothing happens."""
        listed = tuple(items)
        if not listed:
            return issue
        now = self.now()
        entry = Change(self.new_id(), account_id, now, listed)
        changed = dataclasses.replace(
            issue,
            fields={**issue.fields, **fields},
            updated=now,
            history=(*issue.history, entry),
        )
        self._keep(changed)
        self._tell(IssueEvent("jira:issue_updated", changed, account_id, now, entry))
        return changed

    def delete(self, issue: Issue, account_id: str) -> None:
        self._leave_parent(issue)
        del self._issues[issue.id], self._ids[issue.key]
        for attachment in issue.attachments:
            self.blobs.remove(attachment.id)
        self._written(issue.id)
        self._tell(IssueEvent("jira:issue_deleted", issue, account_id, self.now()))

    def comment(
        self, issue: Issue, account_id: str, body: Document, properties: Mapping[str, Any]
    ) -> Comment:
        now = self.now()
        made = Comment(self.new_id(), account_id, body, now, now, account_id, dict(properties))
        self._set_comments(issue, (*issue.comments, made), "comment_created", made, account_id)
        return made

    def edit_comment(
        self, issue: Issue, old: Comment, account_id: str, body: Document, more: Mapping[str, Any]
    ) -> Comment:
        new = dataclasses.replace(
            old,
            body=body,
            updated=self.now(),
            update_author=account_id,
            properties={**old.properties, **more},
        )
        comments = tuple(new if each.id == old.id else each for each in issue.comments)
        self._set_comments(issue, comments, "comment_updated", new, account_id)
        return new

    def delete_comment(self, issue: Issue, old: Comment, account_id: str) -> None:
        comments = tuple(each for each in issue.comments if each.id != old.id)
        self._set_comments(issue, comments, "comment_deleted", old, account_id)

    def attach(
        self, issue: Issue, account_id: str, filename: str, mime_type: str, data: bytes
    ) -> Attachment:
        now = self.now()
        made = Attachment(
            self.new_id(), str(uuid.uuid4()), filename, mime_type, len(data), account_id, now
        )
        self.blobs.put(made.id, data)
        item = _file_item(to=made)
        self._keep(dataclasses.replace(issue, attachments=(*issue.attachments, made)))
        self.change(self._issues[issue.id], {}, account_id, [item])
        return made

    def detach(self, issue: Issue, old: Attachment, account_id: str) -> None:
        kept = tuple(each for each in issue.attachments if each.id != old.id)
        self.blobs.remove(old.id)
        self._keep(dataclasses.replace(issue, attachments=kept))
        self.change(self._issues[issue.id], {}, account_id, [_file_item(was=old)])

    def set_properties(self, issue: Issue, properties: Mapping[str, Any]) -> None:
        """Properties are no part of what `updated` speaks of."""
        self._keep(dataclasses.replace(issue, properties=dict(properties)))

    def set_comment_properties(
        self, issue: Issue, comment: Comment, properties: Mapping[str, Any]
    ) -> None:
        """The same for those of a comment."""
        new = dataclasses.replace(comment, properties=dict(properties))
        comments = tuple(new if each.id == comment.id else each for each in issue.comments)
        self._keep(dataclasses.replace(issue, comments=comments))

    def set_remote_links(self, issue: Issue, links: Iterable[RemoteLink], account_id: str) -> None:
        linked = dataclasses.replace(issue, remote_links=tuple(links), updated=self.now())
        self._keep(linked)
        self._tell(IssueEvent("jira:issue_updated", linked, account_id, linked.updated))

    def put(self, issue: Issue) -> None:
        """An issue as it is, told to nobody: from the seed or from a file."""
        self._ids[issue.key] = issue.id
        last = self._last_numbers.get(issue.project, 0)
        self._last_numbers[issue.project] = max(last, issue.number)
        self._keep(issue)

    def searchable(self, reconcile: Iterable[int] = ()) -> Iterable[tuple[Issue, Issue]]:
        """(as search has it, as it is) of each issue; those of `reconcile` as they are."""
        self._catch_up()
        current = set(reconcile)
        for number in current - self._indexed.keys():
            if number in self._issues:
                yield self._issues[number], self._issues[number]
        for number, seen in self._indexed.items():
            real = self._issues.get(number)
            if real is not None:
                yield (real if number in current else seen), real

    def to_json(self) -> dict[str, Any]:
        return {
            "next_id": self._peek_id(),
            "last_numbers": {str(k): v for k, v in self._last_numbers.items()},
            "issues": [issue.to_json() for issue in self._issues.values()],
        }

    def load(self, picture: Mapping[str, Any]) -> None:
        """The opposite of `to_json`, into an empty tracker."""
        for each in picture["issues"]:
            self.put(Issue.from_json(each))
        self._next_id = itertools.count(int(picture["next_id"]))
        self._last_numbers.update({int(k): v for k, v in picture["last_numbers"].items()})

    def _set_comments(
        self,
        issue: Issue,
        comments: tuple[Comment, ...],
        name: str,
        comment: Comment,
        account_id: str,
    ) -> None:
        now = self.now()
        changed = dataclasses.replace(issue, comments=comments, updated=now)
        self._keep(changed)
        self._tell(IssueEvent(name, changed, account_id, now, comment=comment))

    def _keep(self, issue: Issue) -> None:
        self._leave_parent(self._issues.get(issue.id))
        parent = issue.fields.get("parent")
        if parent is not None:
            self._children.setdefault(parent, set()).add(issue.id)
        self._attached_to.update({each.id: issue.id for each in issue.attachments})
        self._issues[issue.id] = issue
        self._written(issue.id)

    def _leave_parent(self, issue: Issue | None) -> None:
        if issue is not None and issue.fields.get("parent") is not None:
            self._children[issue.fields["parent"]].discard(issue.id)

    def _written(self, issue_id: int) -> None:
        self.version += 1
        seen_at = time.monotonic() + self.search_lag_ms / 1000
        self._to_index.append((seen_at, issue_id, self._issues.get(issue_id)))
        if not self.search_lag_ms:
            self._catch_up()
        if self.on_write is not None:
            self.on_write()

    def _catch_up(self) -> None:
        """Show search what has waited long enough; in the order of the writes."""
        now = time.monotonic()
        while self._to_index and self._to_index[0][0] <= now:
            _, issue_id, issue = self._to_index.popleft()
            if issue is None:
                self._indexed.pop(issue_id, None)
            else:
                self._indexed[issue_id] = issue

    def _tell(self, event: IssueEvent) -> None:
        for listener in self.listeners:
            listener(event)

    def _peek_id(self) -> int:
        number = next(self._next_id)
        self._next_id = itertools.count(number)
        return number


def _file_item(
    was: Attachment | None = None, to: Attachment | None = None
) -> Mapping[str, str | None]:
    return {
        "field": "Attachment",
        "fieldId": "attachment",
        "fieldtype": "jira",
        "from": str(was.id) if was else None,
        "fromString": was.filename if was else None,
        "to": str(to.id) if to else None,
        "toString": to.filename if to else None,
    }
