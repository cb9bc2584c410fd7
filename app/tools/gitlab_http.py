"""Requests to one project in GitLab, and what its refusals mean."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from app.tools.answers import Answer, Forbidden, Rejected
from app.tools.gitlab_round import Raw
from app.tools.gitlab_text import Place
from app.tools.http import Parameters, ToolHttp
from app.tools.knowledge import Knowledge
from app.tools.side import AccessLost, ItemGone, ItemRejected, SideBusy

PER_PAGE = 100
# From this role on all issues are seen and may be edited; below, confidential ones seem gone.
PLANNER = 15
_UNSETTLED_WAIT_S = 10.0
_READINGS = 3
# Without a date of GitLab's: ours, and clocks are wrong by minutes.
_SKEW = timedelta(minutes=15)
T = TypeVar("T")


class GitLabHttp:
    """Paths are relative to the project. ``project`` is its path or number."""

    def __init__(self, http: ToolHttp, project: str, knowledge: Knowledge | None = None) -> None:
        self._http = http
        self._project = f"/api/v4/projects/{quote(project, safe='')}"
        self._knowledge = knowledge or Knowledge()

    async def place(self) -> Place:
        """The project as texts refer to it. Raises AccessLost where it is not to be seen."""
        return await self._knowledge.of("place", self._read_place)

    async def _read_place(self) -> Place:
        found = await self._http.ask_if_there("GET", self._project)
        if found is None:
            raise AccessLost("GitLab has no such project, or the account may not see it.")
        return Place(int(found.json["id"]), str(found.json["web_url"]))

    async def get(self, path: str, params: Parameters | None = None) -> Answer:
        """Read something. ItemGone is certain: the account would see it if it were there."""
        try:
            return await self._http.ask("GET", self._project + path, params=params)
        except ItemGone:
            await self._check_access()
            raise

    async def all_of(self, path: str, params: Mapping[str, str | int] | None = None) -> list[Raw]:
        """A whole list. Read again where something was taken away from it meanwhile."""
        for _ in range(_READINGS):
            found, totals = await self._pages(path, params or {})
            if len(totals) == 1:
                return found
        raise SideBusy("GitLab changes faster than it can be read.", _UNSETTLED_WAIT_S)

    async def change(self, method: str, path: str, json: Any = None) -> Any:
        """Change something, once. Forbidden here but not everywhere is ItemRejected."""
        try:
            answer = await self._http.ask(method, self._project + path, json=json)
        except Forbidden as refused:
            await self._check_access(refused)
            reason = f": {refused.reason}" if refused.reason else "."
            raise ItemRejected(f"GitLab does not let Getint do this{reason}") from refused
        except ItemGone:
            await self._check_access()
            raise
        return answer.json

    async def upload(
        self, name: str, media_type: str, size: int, content: AsyncIterator[bytes]
    ) -> Raw:
        """Give the project a file that nothing refers to yet."""
        answer = await self._http.send_file(
            "POST",
            f"{self._project}/uploads",
            name=name,
            media_type=media_type,
            size=size,
            content=content,
            form_part="file",
        )
        found: Raw = answer.json
        return found

    def download(self, upload_id: str) -> AsyncIterator[bytes]:
        """A file's bytes in pieces."""
        return self._http.download(self._project + _upload_path(upload_id))

    async def size_of(self, upload_id: str) -> int | None:
        """Bytes of a file. Raises ItemGone."""
        try:
            return await self._http.size_of(self._project + _upload_path(upload_id))
        except Rejected:
            return None

    async def _pages(
        self, path: str, params: Mapping[str, str | int]
    ) -> tuple[list[Raw], set[str | None]]:
        found: dict[Any, Raw] = {}
        totals: set[str | None] = set()
        page = 1
        while True:
            asked = {**params, "per_page": PER_PAGE, "page": page}
            answer = await self.get(path, asked)
            found |= {each["id"]: each for each in answer.json}
            totals.add(answer.headers.get("x-total"))
            if len(answer.json) < PER_PAGE:
                return list(found.values()), totals
            page += 1

    async def _check_access(self, refused: Forbidden | None = None) -> None:
        """Raise AccessLost unless the account may still work on all issues of the project.

        GitLab says 404 also for what it hides. Taken for gone, a lost right would look as if
        everything had been deleted.
        """
        if refused is not None and "insufficient_scope" in refused.reason:
            raise refused
        lost = AccessLost("The account may no longer work on all issues of the GitLab project.")
        user, project = await asyncio.gather(
            self._http.ask("GET", "/api/v4/user"), self._http.ask_if_there("GET", self._project)
        )
        if project is None:
            raise lost
        path = f"{self._project}/members/all/{int(user.json['id'])}"
        member = await self._http.ask_if_there("GET", path)
        level = 0 if member is None else int(member.json["access_level"])
        if level < PLANNER and not user.json.get("is_admin"):
            raise lost


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all of them answer; the others are stopped when one fails."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def clock_of(answer: Answer) -> datetime:
    """When GitLab answered, by its own clock."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC) - _SKEW


def total_of(answer: Answer) -> int | None:
    """How many there are in all; GitLab does not count beyond 10,000."""
    told = answer.headers.get("x-total", "")
    return int(told) if told.isdecimal() else None


def _upload_path(upload_id: str) -> str:
    secret, _, name = upload_id.partition("/")
    return f"/uploads/{quote(secret, safe='')}/{quote(unquote(name), safe='')}"
