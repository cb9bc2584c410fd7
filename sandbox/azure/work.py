"""What happens to work items and comments, whoever asks: API or page. Hooks are told of it."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.azure import events
from sandbox.azure.patch import Patch
from sandbox.azure.process import WorkItemType
from sandbox.azure.relations import mirror, planned
from sandbox.azure.rest.errors import AzureError, bad_request
from sandbox.azure.rules import LONGEST_TEXT, STATE, checked, follow_state, safe_html
from sandbox.azure.running import Azure
from sandbox.azure.state import Comment, Project, Relation, Update, User, WorkItem, stamp

HISTORY, COUNT = "System.History", "System.CommentCount"
MOST_COMMENTS = 1000


@dataclass(frozen=True, slots=True)
class How:
    """As the query says: `validateOnly`, `bypassRules`, `suppressNotifications`."""

    validate_only: bool = False
    bypass: bool = False
    silent: bool = False


PLAIN = How()


def create_item(
    azure: Azure,
    project: Project,
    kind: WorkItemType,
    patch: Patch,
    by: User,
    *,
    how: How = PLAIN,
) -> WorkItem:
    fields = {
        "System.AreaPath": project.name,
        "System.TeamProject": project.name,
        "System.IterationPath": project.name,
        "System.WorkItemType": kind.name,
    }
    item = WorkItem(azure.state.last_item + 1, project.id, 0, fields)
    defaults = {STATE: kind.first_state, "Microsoft.VSTS.Common.Priority": 2}
    patch.fields = {**defaults, **patch.fields}
    text = patch.fields.pop(HISTORY, None)
    changes = checked(azure.state, project, kind, item, patch.fields, bypass=how.bypass)
    after, added, _ = planned(azure.state, item, patch)
    at = stamp(azure.clock.now())
    follow_state(None, changes, by.unique_name, at)
    for name, value in (("System.CreatedDate", at), ("System.CreatedBy", by.unique_name)):
        changes.setdefault(name, value)
    changes = {**fields, **changes}
    item.fields = {}
    _revise(azure, item, by, changes, added=added)
    item.relations = after
    if how.validate_only:
        return item
    azure.state.last_item = item.id
    azure.state.items[item.id] = item
    mirror(azure.state, item, added, [])
    _tell(azure, how, "workitem.created", item, by)
    if text:
        add_comment(azure, item, by, str(text), how=how)
    azure.save()
    return item


def update_item(
    azure: Azure, item: WorkItem, patch: Patch, by: User, *, how: How = PLAIN
) -> WorkItem:
    """Nothing happens, and nobody is told, where everything is as wanted already."""
    patch.check(item)
    target = copy.deepcopy(item) if how.validate_only else item
    project = azure.state.project_of(item)
    kind = project.type(item.type_name)
    if kind is None:
        raise LookupError(item.type_name)
    text = patch.fields.pop(HISTORY, None)
    changes = checked(azure.state, project, kind, target, patch.fields, bypass=how.bypass)
    after, added, removed = planned(azure.state, target, patch)
    _check_dates(target, changes)
    if changes or after != target.relations:
        at = stamp(_next_moment(azure, target))
        follow_state(str(target.fields.get(STATE)), changes, by.unique_name, at)
        _revise(azure, target, by, changes, added=added, removed=removed)
        target.relations = after
        if not how.validate_only:
            mirror(azure.state, target, added, removed)
            _tell(azure, how, "workitem.updated", target, by)
    if text and not how.validate_only:
        add_comment(azure, target, by, str(text), how=how)
    azure.save()
    return target


def delete_item(azure: Azure, item: WorkItem, by: User, *, destroy: bool = False) -> None:
    """Into the recycle bin; with `destroy`, for good."""
    item.deleted_at, item.deleted_by = stamp(azure.clock.now()), by.unique_name
    if destroy:
        del azure.state.items[item.id]
    _tell(azure, PLAIN, "workitem.deleted", item, by)
    azure.save()


def restore_item(azure: Azure, item: WorkItem, by: User) -> None:
    item.deleted_at = item.deleted_by = None
    _revise(azure, item, by, {})
    _tell(azure, PLAIN, "workitem.restored", item, by)
    azure.save()


def add_comment(
    azure: Azure, item: WorkItem, by: User, text: str, *, markup: str = "html", how: How = PLAIN
) -> Comment:
    text = _comment_text(text, markup)
    if len(item.comments) >= MOST_COMMENTS:
        raise bad_request(f"VS403688: A work item can have at most {MOST_COMMENTS} comments.")
    azure.state.last_comment += 1
    at, name = stamp(_next_moment(azure, item)), by.unique_name
    comment = Comment(azure.state.last_comment, text, name, at, name, at, markup)
    item.comments[comment.id] = comment
    _revise(azure, item, by, {HISTORY: text, COUNT: item.comment_count}, at=at)
    _tell(azure, how, "workitem.commented", item, by)
    _tell(azure, how, "workitem.updated", item, by)
    azure.save()
    return comment


def edit_comment(
    azure: Azure, item: WorkItem, comment: Comment, by: User, text: str, *, markup: str = "html"
) -> None:
    comment.text, comment.format = _comment_text(text, markup), markup
    comment.version += 1
    _revise(azure, item, by, {})
    comment.modified, comment.modified_by = item.updates[-1].at, by.unique_name
    _tell(azure, PLAIN, "workitem.updated", item, by)
    azure.save()


def delete_comment(azure: Azure, item: WorkItem, comment: Comment, by: User) -> None:
    comment.deleted = True
    comment.version += 1
    _revise(azure, item, by, {COUNT: item.comment_count})
    comment.modified, comment.modified_by = item.updates[-1].at, by.unique_name
    _tell(azure, PLAIN, "workitem.updated", item, by)
    azure.save()


def _comment_text(text: str, markup: str) -> str:
    if not text.strip():
        raise bad_request("The comment text must not be empty.")
    if len(text) > LONGEST_TEXT:
        raise bad_request("The comment text is too long.")
    return safe_html(text) if markup == "html" else text


def _next_moment(azure: Azure, item: WorkItem) -> datetime:
    """Later than the revision before, whatever the clock says."""
    now = azure.clock.now()
    last = datetime.fromisoformat(item.fields.get("System.ChangedDate", "2000-01-01T00:00:00Z"))
    return max(now, last + timedelta(milliseconds=1))


def _check_dates(item: WorkItem, changes: dict[str, Any]) -> None:
    """`ChangedDate` may be given with `bypassRules` alone, and then it has to go forward."""
    given = changes.get("System.ChangedDate")
    if given is not None and given <= item.fields["System.ChangedDate"]:
        message = "VS402625: Dates must be increasing with each revision."
        raise AzureError(400, "WorkItemDatesInvalidException", message)


def _revise(
    azure: Azure,
    item: WorkItem,
    by: User,
    changes: dict[str, Any],
    *,
    added: Iterable[Relation] = (),
    removed: Iterable[Relation] = (),
    at: str | None = None,
) -> None:
    """A revision more. History and the count of comments are not kept among the fields."""
    at = str(changes.get("System.ChangedDate") or at or stamp(_next_moment(azure, item)))
    name = str(changes.get("System.ChangedBy") or by.unique_name)
    changes = {**changes, "System.ChangedDate": at, "System.ChangedBy": name}
    differing = {n: (item.fields.get(n), value) for n, value in changes.items()}
    for field, value in changes.items():
        if value is None:
            item.fields.pop(field, None)
        elif field not in (HISTORY, COUNT):
            item.fields[field] = value
    item.rev += 1
    item.updates.append(Update(item.rev, name, at, differing, [*added], [*removed]))


def _tell(azure: Azure, how: How, event: str, item: WorkItem, by: User) -> None:
    if not how.silent:
        events.tell(azure, event, item, by)
