"""The GitLab as it is opened: six people, a bot, two projects full of work."""

from collections.abc import Sequence
from datetime import timedelta

from sandbox.gitlab.state import (
    DEVELOPER,
    OWNER,
    GitLabState,
    Issue,
    Label,
    Milestone,
    Note,
    Project,
    Token,
    Upload,
    User,
)
from sandbox.tools.stories import (
    LABELS,
    PEOPLE,
    SEEDED_UNTIL,
    Person,
    Story,
    picture,
    stories,
)
from sandbox.tools.writing import to_markdown

# Of this machine's stand-in alone; they open nothing else.
OWNER_TOKEN = "glpat-sandbox-owner-00001"  # noqa: S105
DEVELOPER_TOKEN = "glpat-sandbox-developer-1"  # noqa: S105
READER_TOKEN = "glpat-sandbox-reader-0001"  # noqa: S105
BOT_ID = 20
PAYMENTS, WEBSITE = "acme/payments", "acme/web/site"
IMAGE_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - a part of an address
PRIORITIES = {1: "priority::1", 2: "priority::2", 3: "priority::3", 4: "priority::4"}
KINDS = {"bug": "type::bug", "task": "type::task", "feature": "type::feature"}


def fresh_gitlab(base_url: str, issues: int) -> GitLabState:
    """`issues` in the first project and a sixth of it in the second."""
    users = [
        User(number, each.login, each.name, each.email, each.email)
        for number, each in enumerate(PEOPLE, 11)
    ]
    # Gia shows no address to others, as is GitLab's default.
    users[1].public_email = ""
    users.append(User(BOT_ID, "getint-bot", "Getint", "getint-bot@noreply.example.com", bot=True))
    state = GitLabState(
        base_url=base_url.rstrip("/"),
        users=users,
        tokens={
            OWNER_TOKEN: Token(1, BOT_ID, ["api"]),
            DEVELOPER_TOKEN: Token(2, users[1].id, ["api"]),
            READER_TOKEN: Token(3, users[1].id, ["read_api"]),
        },
        projects=[],
    )
    _add_project(state, 101, PAYMENTS, "Payments", stories(issues, _image()))
    _add_project(state, 102, WEBSITE, "Site", stories(issues // 6, _image(), seed=8))
    return state


def _image() -> str:
    return f"/uploads/{IMAGE_SECRET}/picture.png"


def _add_project(
    state: GitLabState, project_id: int, path: str, name: str, work: Sequence[Story]
) -> None:
    opened = SEEDED_UNTIL - timedelta(days=400)
    project = Project(
        project_id,
        path,
        name,
        opened,
        members={user.id: DEVELOPER for user in state.users} | {11: OWNER, BOT_ID: OWNER},
    )
    for label in (*LABELS, *PRIORITIES.values(), *KINDS.values()):
        project.labels.append(Label(state.new_id(), label))
    for number in (1, 2):
        project.milestones.append(
            Milestone(state.new_id(), number, f"Release {number}.0", opened, opened)
        )
    project.uploads.append(
        Upload(state.new_id(), IMAGE_SECRET, "picture.png", picture(), 11, opened)
    )
    state.projects.append(project)
    for story in work:
        _add_issue(state, project, story)


def _add_issue(state: GitLabState, project: Project, story: Story) -> None:
    project.last_iid += 1
    done = story.progress == 3
    priority = PRIORITIES[story.priority]
    issue = Issue(
        id=state.new_id(),
        iid=project.last_iid,
        project_id=project.id,
        title=story.title.strip(),
        description=to_markdown(story.blocks) or None,
        author_id=_id_of(state, story.author),
        created_at=story.created,
        updated_at=story.changed,
        state="closed" if done else "opened",
        assignee_ids=[_id_of(state, story.assignee)] if story.assignee else [],
        labels=[*story.labels, priority, KINDS[story.kind]],
        milestone_id=project.milestones[0].id if story.priority == 1 else None,
        due_date=(
            (story.created + timedelta(days=story.due_in_days)).date()
            if story.due_in_days
            else None
        ),
        weight=story.priority,
        closed_at=story.changed if done else None,
        closed_by_id=_id_of(state, story.author) if done else None,
    )
    for remark in story.remarks:
        note_id = state.new_id()
        issue.notes[note_id] = Note(
            note_id,
            to_markdown(remark.blocks),
            _id_of(state, remark.author),
            remark.at,
            remark.at,
        )
    if story.assignee and story.remarks:
        _note_assignment(state, issue, story.assignee)
    project.issues[issue.iid] = issue


def _note_assignment(state: GitLabState, issue: Issue, assignee: Person) -> None:
    """GitLab's own note, as it stands between those of people."""
    at = issue.created_at + timedelta(seconds=30)
    note_id = state.new_id()
    body = f"assigned to @{assignee.login}"
    issue.notes[note_id] = Note(note_id, body, issue.author_id, at, at, system=True)


def _id_of(state: GitLabState, person: Person) -> int:
    user = state.by_login(person.login)
    if user is None:
        raise LookupError(person.login)
    return user.id
