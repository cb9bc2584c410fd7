"""A Jira that answers as told, and the client that asks it."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from connect import JiraClient, Quota
from tests.connect.kit import APP_KEY, NOW, site

SITE = site()
Answer = Callable[[httpx.Request], httpx.Response]
Ask = Callable[[JiraClient], Awaitable[Any]]


class Jira:
    """A site that answers as told, a client that asks it, and a clock that sleeping moves."""

    def __init__(self, *answers: httpx.Response | Exception | Answer) -> None:
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now: float = NOW
        self._answers = list(answers)
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._serve))
        self.quota = Quota(clock=lambda: self.now)
        self.client = JiraClient(
            http, APP_KEY, self.quota, sleep=self._sleep, clock=lambda: self.now
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _serve(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


def ok(content: Any) -> httpx.Response:
    return httpx.Response(200, json=content)


def again(status: int, **headers: str) -> Answer:
    """A response can be read once; this makes a new one each time."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, headers=named)


def granted(admin: bool, *grants: Any) -> dict[str, Any]:
    return {
        "globalPermissions": ["ADMINISTER"] if admin else [],
        "projectPermissions": list(grants),
    }
