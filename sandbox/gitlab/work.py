"""What happens to issues and notes, whoever asks: API or page. Webhooks are told of it."""

from datetime import datetime
from typing import Any

from sandbox.gitlab import events, quick_actions
from sandbox.gitlab.differences import assigned, differences, system_notes
from sandbox.gitlab.rest import params
from sandbox.gitlab.rest.errors import GitLabError, bad_param, not_valid
from sandbox.gitlab.rest.params import Given
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.state import Issue, Note, Project, User

LONGEST_NOTE = 1_000_000
EDITABLE = (
    "assignee_id", "assignee_ids", "confidential", "created_at", "description",
    "discussion_locked", "due_date", "issue_type", "labels", "add_labels", "remove_labels",
    "milestone_id", "state_event", "title", "updated_at", "weight",
)  # fmt: skip


def create_issue(
    gitlab: GitLab, project: Project, by: User, given: Given, *, may_date: bool
) -> Issue:
    """`may_date`: `created_at` and `iid` are heeded, as GitLab does for owners."""
    title = params.required(given, "title")
    text, ordered = quick_actions.taken_out(str(given.get("description") or ""))
    now = gitlab.clock.now()
    created = _date_of(given, "created_at", may_date=may_date) or now
    iid = params.number("iid", given.get("iid")) if may_date else None
    if iid in project.issues:
        raise GitLabError(409, {"message": "409 Duplicated issue"})
    issue = Issue(
        id=0,
        iid=0,
        project_id=project.id,
        title=title,
        description=None,
        author_id=by.id,
        created_at=created,
        updated_at=created,
    )
    wanted = {**given, "title": title, "description": text or None, **ordered}
    wanted.pop("state_event", None)
    changes = differences(project, issue, wanted)
    project.last_iid = max(project.last_iid, iid or project.last_iid + 1)
    issue.id, issue.iid = gitlab.state.new_id(), iid or project.last_iid
    _apply(gitlab, project, issue, changes)
    project.issues[issue.iid] = issue
    if issue.assignee_ids:
        _add_system_note(gitlab, issue, by, assigned(gitlab, [], issue.assignee_ids), created)
    gitlab.changed()
    told = {name: {"previous": None, "current": events.written(v)} for name, v in changes.items()}
    events.issue_changed(gitlab, project, issue, by, action="open", changes=told)
    return issue


def edit_issue(
    gitlab: GitLab, project: Project, issue: Issue, by: User, given: Given, *, may_date: bool
) -> None:
    """Nothing happens, and nobody is told, where everything is as wanted already."""
    if not any(name in given for name in EDITABLE):
        raise bad_param(", ".join(EDITABLE), "are missing, at least one parameter must be provided")
    given = dict(given)
    if given.get("description"):
        given["description"], ordered = quick_actions.taken_out(str(given["description"]))
        given |= ordered
    changes = differences(project, issue, given)
    if not changes:
        return
    now = _date_of(given, "updated_at", may_date=may_date) or gitlab.clock.now()
    before = {name: getattr(issue, name) for name in changes}
    _apply(gitlab, project, issue, changes)
    if "state" in changes:
        issue.closed_at = now if issue.state == "closed" else None
        issue.closed_by_id = by.id if issue.state == "closed" else None
    for text in system_notes(gitlab, before, changes):
        _add_system_note(gitlab, issue, by, text, now)
    told = {
        name: {"previous": events.written(before[name]), "current": events.written(value)}
        for name, value in changes.items()
    }
    told["updated_at"] = {
        "previous": events.written(issue.updated_at),
        "current": events.written(now),
    }
    issue.updated_at = now
    gitlab.changed()
    action = {"closed": "close", "opened": "reopen"}.get(str(changes.get("state")), "update")
    events.issue_changed(gitlab, project, issue, by, action=action, changes=told)


def delete_issue(gitlab: GitLab, project: Project, issue: Issue) -> None:
    """No webhook: GitLab has none for this."""
    del project.issues[issue.iid]
    for place in gitlab.state.projects:
        for other in place.issues.values():
            other.links = [link for link in other.links if link.other != issue.id]
    gitlab.changed()


def add_note(
    gitlab: GitLab, project: Project, issue: Issue, by: User, given: Given, *, may_date: bool
) -> Note | dict[str, Any]:
    """The note; or, where nothing but quick actions was said, what they changed."""
    body, ordered = quick_actions.taken_out(params.required(given, "body"))
    _check_note(body)
    note = None
    if body:
        created = _date_of(given, "created_at", may_date=may_date) or gitlab.clock.now()
        internal = params.flag("internal", given.get("internal", False))
        note = Note(gitlab.state.new_id(), body, by.id, created, created, internal=internal)
        issue.notes[note.id] = note
        _touch(gitlab, issue)
        events.note_changed(gitlab, project, issue, note, by, action="create")
    if ordered:
        edit_issue(gitlab, project, issue, by, ordered, may_date=False)
    return note or {"commands_changes": ordered, "summary": ["Applied commands."]}


def edit_note(
    gitlab: GitLab, project: Project, issue: Issue, note: Note, *, by: User, given: Given
) -> None:
    body = params.required(given, "body")
    _check_note(body)
    if body == note.body:
        return
    note.body, note.updated_at = body, gitlab.clock.now()
    _touch(gitlab, issue)
    events.note_changed(gitlab, project, issue, note, by, action="update")


def delete_note(gitlab: GitLab, issue: Issue, note: Note) -> None:
    """No webhook: GitLab has none for this."""
    del issue.notes[note.id]
    _touch(gitlab, issue)


def _touch(gitlab: GitLab, issue: Issue) -> None:
    issue.updated_at = gitlab.clock.now()
    gitlab.changed()


def _check_note(body: str) -> None:
    if len(body) > LONGEST_NOTE:
        raise not_valid("note", f"is too long (maximum is {LONGEST_NOTE} characters)")


def _date_of(given: Given, name: str, *, may_date: bool) -> datetime | None:
    """Dates of those who may not set them are passed over in silence, as GitLab does."""
    return params.moment(name, given[name]) if may_date and given.get(name) else None


def _apply(gitlab: GitLab, project: Project, issue: Issue, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(issue, name, value)
    for name in changes.get("labels", ()):
        project.ensure_label(name, gitlab.state.new_id())


def _add_system_note(gitlab: GitLab, issue: Issue, by: User, text: str, at: datetime) -> None:
    note = Note(gitlab.state.new_id(), text, by.id, at, at, system=True)
    issue.notes[note.id] = note
