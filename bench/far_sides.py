"""The Jira and the GitLab that the engine is measured against: in memory, full, and counted.

Programs for uvicorn (``--factory``), set up by the environment that the sandbox itself knows, and
by ``BENCH_ISSUES``. ``GET /bench/calls`` tells what they were asked.
"""

import os
import random
import re
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from sandbox.gitlab.main import create_app as create_gitlab
from sandbox.gitlab.seed import fresh_gitlab
from sandbox.gitlab.state import GitLabState
from sandbox.issues.adf import Document
from sandbox.issues.catalogue import TASK, TO_DO
from sandbox.issues.models import Issue
from sandbox.issues.search import Search
from sandbox.main import create_app as create_jira
from sandbox.request_log import Exchange, RequestLog
from sandbox.seed_texts import SUBJECTS, description, paragraph
from sandbox.site import SiteState
from sandbox.storage import open_site

PROJECT_ID, PROJECT_KEY = 10001, "PAY"
_MARK = re.compile(r"<!-- getint:([0-9a-f-]{36}) -->")
_NAMES = re.compile(r"(?<=/)(acme%2Fpayments|[A-Z]+-\d+|\d+)(?=/|$)", re.I)
_AFTER_KEY = re.compile(rf" AND key > {PROJECT_KEY}-(\d+)")
# All are seeded as of some days ago: what a run changes is newer than any of them.
_SEEDED_BEFORE = timedelta(days=3)


class CountedLog(RequestLog):
    """Keeps no exchanges, only how often which endpoint was asked."""

    def __init__(self) -> None:
        super().__init__(keep=1)
        self.counts: Counter[str] = Counter()

    def add(self, exchange: Exchange) -> None:
        if exchange.direction == "from app":
            path = _NAMES.sub("*", exchange.path.partition("?")[0])
            self.counts[f"{exchange.method} {path}"] += 1


def jira() -> FastAPI:
    """The site that installs the app, with so many tasks in PAY."""
    state = open_site(Path(os.environ["SANDBOX_STATE"]), os.environ["SANDBOX_BASE_URL"])
    _fill(state, int(os.environ["BENCH_ISSUES"]))
    _remember_searches()
    app = create_jira(
        state,
        app_http=httpx.AsyncClient(),
        install_from=os.environ["SANDBOX_INSTALL"],
        close_http=True,
    )
    log = app.state.sandbox.log = CountedLog()
    app.state.sandbox.quota.limit = 10**9  # an hour's points would end a large run
    _add_counts(app, log)
    return app


def gitlab() -> FastAPI:
    """An empty GitLab without a limit of calls."""
    state = fresh_gitlab(os.environ["SANDBOX_GITLAB_URL"], 0)
    app = create_gitlab(state, date_header=True)
    log = app.state.standin.log = CountedLog()
    _add_counts(app, log)
    _add_items(app, state)
    return app


def _fill(site: SiteState, count: int) -> None:
    chance = random.Random(3)
    people = [person for person in site.people if person.active]
    first = int((time.time() - _SEEDED_BEFORE.total_seconds()) * 1000) - count
    for number in range(1, count + 1):
        fields = {
            "summary": f"{SUBJECTS[number % len(SUBJECTS)]} {number}",
            "issuetype": TASK.id,
            "status": TO_DO.id,
            "resolution": None,
            "priority": "3",
            "labels": ["payday"],
            "reporter": people[0].account_id,
            "assignee": None,
            "description": _unlike_others(number, description(number, chance, people[0], [])),
        }
        made = Issue(
            id=site.issues.new_id(),
            key=f"{PROJECT_KEY}-{number}",
            project=PROJECT_ID,
            created=first + number,
            updated=first + number,
            creator=people[0].account_id,
            fields=fields,
        )
        site.issues.put(made)


def _remember_searches() -> None:
    """Search through all issues once for all pages of a list: of 100,000 it takes a second."""
    search = Search.found
    last: dict[tuple[object, ...], list[Issue]] = {}

    def found(self: Search, reconcile: Iterable[int] = ()) -> list[Issue]:
        after = _AFTER_KEY.search(self.jql)
        whole = replace(self, jql=_AFTER_KEY.sub("", self.jql))
        wanted = (whole.jql, self.caller.account_id, tuple(reconcile), self.site.issues.version)
        if wanted not in last:
            last.clear()
            last[wanted] = search(whole, reconcile)
        # Whoever goes on behind a key has them in the order of their keys.
        first = bisect_right(last[wanted], int(after[1]), key=_number) if after else 0
        return last[wanted][first:]

    Search.found = found  # type: ignore[method-assign]


def _number(issue: Issue) -> int:
    return issue.number


def _unlike_others(number: int, text: Document | None) -> Document | None:
    """No two texts are the same: what was converted once is else not converted again."""
    told = paragraph(f"Noted as number {number}.")
    return text and {**text, "content": [*text["content"], told]}


def _add_counts(app: FastAPI, log: CountedLog) -> None:
    @app.get("/bench/calls")
    async def calls() -> dict[str, int]:
        return dict(log.counts)


def _add_items(app: FastAPI, state: GitLabState) -> None:
    project = state.projects[0]

    @app.get("/bench/count")
    async def count() -> int:
        return len(project.issues)

    @app.get("/bench/items")
    async def items() -> list[tuple[int, str, str]]:
        """Number, title and our mark of each."""
        return [(each.iid, each.title, _mark(each.description)) for each in project.issues.values()]

    @app.get("/bench/changed/{number}")
    async def changed(number: int) -> str:
        return project.issues[number].updated_at.isoformat()


def _mark(text: str | None) -> str:
    found = _MARK.search(text or "")
    return found[1] if found else ""
