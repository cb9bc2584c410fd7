"""GitLab as a person sees it on the stand-in's own pages."""

from collections.abc import Sequence

from fastapi import Request

from sandbox.gitlab import work
from sandbox.gitlab.rest.errors import not_found
from sandbox.gitlab.running import GitLab, gitlab_of
from sandbox.gitlab.state import Issue, Project, User
from sandbox.tools.pages import Row, Sheet, Words


class GitLabFace:
    """Pages act as one of the seeded people, so that webhooks name a person."""

    name = "GitLab"
    writes_html = False

    def __init__(self, gitlab: GitLab) -> None:
        self.gitlab = gitlab

    def places(self) -> Sequence[str]:
        return [project.path for project in self.gitlab.state.projects]

    def rows(self, place: str) -> Sequence[Row]:
        issues = self._project(place).issues.values()
        return [_row(each) for each in sorted(issues, key=lambda i: i.updated_at, reverse=True)]

    def sheet(self, place: str, number: int) -> Sheet:
        issue = self._issue(place, number)
        notes = sorted(issue.notes.values(), key=lambda note: note.created_at)
        return Sheet(
            row=_row(issue),
            description=issue.description or "",
            author=self._name(issue.author_id),
            assignee=", ".join(map(self._name, issue.assignee_ids)),
            labels=", ".join(sorted(issue.labels)),
            states=("opened", "closed"),
            comments=[
                Words(self._name(note.author_id), f"{note.created_at:%Y-%m-%d %H:%M}", note.body)
                for note in notes
            ],
        )

    def add(self, place: str, by: str, title: str, description: str) -> int:
        project = self._project(place)
        given = {"title": title, "description": description}
        return work.create_issue(self.gitlab, project, self._user(by), given, may_date=False).iid

    def edit(
        self, place: str, number: int, *, by: str, title: str, description: str, state: str
    ) -> None:
        given = {"title": title, "description": description or None}
        issue = self._issue(place, number)
        if state != issue.state:
            given["state_event"] = "close" if state == "closed" else "reopen"
        project, user = self._project(place), self._user(by)
        work.edit_issue(self.gitlab, project, issue, user, given, may_date=False)

    def comment(self, place: str, number: int, by: str, text: str) -> None:
        project, issue = self._project(place), self._issue(place, number)
        given = {"body": text}
        work.add_note(self.gitlab, project, issue, self._user(by), given, may_date=False)

    def _project(self, place: str) -> Project:
        project = self.gitlab.state.project(place)
        if project is None:
            raise not_found("Project")
        return project

    def _issue(self, place: str, number: int) -> Issue:
        issue = self._project(place).issues.get(number)
        if issue is None:
            raise not_found()
        return issue

    def _user(self, login: str) -> User:
        user = self.gitlab.state.by_login(login)
        if user is None:
            raise not_found("User")
        return user

    def _name(self, user_id: int) -> str:
        user = self.gitlab.state.user(user_id)
        return user.name if user is not None else "Ghost User"


def _row(issue: Issue) -> Row:
    changed = f"{issue.updated_at:%Y-%m-%d %H:%M:%S}"
    return Row(issue.iid, issue.title, issue.state, changed, issue.user_notes_count)


def face_of(request: Request) -> GitLabFace:
    return GitLabFace(gitlab_of(request))
