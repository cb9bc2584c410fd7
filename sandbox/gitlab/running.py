"""The parts of one running GitLab."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from sandbox.gitlab.state import GitLabState
from sandbox.tools.standin import Standin


@dataclass(slots=True, kw_only=True)
class GitLab(Standin):
    """A GitLab and what can be done to it."""

    state: GitLabState

    def changed(self) -> None:
        """After each change: what is derived is out of date, the file has to be written."""
        self.state.version += 1
        self.save()


def gitlab_of(request: Request) -> GitLab:
    gitlab: GitLab = request.app.state.standin
    return gitlab


Here = Annotated[GitLab, Depends(gitlab_of)]
