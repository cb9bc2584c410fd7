"""What a caller asks of an issue, read as Jira reads it: `fields`, `update`, `properties`."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from sandbox.issues.adf import Document
from sandbox.issues.catalogue import BY_ID, DEFAULT_PRIORITY, TO_DO, IssueType, Kind, type_by_id
from sandbox.issues.models import Issue
from sandbox.issues.values import BadValueError, project_of, read, read_document
from sandbox.permissions import Holder
from sandbox.rest.errors import JiraError
from sandbox.rest.meter import limit_issue_writes
from sandbox.running import Sandbox
from sandbox.site import Project, SiteState

NO_SUCH_ISSUE = "Issue does not exist or you do not have permission to see it."
NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
NOT_IN_CREATE = {"status", "resolution", "resolutiondate", "creator", "created", "updated"}
_VERBS: dict[Kind, frozenset[str]] = {
    Kind.LABELS: frozenset({"set", "add", "remove"}),
    Kind.OPTIONS: frozenset({"set", "add", "remove"}),
}
_KEY_LIMIT = 255
_VALUE_LIMIT = 32_768


class IssueDetails(BaseModel):
    """IssueUpdateDetails."""

    model_config = ConfigDict(extra="ignore")
    fields: dict[str, Any] = {}
    update: dict[str, list[dict[str, Any]]] = {}
    properties: list[dict[str, Any]] = []
    transition: dict[str, Any] | None = None


def visible_issue(sandbox: Sandbox, caller: Holder, id_or_key: str) -> Issue:
    """The issue, or 404 where there is none or the caller may not know of it."""
    issue = sandbox.site.issues.find(id_or_key)
    if issue is None or not may(sandbox.site, caller, "BROWSE_PROJECTS", issue):
        raise JiraError(404, NO_SUCH_ISSUE)
    return issue


def writable_issue(
    request: Request, sandbox: Sandbox, caller: Holder, id_or_key: str, permission: str
) -> Issue:
    """The issue to be written to; 403 without the permission, 429 past Jira's limit of writes."""
    issue = visible_issue(sandbox, caller, id_or_key)
    if not may(sandbox.site, caller, permission, issue):
        raise JiraError(403, "You do not have the permission to do this to the issue.")
    limit_issue_writes(request, sandbox, issue.id)
    return issue


def may(site: SiteState, caller: Holder, permission: str, issue: Issue) -> bool:
    return caller.has_in_project(permission, site.project(issue.project))


def account_of(caller: Holder) -> str:
    if caller.account_id is None:
        raise JiraError(401, "You are not authenticated.")
    return caller.account_id


def properties_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """EntityProperty beans as a mapping."""
    found = {}
    for entry in entries:
        key = entry.get("key")
        if not isinstance(key, str) or not 0 < len(key) <= _KEY_LIMIT or "value" not in entry:
            raise JiraError(400, "A property needs a key of at most 255 characters, and a value.")
        found[key] = entry["value"]
    return found


