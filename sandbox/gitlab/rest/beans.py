"""GitLab's words for users, issues, notes and what hangs on them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sandbox.gitlab.rest.caller import Caller
from sandbox.gitlab.state import (
    GitLabState,
    Hook,
    Issue,
    Label,
    Link,
    Milestone,
    Note,
    Project,
    Upload,
    User,
)

API = "/api/v4"
TEXT_COLOR = "#FFFFFF"


def stamp(at: datetime | None) -> str | None:
    """2026-11-02T09:00:00.123Z, always with milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z" if at else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def user_basic(state: GitLabState, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "public_email": user.public_email,
        "name": user.name,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{state.base_url}/{user.username}",
    }


def current_user(state: GitLabState, user: User) -> dict[str, Any]:
    return {
        **user_basic(state, user),
        "email": user.email,
        "commit_email": user.email,
        "bot": user.bot,
        "is_admin": False,
        "two_factor_enabled": True,
        "external": False,
        "can_create_project": True,
    }


def member(state: GitLabState, user: User, level: int) -> dict[str, Any]:
    return {**user_basic(state, user), "access_level": level, "expires_at": None}


def project(state: GitLabState, found: Project, caller: Caller) -> dict[str, Any]:
    namespace, _, path = found.path.rpartition("/")
    return {
        "id": found.id,
        "description": found.description,
        "name": found.name,
        "name_with_namespace": f"{namespace.replace('/', ' / ')} / {found.name}",
        "path": path,
        "path_with_namespace": found.path,
        "created_at": stamp(found.created_at),
        "default_branch": "main",
        "web_url": f"{state.base_url}/{found.path}",
        "visibility": "private",
        "archived": False,
        "issues_enabled": True,
        "issues_access_level": "enabled",
        "open_issues_count": sum(i.state == "opened" for i in found.issues.values()),
        "namespace": {"id": 1, "path": namespace, "full_path": namespace, "kind": "group"},
        "permissions": {
            "project_access": {"access_level": caller.level(found), "notification_level": 3},
            "group_access": None,
        },
    }


def label(found: Label) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "color": found.color,
        "text_color": TEXT_COLOR,
        "description": found.description,
        "description_html": found.description or "",
        "priority": None,
        "is_project_label": True,
    }


def milestone(state: GitLabState, place: Project, found: Milestone) -> dict[str, Any]:
    return {
        "id": found.id,
        "iid": found.iid,
        "project_id": place.id,
        "title": found.title,
        "description": found.description,
        "state": found.state,
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "due_date": _day(found.due_date),
        "start_date": _day(found.start_date),
        "expired": False,
        "web_url": f"{state.base_url}/{place.path}/-/milestones/{found.iid}",
    }


def _people(state: GitLabState, ids: Iterable[int]) -> list[dict[str, Any]]:
    found = (state.user(each) for each in ids)
    return [user_basic(state, user) for user in found if user is not None]


def _somebody(state: GitLabState, user_id: int | None) -> dict[str, Any] | None:
    user = state.user(user_id) if user_id is not None else None
    return user_basic(state, user) if user is not None else None


