"""What a Jira project, a GitLab project and an Azure DevOps project have to map, as read."""

from app.tools.items import FieldInfo, FieldKind, Person, Schema, TypeInfo

COMMON = (
    FieldInfo("title", "Title", FieldKind.TEXT, required=True),
    FieldInfo("description", "Description", FieldKind.RICH),
    FieldInfo("labels", "Labels", FieldKind.LABELS),
    FieldInfo("due", "Due date", FieldKind.DATE),
    FieldInfo("assignee", "Assignee", FieldKind.PERSON),
)
RESOLUTION = FieldInfo(
    "resolution", "Resolution", FieldKind.OPTION, required=True, options=("Done", "Won't do")
)
PRIORITY = FieldInfo(
    "priority",
    "Priority",
    FieldKind.OPTION,
    options=("Highest", "High", "Medium", "Low", "Lowest"),
)
POINTS = FieldInfo("customfield_10016", "Story points", FieldKind.NUMBER)
TEAM = FieldInfo("customfield_10020", "Team", FieldKind.OPTION, options=("Red", "Blue"))
BUG = TypeInfo(
    name="Bug",
    fields=(*COMMON, PRIORITY, POINTS, TEAM),
    statuses=("To Do", "In Progress", "Done"),
    moves={
        "To Do": ("In Progress", "Done"),
        "In Progress": ("To Do", "Done"),
        "Done": ("To Do",),
    },
    demanded={"Done": (RESOLUTION,)},
)
JIRA = Schema(
    types=(
        BUG,
        TypeInfo("Story", BUG.fields, BUG.statuses, BUG.moves),
        TypeInfo("Riddle", COMMON, BUG.statuses),
    ),
    people=(
        Person("5b10a2844c20165700ede2aa", "Gia Rossi", "gia@example.com"),
        Person("5b10a2844c20165700ede2bb", "Ahmad Sy", None),
        Person("5b10a2844c20165700ede2cc", "Two Accounts", "two@example.com"),
        Person("5b10a2844c20165700ede2dd", "Two Accounts", "Two@example.com"),
    ),
)
ISSUE = TypeInfo(
    name="Issue",
    fields=(*COMMON, FieldInfo("weight", "Weight", FieldKind.NUMBER)),
    statuses=("opened", "closed"),
)
GITLAB = Schema(
    types=(ISSUE, TypeInfo("Incident", COMMON, ISSUE.statuses)),
    people=(
        Person("17", "Gia R.", "GIA@example.com"),
        Person("18", "Two", "two@example.com"),
    ),
)
AZURE_BUG = TypeInfo(
    name="Bug",
    fields=(
        *COMMON,
        FieldInfo("priority", "Priority", FieldKind.OPTION, options=("1", "2", "3", "4")),
        FieldInfo("Microsoft.VSTS.Common.Severity", "Severity", FieldKind.TEXT),
        FieldInfo("Microsoft.VSTS.Scheduling.Effort", "Effort", FieldKind.NUMBER),
        FieldInfo("System.CreatedBy", "Created By", FieldKind.PERSON, writable=False),
        FieldInfo("Custom.Team", "Team", FieldKind.OPTION, options=("Blue", "Green", "Red")),
    ),
    statuses=("New", "Active", "Resolved", "Closed", "Removed"),
)
AZURE = Schema(types=(AZURE_BUG, TypeInfo("User Story", AZURE_BUG.fields, AZURE_BUG.statuses)))
