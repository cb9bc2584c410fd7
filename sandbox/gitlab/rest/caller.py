"""Who calls: the owner of a personal access token, with what it may do in a project."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Request

from sandbox.gitlab.rest.errors import GitLabError, forbidden, not_found, unauthorized
from sandbox.gitlab.running import GitLab, Here
from sandbox.gitlab.state import OWNER, REPORTER, Issue, Project, Token, User


@dataclass(frozen=True, slots=True)
class Caller:
    user: User
    token: Token

    def level(self, project: Project) -> int:
        return project.members.get(self.user.id, 0)

    def require(self, project: Project, level: int) -> None:
        if self.level(project) < level:
            raise forbidden()


def caller_of(request: Request, gitlab: Here) -> Caller:
    """By `PRIVATE-TOKEN` or `Authorization: Bearer`. Raises 401, or 403 for a narrow scope."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    value = request.headers.get("private-token") or (bearer if scheme == "Bearer" else "")
    token = gitlab.state.tokens.get(value)
    user = gitlab.state.user(token.user_id) if token is not None else None
    if token is None or user is None:
        raise unauthorized()
    if token.revoked:
        description = "Token was revoked. You have to re-authorize from the user."
        raise GitLabError(401, {"error": "invalid_token", "error_description": description})
    if "api" not in token.scopes and request.method not in ("GET", "HEAD"):
        raise GitLabError(
            403,
            {
                "error": "insufficient_scope",
                "error_description": (
                    "The request requires higher privileges than provided by the access token."
                ),
                "scope": "api",
            },
        )
    return Caller(user, token)


Me = Annotated[Caller, Depends(caller_of)]


def project_of(
    request: Request, gitlab: Here, project_id: Annotated[str, Path()]
) -> tuple[Project, Caller]:
    """Projects are private: who is no member, or nobody, is told that there is none."""
    project = gitlab.state.project(unquote(project_id))
    proofs = ("private-token", "authorization")
    if not any(name in request.headers for name in proofs):
        raise not_found("Project")
    caller = caller_of(request, gitlab)
    if project is None or caller.level(project) == 0:
        raise not_found("Project")
    return project, caller


Place = Annotated[tuple[Project, Caller], Depends(project_of)]


@dataclass(frozen=True, slots=True)
class OneIssue:
    """An issue that the caller may see."""

    gitlab: GitLab
    project: Project
    issue: Issue
    caller: Caller

    @property
    def may_edit(self) -> bool:
        mine = self.issue.author_id == self.caller.user.id
        return mine or self.caller.level(self.project) >= REPORTER

    @property
    def is_owner(self) -> bool:
        return self.caller.level(self.project) >= OWNER


def issue_of(gitlab: Here, place: Place, iid: Annotated[str, Path()]) -> OneIssue:
    project, caller = place
    if not iid.isdigit():
        raise GitLabError(400, {"error": "issue_iid is invalid"})
    issue = project.issues.get(int(iid))
    if issue is None:
        raise not_found()
    return OneIssue(gitlab, project, issue, caller)


TheIssue = Annotated[OneIssue, Depends(issue_of)]