class Input:
    """Reads one request's values for one issue, and gathers what is wrong with them."""

    def __init__(self, site: SiteState, caller: Holder, project: Project) -> None:
        self.site = site
        self.caller = caller
        self.project = project
        self.values: dict[str, Any] = {}
        self.comments: list[Document] = []
        self.errors: dict[str, str] = {}

    def take(self, body: IssueDetails, screen: Iterable[str], before: Issue | None = None) -> None:
        """Fields that are not on the screen are errors, each under its own name."""
        allowed = set(screen)
        for name, value in body.fields.items():
            if self._on_screen(name, allowed):
                self._set(name, value)
        for name, operations in body.update.items():
            if name == "comment":
                self._take_comments(operations)
            elif self._on_screen(name, allowed):
                self._update(name, operations, before)

    def refuse(self) -> None:
        """400 with all that was wrong, if anything was."""
        if self.errors:
            raise JiraError(400, errors=self.errors)

    def _on_screen(self, name: str, allowed: set[str]) -> bool:
        if name in allowed and self._may_set(name):
            return True
        self.errors[name] = NOT_ON_SCREEN.format(name)
        return False

    def _may_set(self, name: str) -> bool:
        permission = {"reporter": "MODIFY_REPORTER", "assignee": "ASSIGN_ISSUES"}.get(name)
        return permission is None or self.caller.has_in_project(permission, self.project)

    def _set(self, name: str, value: Any) -> None:
        try:
            self.values[name] = read(self.site, self.project, BY_ID[name], value)
        except BadValueError as bad:
            self.errors[name] = str(bad)

    def _update(self, name: str, operations: list[dict[str, Any]], before: Issue | None) -> None:
        if name == "parent" and operations == [{"set": {"none": True}}]:
            self.values["parent"] = None
            return
        field = BY_ID[name]
        allowed = _VERBS.get(field.kind, frozenset({"set"}))
        held = list((before.fields.get(name) if before else None) or [])
        for operation in operations:
            for verb, value in operation.items():
                if verb not in allowed:
                    self.errors[name] = f"Field does not support update '{verb}'"
                elif verb == "set":
                    self._set(name, value)
                    held = list(self.values.get(name) or [])
                else:
                    held = self._one(name, held, value, added=verb == "add")
                    self.values[name] = held

    def _one(self, name: str, held: list[Any], value: Any, *, added: bool) -> list[Any]:
        try:
            changed = read(self.site, self.project, BY_ID[name], [value])
        except BadValueError as bad:
            self.errors[name] = str(bad)
            return held
        kept = [each for each in held if each not in changed]
        return sorted([*kept, *changed]) if added else kept

    def _take_comments(self, operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            added = operation.get("add", {})
            try:
                document = read_document(added.get("body"))
            except BadValueError as bad:
                self.errors["comment"] = str(bad)
                continue
            if document is None:
                self.errors["comment"] = "Comment body can not be empty!"
            else:
                self.comments.append(document)


def edit_screen(issue: Issue | None = None) -> list[str]:
    """What may be edited; a project is changed by moving, which Jira's edit does not do."""
    settable = [field.id for field in BY_ID.values() if field.settable and field.id != "project"]
    fixed = {"issuetype"} if issue is not None else set()
    return [name for name in settable if name not in fixed]


def read_new_issue(site: SiteState, caller: Holder, body: IssueDetails) -> Input:
    """The values of an issue to be created; 400 with an entry for each field that is wrong."""
    project = project_of(site, body.fields.get("project"))
    kind = issue_type_of(body.fields.get("issuetype"))
    errors = {}
    if project is None or not caller.has_in_project("BROWSE_PROJECTS", project):
        errors["project"] = "Specify a valid project ID or key"
    elif not caller.has_in_project("CREATE_ISSUES", project):
        errors["project"] = "You do not have permission to create issues in this project."
    if kind is None:
        errors["issuetype"] = "Specify a valid issue type"
    if project is None or kind is None or errors:
        raise JiraError(400, errors=errors)
    given = Input(site, caller, project)
    fields = {k: v for k, v in body.fields.items() if k not in ("project", "issuetype")}
    given.take(body.model_copy(update={"fields": fields}), _create_screen())
    _require(given, project, kind)
    given.refuse()
    _fill_in(given, caller, kind)
    return given


def issue_type_of(value: Any) -> IssueType | None:
    if not isinstance(value, dict):
        return None
    for kind in type_by_id.values():
        if str(value.get("id")) == kind.id or value.get("name") == kind.name:
            return kind
    return None


def _create_screen() -> list[str]:
    return [name for name in edit_screen() if name != "issuetype"]


def required_fields(project: Project, kind: IssueType) -> list[str]:
    parent = ["parent"] if kind.subtask else []
    return ["summary", *parent, *project.required.get(kind.id, [])]


def _require(given: Input, project: Project, kind: IssueType) -> None:
    for name in required_fields(project, kind):
        if given.values.get(name) is None and name not in given.errors:
            given.errors[name] = (
                "You must specify a summary of the issue."
                if name == "summary"
                else f"{BY_ID[name].name} is required."
            )
    parent_id = given.values.get("parent")
    if parent_id is not None:
        _check_parent(given, kind, parent_id)


def _check_parent(given: Input, kind: IssueType, parent_id: int) -> None:
    parent = given.site.issues.find(str(parent_id))
    if parent is not None and type_by_id[parent.fields["issuetype"]].level != kind.level + 1:
        given.errors["parent"] = (
            "Given parent work item does not belong to appropriate hierarchy level."
        )


def check_new_parent(given: Input, issue: Issue) -> None:
    """The same for an issue that is edited."""
    kind = type_by_id[issue.fields["issuetype"]]
    if given.values.get("parent") is not None:
        _check_parent(given, kind, given.values["parent"])
    elif "parent" in given.values and kind.subtask:
        given.errors["parent"] = (
            "Issue type is a sub-task but parent issue key or id not specified."
        )


def _fill_in(given: Input, caller: Holder, kind: IssueType) -> None:
    given.values.setdefault("priority", DEFAULT_PRIORITY)
    given.values.setdefault("labels", [])
    given.values.setdefault("reporter", account_of(caller))
    given.values.update(issuetype=kind.id, status=TO_DO.id)
