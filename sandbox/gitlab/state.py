"""What a GitLab knows: people, tokens, projects with issues, notes, uploads and webhooks."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import ConfigDict, TypeAdapter

OWNER, DEVELOPER, REPORTER = 50, 30, 20


@dataclass(slots=True)
class User:
    id: int
    username: str
    name: str
    email: str
    public_email: str = ""
    bot: bool = False


@dataclass(slots=True)
class Token:
    """A personal access token; `scopes` as GitLab names them."""

    id: int
    user_id: int
    scopes: list[str]
    revoked: bool = False


@dataclass(slots=True)
class Note:
    id: int
    body: str
    author_id: int
    created_at: datetime
    updated_at: datetime
    system: bool = False
    internal: bool = False


@dataclass(slots=True)
class Link:
    """One end of an issue link; `other` is the id of the other issue, in any project."""

    id: int
    other: int
    link_type: str


@dataclass(slots=True)
class Issue:
    id: int
    iid: int
    project_id: int
    title: str
    description: str | None
    author_id: int
    created_at: datetime
    updated_at: datetime
    state: str = "opened"
    assignee_ids: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    milestone_id: int | None = None
    due_date: date | None = None
    weight: int | None = None
    confidential: bool = False
    issue_type: str = "issue"
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    discussion_locked: bool | None = None
    notes: dict[int, Note] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    @property
    def user_notes_count(self) -> int:
        return sum(not note.system for note in self.notes.values())


@dataclass(slots=True)
class Label:
    id: int
    name: str
    color: str = "#6699cc"
    description: str | None = None


@dataclass(slots=True)
class Milestone:
    id: int
    iid: int
    title: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    due_date: date | None = None
    start_date: date | None = None
    state: str = "active"


@dataclass
class Upload:
    """A file; its address holds `secret`."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    id: int
    secret: str
    filename: str
    content: bytes
    uploaded_by_id: int
    created_at: datetime


@dataclass(slots=True)
class Hook:
    id: int
    url: str
    token: str
    created_at: datetime
    events: dict[str, bool]
    enable_ssl_verification: bool = True
    name: str | None = None
    signing_token: str = ""


@dataclass(slots=True)
class Project:
    """`members` are access levels by user id."""

    id: int
    path: str
    name: str
    created_at: datetime
    description: str = ""
    members: dict[int, int] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    last_iid: int = 0

    def ensure_label(self, name: str, new_id: int) -> Label:
        """GitLab makes a label the first time that an issue names it; case matters."""
        for label in self.labels:
            if label.name == name:
                return label
        label = Label(new_id, name)
        self.labels.append(label)
        return label


@dataclass(slots=True)
class GitLabState:
    """Everything that survives a restart."""

    base_url: str
    users: list[User]
    tokens: dict[str, Token]
    projects: list[Project]
    last_id: int = 1000

    def new_id(self) -> int:
        """Ids are unique over all things here; GitLab promises it only for each kind."""
        self.last_id += 1
        return self.last_id

    def user(self, user_id: int) -> User | None:
        return next((user for user in self.users if user.id == user_id), None)

    def by_login(self, username: str) -> User | None:
        return next((u for u in self.users if u.username.lower() == username.lower()), None)

    def project(self, id_or_path: str) -> Project | None:
        wanted = id_or_path.lower()
        found = (p for p in self.projects if wanted in (str(p.id), p.path.lower()))
        return next(found, None)

    def issue(self, issue_id: int) -> tuple[Project, Issue] | None:
        for project in self.projects:
            for issue in project.issues.values():
                if issue.id == issue_id:
                    return project, issue
        return None

    @classmethod
    def fresh(cls, base_url: str = "http://localhost:2991", issues: int = 240) -> "GitLabState":
        """A newly opened GitLab with seeded projects, kept in memory only."""
        from sandbox.gitlab.seed import fresh_gitlab  # noqa: PLC0415 - made of these classes

        return fresh_gitlab(base_url, issues)

    def to_json(self) -> bytes:
        return _adapter.dump_json(self)

    @classmethod
    def from_json(cls, text: bytes) -> "GitLabState":
        return _adapter.validate_json(text)


_adapter = TypeAdapter(GitLabState)


def new_secret() -> str:
    """The part of an upload's address that can not be guessed."""
    return secrets.token_hex(16)
