"""One call to Jira: what failed, what is tried again, and when it ends."""

import asyncio
from typing import Any

import httpx
import pytest

from connect import (
    Busy,
    Forbidden,
    Gone,
    JiraClient,
    JiraError,
    Quota,
    Rejected,
    Site,
    Unauthorized,
    Unreachable,
    new_http_client,
    transport,
)
from tests.connect.jira_site import SITE, Answer, Ask, Jira, again, granted, ok
from tests.connect.kit import ACCOUNT, APP_KEY, CLIENT_KEY, NOW, site

STATUSES: list[tuple[Answer, type[JiraError], int]] = [
    (again(400), Rejected, 1),
    (again(401), Unauthorized, 1),
    (again(403), Forbidden, 1),
    (again(404), Gone, 1),
    (again(410), Gone, 1),
    (again(301, location="https://evil.example"), Unreachable, 1),
    (again(204), Unreachable, 1),
    (again(500), Unreachable, 3),
    (again(503, retry_after="1"), Unreachable, 3),
    (again(503, retry_after="60"), Unreachable, 1),
    (again(429), Busy, 3),
    (again(429, retry_after="2"), Busy, 3),
    (again(429, retry_after="3"), Busy, 1),
    (again(429, retry_after="1", ratelimit_reason="jira-quota-global-based"), Busy, 1),
    (again(429, retry_after="1", ratelimit_reason="jira-quota-tenant-based"), Busy, 1),
]
asks = pytest.mark.parametrize(
    "ask",
    [lambda c: c.permissions(SITE, ACCOUNT), lambda c: c.groups_of(SITE, ACCOUNT)],
    ids=["POST", "GET"],
)


@asks
@pytest.mark.parametrize(("answer", "error", "tries"), STATUSES)
async def test_each_failure_has_its_kind_and_its_tries(
    ask: Ask, answer: Answer, error: type[JiraError], tries: int
) -> None:
    jira = Jira(answer)
    with pytest.raises(JiraError) as failure:
        await ask(jira.client)
    assert type(failure.value) is error
    assert len(jira.requests) == tries
    assert jira.quota.calls() == tries
    assert max(jira.slept, default=0) <= 2.2
    for request in jira.requests:
        assert request.headers["authorization"][4:] not in str(failure.value)


@asks
@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("dropped"),
        httpx.Response(502),
        httpx.Response(429, headers={"retry-after": "1"}),
    ],
    ids=repr,
)
async def test_a_passing_trouble_is_tried_again(ask: Ask, trouble: Any) -> None:
    jira = Jira(trouble, lambda r: ok(granted(True) if r.method == "POST" else []))
    await ask(jira.client)
    assert len(jira.requests) == 2
    assert len(jira.slept) == 1
    first, second = (request.headers["authorization"] for request in jira.requests)
    assert (first != second) == (int(jira.now) != NOW)


async def test_a_lasting_trouble_is_unreachable() -> None:
    jira = Jira(httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        await jira.client.server_info(SITE)
    assert len(jira.requests) == 3


async def test_while_a_pause_lasts_nothing_is_sent() -> None:
    jira = Jira(again(429, retry_after="60", ratelimit_reason="jira-quota-global-based"))
    with pytest.raises(Busy):
        await jira.client.server_info(SITE)
    other = site(client_key="other", base_url="https://two.atlassian.net")
    with pytest.raises(Busy) as busy:
        await jira.client.groups_of(other, ACCOUNT)
    assert busy.value.retry_after == pytest.approx(60)
    assert len(jira.requests) == 1


async def test_a_short_burst_pause_is_waited_out_by_those_who_come_next() -> None:
    jira = Jira(lambda _: ok([]))
    jira.quota.refused(CLIENT_KEY, "GET /rest/api/3/user/groups", {"retry-after": "2"})
    assert await jira.client.groups_of(SITE, ACCOUNT) == ()
    assert len(jira.requests) == 1
    assert 2 <= jira.slept[0] <= 2.2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"{}",
        b"[1]",
        b'[{"groupId":"g"}]',
        b"[" + b" " * 5_000_000 + b"]",
    ],
    ids=lambda content: str(content[:20]),
)
async def test_an_answer_that_can_not_be_read_is_unreachable(content: bytes) -> None:
    jira = Jira(httpx.Response(200, content=content))
    with pytest.raises(Unreachable):
        await jira.client.groups_of(SITE, ACCOUNT)
    assert len(jira.requests) == 1


async def test_all_tries_together_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(transport, "TOTAL_TIMEOUT_S", 0.01)
    http = httpx.AsyncClient(transport=httpx.MockTransport(hang))
    with pytest.raises(Unreachable, match="too long"):
        await JiraClient(http, APP_KEY, Quota()).server_info(SITE)


async def test_headers_of_an_answer_reach_the_meter() -> None:
    headers = {"RateLimit": '"global-app-quota";r=10;t=60'}
    jira = Jira(httpx.Response(200, json=[], headers=headers))
    await jira.client.groups_of(SITE, ACCOUNT)
    assert jira.quota.is_low()


async def test_no_cookie_of_a_site_is_kept() -> None:
    http = new_http_client()
    request = httpx.Request("GET", "https://one.atlassian.net/")
    answer = httpx.Response(
        200, headers={"set-cookie": "a=b; Domain=.atlassian.net; Path=/"}, request=request
    )
    http.cookies.extract_cookies(answer)
    assert list(http.cookies.jar) == []
    assert not http.follow_redirects
    await http.aclose()


async def test_a_host_below_a_path_is_called_there() -> None:
    jira = Jira(ok([]))
    below: Site = site(base_url="https://one.atlassian.net/jira/")
    await jira.client.groups_of(below, ACCOUNT)
    assert jira.requests[0].url.path == "/jira/rest/api/3/user/groups"
