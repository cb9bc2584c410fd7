"""Webhooks of issues and notes, as GitLab's page "Webhook events" shows them."""

import base64
import hmac
import json
import uuid
from datetime import date, datetime
from typing import Any

from sandbox.gitlab.running import GitLab
from sandbox.gitlab.state import Hook, Issue, Note, Project, User
from sandbox.tools.deliveries import Delivery

VERSION = "18.6.0-ee"
EVENTS = (
    "push_events",
    "issues_events",
    "confidential_issues_events",
    "merge_requests_events",
    "tag_push_events",
    "note_events",
    "confidential_note_events",
    "job_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "releases_events",
    "milestone_events",
    "emoji_events",
    "feature_flag_events",
    "resource_access_token_events",
)


def issue_changed(
    gitlab: GitLab,
    project: Project,
    issue: Issue,
    by: User,
    *,
    action: str,
    changes: dict[str, Any],
) -> None:
    """`action` is open, update, close or reopen. GitLab tells nobody of a deletion."""
    body = _issue_body(gitlab, project, issue, by, action=action, changes=changes)
    secret = issue.confidential
    kind = "confidential_issues_events" if secret else "issues_events"
    _tell(gitlab, project, kind, "Confidential Issue Hook" if secret else "Issue Hook", body)


def test_hook(gitlab: GitLab, project: Project, hook: Hook, by: User) -> None:
    """What *Test > Issues events* sends: the newest issue, as if it had just been opened."""
    issue = project.issues[max(project.issues)]
    body = _issue_body(gitlab, project, issue, by, action="open", changes={})
    _send(gitlab, hook, "Issue Hook", body)


def _issue_body(
    gitlab: GitLab,
    project: Project,
    issue: Issue,
    by: User,
    *,
    action: str,
    changes: dict[str, Any],
) -> dict[str, Any]:
    body = {
        "object_kind": "issue",
        "event_type": "confidential_issue" if issue.confidential else "issue",
        "user": _user(by),
        "project": _project(gitlab, project),
        "object_attributes": {**_issue(gitlab, project, issue), "action": action},
        "labels": _labels(project, issue),
        "changes": changes,
        "repository": _repository(gitlab, project),
    }
    if issue.assignee_ids:
        found = (gitlab.state.user(each) for each in issue.assignee_ids)
        body["assignees"] = [_user(user) for user in found if user is not None]
    return body


def note_changed(
    gitlab: GitLab, project: Project, issue: Issue, note: Note, by: User, *, action: str
) -> None:
    """`action` is create or update; GitLab's own notes and deletions are told to nobody."""
    secret = issue.confidential or note.internal
    body = {
        "object_kind": "note",
        "event_type": "confidential_note" if secret else "note",
        "user": _user(by),
        "project_id": project.id,
        "project": _project(gitlab, project),
        "object_attributes": {
            "id": note.id,
            "note": note.body,
            "description": note.body,
            "noteable_type": "Issue",
            "noteable_id": issue.id,
            "author_id": note.author_id,
            "created_at": written(note.created_at),
            "updated_at": written(note.updated_at),
            "project_id": project.id,
            "system": False,
            "internal": note.internal,
            "action": action,
            "url": f"{_address(gitlab, project, issue)}#note_{note.id}",
        },
        "repository": _repository(gitlab, project),
        "issue": {**_issue(gitlab, project, issue), "labels": _labels(project, issue)},
    }
    kind = "confidential_note_events" if secret else "note_events"
    _tell(gitlab, project, kind, "Confidential Note Hook" if secret else "Note Hook", body)


def written(value: Any) -> Any:
    """Times in webhooks are not those of the API: 2026-11-02 09:00:00 UTC, to the second."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return value.isoformat() if isinstance(value, date) else value


def _tell(gitlab: GitLab, project: Project, kind: str, event: str, body: dict[str, Any]) -> None:
    for hook in project.hooks:
        if hook.events.get(kind):
            _send(gitlab, hook, event, body)


def _send(gitlab: GitLab, hook: Hook, event: str, body: dict[str, Any]) -> None:
    text = json.dumps(body, ensure_ascii=False).encode()
    gitlab.deliveries.add(Delivery(hook.url, event, text, _headers(gitlab, hook, event, text)))


def _headers(gitlab: GitLab, hook: Hook, event: str, body: bytes) -> dict[str, str]:
    message = str(uuid.uuid4())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"GitLab/{VERSION}",
        "Idempotency-Key": message,
        "X-Gitlab-Event": event,
        "X-Gitlab-Event-UUID": str(uuid.uuid4()),
        "X-Gitlab-Webhook-UUID": str(uuid.uuid4()),
        "X-Gitlab-Instance": gitlab.state.base_url,
    }
    if hook.token:
        headers["X-Gitlab-Token"] = hook.token
    if hook.signing_token:
        headers |= _signature(hook.signing_token, message, gitlab.clock.now(), body)
    return headers


def _signature(token: str, message: str, now: datetime, body: bytes) -> dict[str, str]:
    """As "Standard Webhooks" has it: over the id, the second and the body."""
    second = str(int(now.timestamp()))
    key = base64.b64decode(token.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message}.{second}.".encode() + body, "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "avatar_url": None,
        "email": user.public_email or "[REDACTED]",
    }


def _project(gitlab: GitLab, project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "web_url": f"{gitlab.state.base_url}/{project.path}",
        "namespace": project.path.rpartition("/")[0],
        "visibility_level": 0,
        "path_with_namespace": project.path,
        "default_branch": "main",
    }


def _repository(gitlab: GitLab, project: Project) -> dict[str, Any]:
    homepage = f"{gitlab.state.base_url}/{project.path}"
    return {"name": project.name, "url": f"{homepage}.git", "homepage": homepage}


def _address(gitlab: GitLab, project: Project, issue: Issue) -> str:
    return f"{gitlab.state.base_url}/{project.path}/-/issues/{issue.iid}"


def _labels(project: Project, issue: Issue) -> list[dict[str, Any]]:
    return [
        {"id": each.id, "title": each.name, "color": each.color, "project_id": project.id}
        for each in project.labels
        if each.name in issue.labels
    ]


def _issue(gitlab: GitLab, project: Project, issue: Issue) -> dict[str, Any]:
    return {
        "id": issue.id,
        "iid": issue.iid,
        "project_id": project.id,
        "title": issue.title,
        "description": issue.description,
        "state": issue.state,
        "type": issue.issue_type.title(),
        "author_id": issue.author_id,
        "assignee_ids": issue.assignee_ids,
        "assignee_id": issue.assignee_ids[0] if issue.assignee_ids else None,
        "milestone_id": issue.milestone_id,
        "confidential": issue.confidential,
        "discussion_locked": issue.discussion_locked,
        "due_date": written(issue.due_date),
        "weight": issue.weight,
        "created_at": written(issue.created_at),
        "updated_at": written(issue.updated_at),
        "closed_at": written(issue.closed_at),
        "url": _address(gitlab, project, issue),
        "labels": _labels(project, issue),
        "severity": "unknown",
        "health_status": None,
    }
