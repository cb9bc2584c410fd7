"""The process: fields, work item types, states and the ways between them (Agile's, shortened)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the organisation; `type` in the API's words."""

    ref: str
    name: str
    type: str
    read_only: bool = False
    allowed: Sequence[str] = ()


FIELDS = {
    each.ref: each
    for each in (
        Field("System.Id", "ID", "integer", read_only=True),
        Field("System.Rev", "Rev", "integer", read_only=True),
        Field("System.AreaId", "Area ID", "integer", read_only=True),
        Field("System.AreaPath", "Area Path", "treePath"),
        Field("System.NodeName", "Node Name", "string", read_only=True),
        Field("System.TeamProject", "Team Project", "string", read_only=True),
        Field("System.IterationId", "Iteration ID", "integer", read_only=True),
        Field("System.IterationPath", "Iteration Path", "treePath"),
        Field("System.WorkItemType", "Work Item Type", "string", read_only=True),
        Field("System.State", "State", "string"),
        Field("System.Reason", "Reason", "string"),
        Field("System.AssignedTo", "Assigned To", "identity"),
        Field("System.CreatedDate", "Created Date", "dateTime", read_only=True),
        Field("System.CreatedBy", "Created By", "identity", read_only=True),
        Field("System.ChangedDate", "Changed Date", "dateTime", read_only=True),
        Field("System.ChangedBy", "Changed By", "identity", read_only=True),
        Field("System.CommentCount", "Comment Count", "integer", read_only=True),
        Field("System.Parent", "Parent", "integer", read_only=True),
        Field("System.Title", "Title", "string"),
        Field("System.Description", "Description", "html"),
        Field("System.History", "History", "history"),
        Field("System.Tags", "Tags", "plainText"),
        Field("Microsoft.VSTS.Common.Priority", "Priority", "integer", allowed="1234"),
        Field(
            "Microsoft.VSTS.Common.Severity",
            "Severity",
            "string",
            allowed=("1 - Critical", "2 - High", "3 - Medium", "4 - Low"),
        ),
        Field("Microsoft.VSTS.Common.StateChangeDate", "State Change Date", "dateTime", True),
        Field("Microsoft.VSTS.Common.ActivatedDate", "Activated Date", "dateTime"),
        Field("Microsoft.VSTS.Common.ActivatedBy", "Activated By", "identity"),
        Field("Microsoft.VSTS.Common.ResolvedDate", "Resolved Date", "dateTime"),
        Field("Microsoft.VSTS.Common.ResolvedBy", "Resolved By", "identity"),
        Field("Microsoft.VSTS.Common.ClosedDate", "Closed Date", "dateTime"),
        Field("Microsoft.VSTS.Common.ClosedBy", "Closed By", "identity"),
        Field("Microsoft.VSTS.Common.AcceptanceCriteria", "Acceptance Criteria", "html"),
        Field("Microsoft.VSTS.TCM.ReproSteps", "Repro Steps", "html"),
        Field("Microsoft.VSTS.Scheduling.DueDate", "Due Date", "dateTime"),
        Field("Microsoft.VSTS.Scheduling.TargetDate", "Target Date", "dateTime"),
        Field("Microsoft.VSTS.Scheduling.StoryPoints", "Story Points", "double"),
        Field("Microsoft.VSTS.Scheduling.RemainingWork", "Remaining Work", "double"),
        Field("Custom.Customer", "Customer", "string"),
        Field("Custom.Blocked", "Blocked", "boolean"),
        Field(
            "Custom.RootCause",
            "Root Cause",
            "string",
            allowed=("Code", "Configuration", "Data", "Third party", "Unknown"),
        ),
    )
}
BY_NAME = {name.lower(): ref for ref, each in FIELDS.items() for name in (ref, each.name)}

SYSTEM = tuple(ref for ref in FIELDS if ref.startswith("System."))
DATES = tuple(
    f"Microsoft.VSTS.Common.{name}"
    for name in (
        "StateChangeDate", "ActivatedDate", "ActivatedBy", "ResolvedDate", "ResolvedBy",
        "ClosedDate", "ClosedBy",
    )
)  # fmt: skip
COMMON = (*SYSTEM, *DATES, "Microsoft.VSTS.Common.Priority", "Custom.Customer", "Custom.Blocked")

