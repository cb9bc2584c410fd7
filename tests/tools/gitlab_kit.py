"""A GitLab in this process, and a side that speaks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI

from app.tools.gitlab import GitLabSide
from app.tools.http import ToolHttp
from app.tools.items import Item
from sandbox.gitlab.main import create_app
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import OWNER_TOKEN
from sandbox.gitlab.state import GitLabState, Issue, Project
from sandbox.tools.faults import Fault, FaultKind
from tests.tools.side_kit import FreeBudget, no_sleep

URL = "http://gitlab.test"
BOT, GIA = 20, 12


@dataclass
class Town:
    """The GitLab's program, its insides, and whoever speaks to it."""

    app: FastAPI
    client: httpx.AsyncClient
    budget: FreeBudget = field(default_factory=FreeBudget)

    @property
    def gitlab(self) -> GitLab:
        found: GitLab = self.app.state.standin
        return found

    @property
    def project(self) -> Project:
        return self.gitlab.state.projects[0]

    def side(self, token: str = OWNER_TOKEN, place: str = "acme/payments") -> GitLabSide:
        http = ToolHttp(
            self.client,
            URL,
            {"PRIVATE-TOKEN": token},
            self.budget,
            tool="GitLab",
            sleep=no_sleep,
        )
        return GitLabSide(http, place)

    def issue(self, item_id: str) -> Issue:
        return self.project.issues[int(item_id)]

    def fail(self, kind: FaultKind, path: str = "*", **more: Any) -> None:
        self.gitlab.faults.add(Fault(kind, path, **{"remaining": 1, **more}))

    def put(self, created: datetime, **attributes: Any) -> Issue:
        """An issue that somebody made."""
        project = self.project
        project.last_iid += 1
        issue = Issue(
            id=self.gitlab.state.new_id(),
            iid=project.last_iid,
            project_id=project.id,
            **{
                "title": "An issue",
                "description": "",
                "author_id": GIA,
                "created_at": created,
                "updated_at": created,
                **attributes,
            },
        )
        project.issues[issue.iid] = issue
        self.gitlab.changed()
        return issue

    def asked(self) -> list[str]:
        """The calls since the last time that this was asked, without what they asked for."""
        log = self.gitlab.log
        calls = [f"{entry.method} {entry.path.partition('?')[0]}" for entry in log.entries]
        log.reset()
        return calls


@asynccontextmanager
async def town_with(issues: int) -> AsyncIterator[Town]:
    """A GitLab that was seeded with so many issues."""
    app = create_app(GitLabState.fresh(URL, issues=issues))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        yield Town(app, client)


async def all_changes(side: GitLabSide, position: str | None = None) -> tuple[list[Item], str]:
    """A whole round."""
    items: list[Item] = []
    while True:
        changes = await side.changes(position, "")
        items += changes.items
        position = changes.position
        if changes.is_last:
            return items, position
