"""The organisation as it is opened: six people, a service account, two projects full of work."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sandbox.azure.process import CHILD, PARENT
from sandbox.azure.state import (
    Attachment,
    AzureState,
    Comment,
    Node,
    Project,
    Relation,
    Update,
    User,
    WorkItem,
    named_id,
    stamp,
)
from sandbox.tools.stories import PEOPLE, SEEDED_UNTIL, Story, picture, stories
from sandbox.tools.writing import to_html

# Of this machine's stand-in alone; they open nothing else.
TOKEN = "sandboxazurepat0000000000000000000000000000000000001"  # noqa: S105
OTHER_TOKEN = "sandboxazurepat0000000000000000000000000000000000002"  # noqa: S105
ORGANIZATION = "acme"
PAYMENTS, WEBSITE = "Payments", "Website"
BOT = "getint-bot@example.com"
TYPES = {"bug": "Bug", "task": "Task", "feature": "User Story"}
STATES = ("New", "Active", "Resolved", "Closed")
EPIC_EVERY = 25


def fresh_azure(base_url: str, items: int) -> AzureState:
    """`items` in the first project and a tenth of it in the second, whose bugs are strict."""
    users = [User(named_id(each.email), each.name, each.email) for each in PEOPLE]
    users.append(User(named_id(BOT), "Getint", BOT))
    state = AzureState(
        base_url=base_url.rstrip("/"),
        organization=ORGANIZATION,
        users=users,
        tokens={TOKEN: BOT, OTHER_TOKEN: PEOPLE[2].email},
        projects=[],
    )
    opened = stamp(SEEDED_UNTIL - timedelta(days=400))
    image_id = named_id("picture.png")
    state.attachments[image_id] = Attachment(image_id, "picture.png", picture(), opened)
    for name, strict, count in ((PAYMENTS, False, items), (WEBSITE, True, items // 10)):
        project = Project(
            named_id(name), name, f"The work on {name}.", *_trees(name), opened, strict
        )
        state.projects.append(project)
        image = f"{state.url}/{project.id}/_apis/wit/attachments/{image_id}?fileName=picture.png"
        _add_items(state, project, stories(count, image, seed=9 if strict else 7))
    return state


def _trees(name: str) -> tuple[Node, Node]:
    areas = Node(1, name, "area", [Node(2, "Backend", "area"), Node(3, "Frontend", "area")])
    sprints = [Node(10 + number, f"Sprint {number}", "iteration") for number in (1, 2, 3)]
    return areas, Node(10, name, "iteration", sprints)


def _add_items(state: AzureState, project: Project, work: Sequence[Story]) -> None:
    """Every so many an epic, which the user stories after it belong to."""
    epic: WorkItem | None = None
    for number, story in enumerate(work):
        is_epic = number % EPIC_EVERY == 0
        item = _item(state, project, story, "Epic" if is_epic else TYPES[story.kind])
        state.items[item.id] = item
        if is_epic:
            epic = item
        elif epic is not None and item.type_name == "User Story":
            _link(state, PARENT, item, epic)
            _link(state, CHILD, epic, item)


def _link(state: AzureState, rel: str, item: WorkItem, other: WorkItem) -> None:
    name = "Parent" if rel == PARENT else "Child"
    url = f"{state.url}/{item.project_id}/_apis/wit/workItems/{other.id}"
    attributes = {"isLocked": False, "name": name}
    item.relations.append(Relation(rel, url, other.id, attributes))


def _item(state: AzureState, project: Project, story: Story, type_name: str) -> WorkItem:
    state.last_item += 1
    created, changed = stamp(story.created), stamp(story.changed)
    fields = _fields(project, story, type_name, created, changed)
    item = WorkItem(state.last_item, project.id, 1, fields)
    for remark in story.remarks:
        state.last_comment += 1
        at, by = stamp(remark.at), remark.author.email
        text = to_html(remark.blocks)
        item.comments[state.last_comment] = Comment(state.last_comment, text, by, at, by, at)
    first = {name: (None, value) for name, value in fields.items()}
    item.updates.append(Update(1, story.author.email, created, first))
    return item


def _fields(
    project: Project, story: Story, type_name: str, created: str, changed: str
) -> dict[str, Any]:
    kind = project.type(type_name)
    state = STATES[story.progress]
    if kind is not None and state not in kind.states:
        state = "Active"
    text = "Microsoft.VSTS.TCM.ReproSteps" if type_name == "Bug" else "System.Description"
    due = story.created + timedelta(days=story.due_in_days) if story.due_in_days else None
    fields = {
        "System.AreaPath": project.name,
        "System.TeamProject": project.name,
        "System.IterationPath": rf"{project.name}\Sprint {story.priority % 3 + 1}",
        "System.WorkItemType": type_name,
        "System.State": state,
        "System.Reason": "New" if state == "New" else f"Moved to state {state}",
        "System.AssignedTo": story.assignee.email if story.assignee else None,
        "System.CreatedDate": created,
        "System.CreatedBy": story.author.email,
        "System.ChangedDate": changed,
        "System.ChangedBy": (story.remarks[-1].author if story.remarks else story.author).email,
        "System.Title": story.title.strip(),
        text: to_html(story.blocks) or None,
        "System.Tags": "; ".join(story.labels) or None,
        "Microsoft.VSTS.Common.Priority": story.priority,
        "Microsoft.VSTS.Common.StateChangeDate": created,
        "Microsoft.VSTS.Common.ClosedDate": changed if state == "Closed" else None,
        "Microsoft.VSTS.Scheduling.DueDate": stamp(due) if due and type_name != "Epic" else None,
    }
    if type_name == "Bug" and project.strict and state == "Closed":
        fields["Custom.RootCause"] = "Unknown"
    return {name: value for name, value in fields.items() if value is not None}
