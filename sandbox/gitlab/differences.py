"""What an edit of an issue would make different, and what GitLab notes of it."""

from collections.abc import Callable
from typing import Any

from sandbox.gitlab.rest import params
from sandbox.gitlab.rest.errors import bad_param, not_valid
from sandbox.gitlab.rest.params import Given
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.state import Issue, Project

LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 1_048_576
ISSUE_TYPES = ("issue", "incident", "test_case", "task")
STATES = {"close": "closed", "reopen": "opened"}


def differences(project: Project, issue: Issue, given: Given) -> dict[str, Any]:
    """New values by attribute, checked; those that the issue has already are left out."""
    wanted: dict[str, Any] = {}
    for name, (attribute, read) in _READERS.items():
        if name in given:
            wanted[attribute] = read(given[name])
    wanted |= _people_and_milestone(project, given) | _labels(issue, given)
    return {name: value for name, value in wanted.items() if getattr(issue, name) != value}


def _title(value: Any) -> str:
    title = str(value or "").strip()
    if not title:
        raise not_valid("title", "can't be blank")
    if len(title) > LONGEST_TITLE:
        raise not_valid("title", f"is too long (maximum is {LONGEST_TITLE} characters)")
    return title


def _description(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise bad_param("description")
    if value and len(value) > LONGEST_DESCRIPTION:
        wrong = f"is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise not_valid("description", wrong)
    return value


def _weight(value: Any) -> int | None:
    weight = params.number("weight", value)
    if weight is not None and weight < 0:
        raise not_valid("weight", "must be greater than or equal to 0")
    return weight


def _state(value: Any) -> str:
    return STATES[params.one_of({"state_event": value}, "state_event", tuple(STATES), "")]


def _issue_type(value: Any) -> str:
    return params.one_of({"issue_type": value}, "issue_type", ISSUE_TYPES, "issue")


_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "title": ("title", _title),
    "description": ("description", _description),
    "state_event": ("state", _state),
    "due_date": ("due_date", lambda value: params.day("due_date", value)),
    "weight": ("weight", _weight),
    "issue_type": ("issue_type", _issue_type),
    "confidential": ("confidential", lambda value: params.flag("confidential", value)),
    "discussion_locked": (
        "discussion_locked",
        lambda value: None if value is None else params.flag("discussion_locked", value),
    ),
}


def _people_and_milestone(project: Project, given: Given) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if "milestone_id" in given:
        found = params.number("milestone_id", given["milestone_id"])
        known = {each.id for each in project.milestones}
        wanted["milestone_id"] = found if found in known else None
    if "assignee_ids" in given or "assignee_id" in given:
        value = given.get("assignee_ids", given.get("assignee_id"))
        ids = params.numbers("assignee_ids", value)
        # GitLab leaves out, without a word, who can not see the project; 0 means nobody.
        wanted["assignee_ids"] = [each for each in ids if each in project.members]
    return wanted


def _labels(issue: Issue, given: Given) -> dict[str, Any]:
    names = params.words(given["labels"]) if "labels" in given else [*issue.labels]
    names += params.words(given.get("add_labels"))
    gone = params.words(given.get("remove_labels"))
    labels = list(dict.fromkeys(name for name in names if name not in gone))
    return {"labels": labels} if set(labels) != set(issue.labels) else {}


def system_notes(gitlab: GitLab, before: dict[str, Any], changes: dict[str, Any]) -> list[str]:
    """GitLab's own words; labels, milestone and state are events of another kind today."""
    notes = []
    if "title" in changes:
        notes.append(f"changed title from **{before['title']}** to **{changes['title']}**")
    if "description" in changes:
        notes.append("changed the description")
    if "assignee_ids" in changes:
        notes.append(assigned(gitlab, before["assignee_ids"], changes["assignee_ids"]))
    if "due_date" in changes:
        due = changes["due_date"]
        notes.append(f"changed due date to {due:%B %d, %Y}" if due else "removed due date")
    return notes


def assigned(gitlab: GitLab, before: list[int], after: list[int]) -> str:
    def names(ids: list[int]) -> str:
        found = (gitlab.state.user(each) for each in ids)
        return " and ".join(f"@{user.username}" for user in found if user is not None)

    come = names([each for each in after if each not in before])
    gone = names([each for each in before if each not in after])
    return " and ".join(
        text for text in (come and f"assigned to {come}", gone and f"unassigned {gone}") if text
    )