def issue(
    state: GitLabState, place: Project, found: Issue, *, with_labels: bool = False
) -> dict[str, Any]:
    """As in lists; `with_labels` gives each label in full."""
    assignees = _people(state, found.assignee_ids)
    stone = next((m for m in place.milestones if m.id == found.milestone_id), None)
    address = f"{state.base_url}{API}/projects/{place.id}"
    return {
        "id": found.id,
        "iid": found.iid,
        "project_id": place.id,
        "title": found.title,
        "description": found.description,
        "state": found.state,
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "closed_at": stamp(found.closed_at),
        "closed_by": _somebody(state, found.closed_by_id),
        "labels": [label(each) for each in place.labels if each.name in found.labels]
        if with_labels
        else sorted(found.labels),
        "milestone": milestone(state, place, stone) if stone else None,
        "assignees": assignees,
        "author": _somebody(state, found.author_id),
        "type": found.issue_type.upper(),
        "assignee": assignees[0] if assignees else None,
        "user_notes_count": found.user_notes_count,
        "merge_requests_count": 0,
        "upvotes": 0,
        "downvotes": 0,
        "due_date": _day(found.due_date),
        "start_date": None,
        "confidential": found.confidential,
        "discussion_locked": found.discussion_locked,
        "issue_type": found.issue_type,
        "web_url": f"{state.base_url}/{place.path}/-/issues/{found.iid}",
        "time_stats": {
            "time_estimate": 0,
            "total_time_spent": 0,
            "human_time_estimate": None,
            "human_total_time_spent": None,
        },
        "task_completion_status": _tasks(found.description or ""),
        "weight": found.weight,
        "blocking_issues_count": 0,
        "has_tasks": "- [" in (found.description or ""),
        "_links": {
            "self": f"{address}/issues/{found.iid}",
            "notes": f"{address}/issues/{found.iid}/notes",
            "award_emoji": f"{address}/issues/{found.iid}/award_emoji",
            "project": address,
            "closed_as_duplicate_of": None,
        },
        "references": {
            "short": f"#{found.iid}",
            "relative": f"#{found.iid}",
            "full": f"{place.path}#{found.iid}",
        },
        "severity": "UNKNOWN",
        "moved_to_id": None,
        "imported": False,
        "imported_from": "none",
        "service_desk_reply_to": None,
        "epic_iid": None,
        "epic": None,
        "iteration": None,
        "health_status": None,
    }


def _tasks(text: str) -> dict[str, int]:
    done, open_ = text.count("- [x]"), text.count("- [ ]")
    return {"count": done + open_, "completed_count": done}


def note(state: GitLabState, place: Issue, found: Note) -> dict[str, Any]:
    return {
        "id": found.id,
        "type": None,
        "body": found.body,
        "author": _somebody(state, found.author_id),
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "system": found.system,
        "noteable_id": place.id,
        "noteable_type": "Issue",
        "project_id": place.project_id,
        "resolvable": False,
        "confidential": found.internal,
        "internal": found.internal,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": place.iid,
        "commands_changes": {},
    }


def upload(place: Project, found: Upload) -> dict[str, Any]:
    """As POST answers it; the relative address is the one for Markdown."""
    url = f"/uploads/{found.secret}/{found.filename}"
    alt, _, ending = found.filename.rpartition(".")
    is_picture = ending.lower() in ("png", "jpg", "jpeg", "gif", "bmp", "webp", "svg", "ico")
    text = alt if is_picture else found.filename
    return {
        "id": found.id,
        "alt": text,
        "url": url,
        "full_path": f"/-/project/{place.id}{url}",
        "markdown": f"{'!' if is_picture else ''}[{text}]({url})",
    }


def upload_in_list(state: GitLabState, found: Upload) -> dict[str, Any]:
    return {
        "id": found.id,
        "size": len(found.content),
        "filename": found.filename,
        "created_at": stamp(found.created_at),
        "uploaded_by": _somebody(state, found.uploaded_by_id),
    }


def hook(place: Project, found: Hook) -> dict[str, Any]:
    """The tokens are never told again, only that there are some."""
    return {
        "id": found.id,
        "url": found.url,
        "name": found.name,
        "description": None,
        "created_at": stamp(found.created_at),
        "project_id": place.id,
        **found.events,
        "enable_ssl_verification": found.enable_ssl_verification,
        "token_present": bool(found.token),
        "signing_token_present": bool(found.signing_token),
        "alert_status": "executable",
        "disabled_until": None,
        "url_variables": [],
        "custom_headers": [],
        "repository_update_events": False,
        "branch_filter_strategy": "wildcard",
        "push_events_branch_filter": "",
        "custom_webhook_template": None,
    }


def linked_issue(state: GitLabState, place: Project, found: Issue, link: Link) -> dict[str, Any]:
    return {
        **issue(state, place, found),
        "issue_link_id": link.id,
        "link_type": link.link_type,
        "link_created_at": stamp(found.created_at),
        "link_updated_at": stamp(found.updated_at),
    }
