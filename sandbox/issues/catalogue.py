"""The issue types, statuses, priorities, resolutions and fields that every project has."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes"


class Kind(StrEnum):
    """What a field's value is made of."""

    TEXT = "text"
    RICH_TEXT = "rich text"
    URL = "url"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    OPTION = "option"
    OPTIONS = "options"
    LABELS = "labels"
    USER = "user"
    PRIORITY = "priority"
    RESOLUTION = "resolution"
    STATUS = "status"
    ISSUE_TYPE = "issue type"
    PROJECT = "project"
    PARENT = "parent"
    LISTED = "listed"


# kind: (schema type, items, the custom field's type)
_SCHEMAS: dict[Kind, tuple[str, str | None, str]] = {
    Kind.TEXT: ("string", None, "textfield"),
    Kind.RICH_TEXT: ("string", None, "textarea"),
    Kind.URL: ("string", None, "url"),
    Kind.NUMBER: ("number", None, "float"),
    Kind.DATE: ("date", None, "datepicker"),
    Kind.TIME: ("datetime", None, "datetime"),
    Kind.OPTION: ("option", None, "select"),
    Kind.OPTIONS: ("array", "option", "multiselect"),
    Kind.LABELS: ("array", "string", "labels"),
    Kind.USER: ("user", None, "userpicker"),
    Kind.PRIORITY: ("priority", None, ""),
    Kind.RESOLUTION: ("resolution", None, ""),
    Kind.STATUS: ("status", None, ""),
    Kind.ISSUE_TYPE: ("issuetype", None, ""),
    Kind.PROJECT: ("project", None, ""),
    Kind.PARENT: ("issuelink", None, ""),
    Kind.LISTED: ("array", "", ""),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `settable` on create and edit screens, `clauses` are its names in JQL."""

    id: str
    name: str
    kind: Kind
    settable: bool = True
    options: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    items: str = ""

    @property
    def custom_id(self) -> int | None:
        number = self.id.removeprefix("customfield_")
        return int(number) if number != self.id else None

    @property
    def jql_names(self) -> list[str]:
        if self.custom_id is not None:
            return [f"cf[{self.custom_id}]", self.name]
        return list(self.clauses or (self.id,))

    @property
    def schema(self) -> dict[str, Any]:
        """JsonTypeBean."""
        kind, items, custom = _SCHEMAS[self.kind]
        schema: dict[str, Any] = {"type": kind}
        if items is not None:
            schema["items"] = items or self.items
        if self.custom_id is None:
            return {**schema, "system": self.id}
        return {**schema, "custom": f"{_CUSTOM}:{custom}", "customId": self.custom_id}

    def option_id(self, value: str) -> str:
        """Options are numbered after their field, so that ids are the same at each start."""
        return str((self.custom_id or 0) * 10 + self.options.index(value))


FIELDS = (
    Field("summary", "Summary", Kind.TEXT),
    Field("issuetype", "Issue Type", Kind.ISSUE_TYPE, clauses=("issuetype", "type")),
    Field("project", "Project", Kind.PROJECT),
    Field("description", "Description", Kind.RICH_TEXT),
    Field("priority", "Priority", Kind.PRIORITY),
    Field("labels", "Labels", Kind.LABELS),
    Field("assignee", "Assignee", Kind.USER),
    Field("reporter", "Reporter", Kind.USER),
    Field("duedate", "Due date", Kind.DATE, clauses=("due", "duedate")),
    Field("parent", "Parent", Kind.PARENT),
    Field("status", "Status", Kind.STATUS, settable=False),
    Field("resolution", "Resolution", Kind.RESOLUTION, settable=False),
    Field(
        "resolutiondate",
        "Resolved",
        Kind.TIME,
        settable=False,
        clauses=("resolutiondate", "resolved"),
    ),
    Field("creator", "Creator", Kind.USER, settable=False),
    Field("created", "Created", Kind.TIME, settable=False, clauses=("created", "createdDate")),
    Field("updated", "Updated", Kind.TIME, settable=False, clauses=("updated", "updatedDate")),
    Field("subtasks", "Sub-tasks", Kind.LISTED, settable=False, items="issuelinks"),
    Field("attachment", "Attachment", Kind.LISTED, settable=False, items="attachment"),
    Field("comment", "Comment", Kind.LISTED, settable=False, items="comment"),
    Field("customfield_10016", "Story point estimate", Kind.NUMBER),
    Field(
        "customfield_10030",
        "Severity",
        Kind.OPTION,
        options=("Critical", "Major", "Minor", "Cosmetic"),
    ),
    Field("customfield_10031", "Customer", Kind.TEXT),
    Field(
        "customfield_10032",
        "Affected regions",
        Kind.OPTIONS,
        options=("Americas", "Europe", "Asia-Pacific", "المنطقة العربية"),
    ),
    Field("customfield_10033", "Go-live", Kind.DATE),
    Field("customfield_10034", "Deployed at", Kind.TIME),
    Field("customfield_10035", "Root cause", Kind.RICH_TEXT),
    Field("customfield_10036", "Support link", Kind.URL),
    Field("customfield_10037", "Reviewer", Kind.USER),
)
BY_ID = {field.id: field for field in FIELDS}


@dataclass(frozen=True, slots=True)
class IssueType:
    """`level` is Jira's hierarchy: 1 epics, 0 ordinary, -1 sub-tasks."""

    id: str
    name: str
    level: int
    description: str

    @property
    def subtask(self) -> bool:
        return self.level < 0


@dataclass(frozen=True, slots=True)
class Category:
    """Status category; `name` is also what JQL calls it."""

    id: int
    key: str
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    name: str
    category: Category


@dataclass(frozen=True, slots=True)
class Named:
    """A priority or a resolution."""

    id: str
    name: str
    description: str
    colour: str = ""


NEW = Category(2, "new", "To Do", "blue-gray")
UNDER_WAY = Category(4, "indeterminate", "In Progress", "yellow")
FINISHED = Category(3, "done", "Done", "green")

EPIC = IssueType("10000", "Epic", 1, "A big piece of work that holds others.")
STORY = IssueType("10001", "Story", 0, "Something that a user wants.")
TASK = IssueType("10002", "Task", 0, "A piece of work.")
BUG = IssueType("10003", "Bug", 0, "Something that does not work.")
SUB_TASK = IssueType("10004", "Sub-task", -1, "A part of another piece of work.")
ISSUE_TYPES = (EPIC, STORY, TASK, BUG, SUB_TASK)

TO_DO = Status("10000", "To Do", NEW)
IN_PROGRESS = Status("3", "In Progress", UNDER_WAY)
IN_REVIEW = Status("10001", "In Review", UNDER_WAY)
DONE = Status("10002", "Done", FINISHED)
STATUSES = (TO_DO, IN_PROGRESS, IN_REVIEW, DONE)

PRIORITIES = (
    Named("1", "Highest", "This problem will block progress.", "#d04437"),
    Named("2", "High", "Serious problem that could block progress.", "#f15C75"),
    Named("3", "Medium", "Has the potential to affect progress.", "#f79232"),
    Named("4", "Low", "Minor problem or easily worked around.", "#707070"),
    Named("5", "Lowest", "Trivial problem with little or no impact on progress.", "#999999"),
)
DEFAULT_PRIORITY = "3"
RESOLUTIONS = (
    Named("10000", "Done", "Work has been completed on this issue."),
    Named("10001", "Won't Do", "This issue won't be actioned."),
    Named("10002", "Duplicate", "The problem is a duplicate of an existing issue."),
    Named("10003", "Cannot Reproduce", "All attempts at reproducing this issue failed."),
)

type_by_id = {each.id: each for each in ISSUE_TYPES}
status_by_id = {each.id: each for each in STATUSES}
priority_by_id = {each.id: each for each in PRIORITIES}
resolution_by_id = {each.id: each for each in RESOLUTIONS}