CATEGORIES = {
    "New": "Proposed",
    "To Do": "Proposed",
    "Active": "InProgress",
    "Resolved": "Resolved",
    "Closed": "Completed",
    "Removed": "Removed",
}
COLORS = {
    "Proposed": "b2b2b2",
    "InProgress": "007acc",
    "Resolved": "ff9d00",
    "Completed": "339933",
    "Removed": "ffffff",
}


@dataclass(frozen=True, slots=True)
class WorkItemType:
    """`ways`: the states that may follow each, "" before the first. `demands`: by state, fields."""

    name: str
    color: str
    icon: str
    ways: Mapping[str, Sequence[str]]
    extra: Sequence[str]
    demands: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        return f"Microsoft.VSTS.WorkItemTypes.{self.name.replace(' ', '')}"

    @property
    def states(self) -> list[str]:
        return [name for name in self.ways if name]

    @property
    def first_state(self) -> str:
        return self.ways[""][0]

    @property
    def fields(self) -> list[str]:
        return [*COMMON, *self.extra]


_FREE = {
    "": ("New",),
    "New": ("Active", "Resolved", "Closed", "Removed"),
    "Active": ("New", "Resolved", "Closed", "Removed"),
    "Resolved": ("New", "Active", "Closed", "Removed"),
    "Closed": ("New", "Active", "Resolved"),
    "Removed": ("New",),
}
# As a bug of Agile has it: nothing goes from Closed to Resolved, nor from New to Removed.
_BUG = {
    "": ("New",),
    "New": ("Active", "Resolved", "Closed"),
    "Active": ("New", "Resolved", "Closed"),
    "Resolved": ("Active", "Closed"),
    "Closed": ("New", "Active"),
}
_TASK = {
    "": ("New",),
    "New": ("Active", "Closed", "Removed"),
    "Active": ("New", "Closed", "Removed"),
    "Closed": ("New", "Active"),
    "Removed": ("New",),
}
_PLAN = ("Microsoft.VSTS.Scheduling.TargetDate",)
_BUG_FIELDS = (
    "Microsoft.VSTS.TCM.ReproSteps",
    "Microsoft.VSTS.Common.Severity",
    "Microsoft.VSTS.Scheduling.DueDate",
    "Custom.RootCause",
)


def agile(*, strict: bool = False) -> list[WorkItemType]:
    """The types of a project. `strict`: a bug is closed only with its root cause."""
    demands = {"Closed": ("Custom.RootCause",)} if strict else {}
    return [
        WorkItemType("Bug", "CC293D", "icon_insect", _BUG, _BUG_FIELDS, demands),
        WorkItemType(
            "Task",
            "F2CB1D",
            "icon_clipboard",
            _TASK,
            ("Microsoft.VSTS.Scheduling.RemainingWork", "Microsoft.VSTS.Scheduling.DueDate"),
        ),
        WorkItemType(
            "User Story",
            "009CCC",
            "icon_book",
            _FREE,
            (
                "Microsoft.VSTS.Scheduling.StoryPoints",
                "Microsoft.VSTS.Common.AcceptanceCriteria",
                "Microsoft.VSTS.Scheduling.DueDate",
            ),
        ),
        WorkItemType("Feature", "773B93", "icon_trophy", _FREE, _PLAN),
        WorkItemType("Epic", "E06C00", "icon_crown", _FREE, _PLAN),
    ]


# By reference name: (name, reference name of the opposite).
LINK_TYPES = {
    "System.LinkTypes.Hierarchy-Forward": ("Child", "System.LinkTypes.Hierarchy-Reverse"),
    "System.LinkTypes.Hierarchy-Reverse": ("Parent", "System.LinkTypes.Hierarchy-Forward"),
    "System.LinkTypes.Related": ("Related", "System.LinkTypes.Related"),
    "System.LinkTypes.Dependency-Forward": ("Successor", "System.LinkTypes.Dependency-Reverse"),
    "System.LinkTypes.Dependency-Reverse": ("Predecessor", "System.LinkTypes.Dependency-Forward"),
}
PARENT, CHILD = "System.LinkTypes.Hierarchy-Reverse", "System.LinkTypes.Hierarchy-Forward"
RESOURCE_LINKS = {
    "AttachedFile": "Attached File",
    "Hyperlink": "Hyperlink",
    "ArtifactLink": "Artifact Link",
}
