"""The parts of one running GitLab."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from sandbox.gitlab.state import GitLabState, Issue
from sandbox.tools.standin import Standin


@dataclass(slots=True, kw_only=True)
class GitLab(Standin):
    """A GitLab and what can be done to it."""

    state: GitLabState
    listed: dict[Any, list[Issue]] = field(default_factory=dict)

    def changed(self) -> None:
        """After each change: what was listed is out of date, the file has to be written."""
        self.listed.clear()
        self.save()

    def once(self, key: Any, find: Callable[[], list[Issue]]) -> list[Issue]:
        """What `find` finds, for all pages of the same question while nothing changes."""
        if self.lag:
            return find()
        if key not in self.listed:
            self.listed[key] = find()
        return self.listed[key]


def gitlab_of(request: Request) -> GitLab:
    gitlab: GitLab = request.app.state.standin
    return gitlab


Here = Annotated[GitLab, Depends(gitlab_of)]
