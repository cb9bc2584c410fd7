"""The Jira client asks as the app, in the documented shape, and tells its failures apart."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import jwt
import pytest

from connect import (
    AddonLicence,
    Busy,
    Forbidden,
    Gone,
    Group,
    JiraClient,
    JiraError,
    Page,
    Permissions,
    Project,
    Quota,
    ServerInfo,
    Site,
    Unreachable,
    User,
    new_http_client,
    query_string_hash,
    transport,
)
from tests.connect.kit import ACCOUNT, APP_KEY, CLIENT_KEY, NOW, SECRET, site

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


def listing(*values: Any, last: bool = True, **more: Any) -> dict[str, Any]:
    return {"values": list(values), "startAt": 0, "maxResults": 50, "isLast": last} | more


def granted(admin: bool, *grants: Any) -> dict[str, Any]:
    return {
        "globalPermissions": ["ADMINISTER"] if admin else [],
        "projectPermissions": list(grants),
    }


def of_project(*projects: Any) -> dict[str, Any]:
    return {"permission": "ADMINISTER_PROJECTS", "issues": [], "projects": list(projects)}


AVATARS = {"avatarUrls": {"48x48": "https://a.example/48.png"}}
USER = {"accountId": ACCOUNT, "displayName": "Gia", "active": True, "accountType": "atlassian"}
PROJECT = {"id": "10001", "key": "PAY", "name": "Payments"} | AVATARS
GIA = User(ACCOUNT, "Gia", True, None)
PAY = Project("10001", "PAY", "Payments", "https://a.example/48.png")
GROUP = {"groupId": "g-1", "name": "getint-jira-gitlab"}
ADDON = {"key": APP_KEY, "state": "ENABLED", "version": "1.0.1"}
TERMS = {"active": True, "evaluation": False, "type": "COMMERCIAL", "entitlementNumber": "E-1"}

CALLS: list[tuple[Ask, Any, str, Any, int]] = [
    (
        lambda c: c.permissions(SITE, ACCOUNT),
        granted(True),
        "/rest/api/3/permissions/check",
        Permissions(is_admin=True, administers_project=False),
        3,
    ),
    (
        lambda c: c.permissions(SITE, ACCOUNT, project_id="10001"),
        granted(False, of_project(10001)),
        "/rest/api/3/permissions/check",
        Permissions(is_admin=False, administers_project=True),
        5,
    ),
    (
        lambda c: c.groups_of(SITE, "557058:a-b_c"),
        [GROUP, {"name": "without an id"}],
        "/rest/api/3/user/groups?accountId=557058%3Aa-b_c",
        (Group("g-1", "getint-jira-gitlab"),),
        3,
    ),
    (
        lambda c: c.groups_named(SITE, ["getint-jira-gitlab", "a b"]),
        listing(GROUP),
        "/rest/api/3/group/bulk?groupName=getint-jira-gitlab&groupName=a%20b"
        "&startAt=0&maxResults=50",
        (Group("g-1", "getint-jira-gitlab"),),
        3,
    ),
    (
        lambda c: c.groups_by_id(SITE, ["g-1"]),
        listing(),
        "/rest/api/3/group/bulk?groupId=g-1&startAt=0&maxResults=50",
        (),
        1,
    ),
    (
        lambda c: c.users(SITE, [ACCOUNT]),
        listing(USER | AVATARS),
        f"/rest/api/3/user/bulk?accountId={ACCOUNT}&startAt=0&maxResults=50",
        (User(ACCOUNT, "Gia", True, "https://a.example/48.png"),),
        3,
    ),
    (
        lambda c: c.search_users(SITE, " Gia & co ", limit=5),
        [USER, USER | {"accountType": "app"}],
        "/rest/api/3/user/search?query=Gia%20%26%20co&maxResults=5",
        (GIA,),
        3,
    ),
    (
        lambda c: c.projects(SITE, query="PA", start_at=50, limit=20),
        listing(PROJECT, last=False, startAt=50, total=99),
        "/rest/api/3/project/search?startAt=50&maxResults=20&orderBy=key&query=PA",
        Page((PAY,), start_at=50, total=99, is_last=False),
        2,
    ),
    (
        lambda c: c.projects(SITE),
        listing(PROJECT, last=True),
        "/rest/api/3/project/search?startAt=0&maxResults=50&orderBy=key",
        Page((PAY,), start_at=0, total=None, is_last=True),
        2,
    ),
    (lambda c: c.project(SITE, "PAY"), PROJECT, "/rest/api/3/project/PAY", PAY, 2),
    (
        lambda c: c.licence(SITE),
        ADDON | {"license": TERMS},
        f"/rest/atlassian-connect/1/addons/{APP_KEY}",
        AddonLicence("ENABLED", "1.0.1", True, True, False, "COMMERCIAL", None, "E-1"),
        1,
    ),
    (
        lambda c: c.licence(SITE),
        ADDON,
        f"/rest/atlassian-connect/1/addons/{APP_KEY}",
        AddonLicence("ENABLED", "1.0.1", False, False, False, None, None, None),
        1,
    ),
    (
        lambda c: c.server_info(SITE),
        {"baseUrl": SITE.base_url, "serverTitle": "Jira", "version": "1001", "x": 1},
        "/rest/api/3/serverInfo",
        ServerInfo(SITE.base_url, None, "Jira", "1001", ""),
        1,
    ),
]
every_call = pytest.mark.parametrize(("ask", "answer", "target", "found", "points"), CALLS)


@every_call
async def test_each_call_is_asked_as_documented_signed_and_metered(
    ask: Ask, answer: Any, target: str, found: Any, points: int
) -> None:
    jira = Jira(ok(answer))
    assert await ask(jira.client) == found
    (request,) = jira.requests
    assert str(request.url) == SITE.base_url + target
    scheme, _, token = request.headers["authorization"].partition(" ")
    assert scheme == "JWT"
    claims = jwt.decode(
        token, SECRET, ["HS256"], options={"verify_exp": False, "verify_iat": False}
    )
    path, _, query = target.partition("?")
    assert claims["qsh"] == query_string_hash(request.method, path, query)
    assert (claims["iss"], claims["exp"] - claims["iat"]) == (APP_KEY, 180)
    if request.method == "GET":
        assert request.content == b""
        assert "content-type" not in request.headers
    assert (jira.quota.calls(CLIENT_KEY), jira.quota.points(CLIENT_KEY)) == (1, points)


async def test_a_permission_check_names_the_person_and_what_is_asked() -> None:
    jira = Jira(ok(granted(False)))
    await jira.client.permissions(SITE, ACCOUNT, project_id="10001")
    (request,) = jira.requests
    assert request.headers["x-atlassian-token"] == "nocheck"
    assert json.loads(request.content) == {
        "accountId": ACCOUNT,
        "globalPermissions": ["ADMINISTER"],
        "projectPermissions": [{"permissions": ["ADMINISTER_PROJECTS"], "projects": [10001]}],
    }


@pytest.mark.parametrize("account_id", ["", " ", "a b", "a/b", "a" * 129, "a\n", "é"])
async def test_nothing_is_asked_without_an_account_id(account_id: str) -> None:
    jira = Jira(ok(granted(True)))
    for ask in (
        jira.client.permissions(SITE, account_id),
        jira.client.groups_of(SITE, account_id),
        jira.client.users(SITE, [ACCOUNT, account_id]),
    ):
        with pytest.raises(ValueError, match="account id"):
            await ask
    assert jira.requests == []


@pytest.mark.parametrize("project_id", ["", "PAY", "-1", "1" * 19, "١"])
async def test_a_permission_check_takes_numeric_project_ids_only(project_id: str) -> None:
    jira = Jira(ok(granted(True)))
    with pytest.raises(ValueError, match="project id"):
        await jira.client.permissions(SITE, ACCOUNT, project_id=project_id)


@pytest.mark.parametrize("key", ["", "../x", "A/B", "A B", "A?x"])
async def test_a_project_key_can_not_lead_to_another_path(key: str) -> None:
    with pytest.raises(ValueError, match="project id"):
        await Jira(ok(PROJECT)).client.project(SITE, key)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (granted(False), (False, False)),
        (granted(True), (True, False)),
        (granted(False, of_project()), (False, False)),
        (granted(False, of_project("10001")), (False, True)),
        (granted(True, of_project(10001)), (True, True)),
    ],
)
async def test_exactly_what_was_granted_counts(answer: Any, expected: tuple[bool, bool]) -> None:
    found = await Jira(ok(answer)).client.permissions(SITE, ACCOUNT, project_id="10001")
    assert (found.is_admin, found.administers_project) == expected


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"globalPermissions": ["ADMINISTER"]},
        {"globalPermissions": "ADMINISTER", "projectPermissions": []},
        {"globalPermissions": ["ADMINISTER", "BULK_CHANGE"], "projectPermissions": []},
        {"globalPermissions": ["BULK_CHANGE"], "projectPermissions": []},
        granted(False, of_project(10002)),
        granted(False, of_project(10001, 10002)),
        granted(False, of_project(10001) | {"permission": "BROWSE_PROJECTS"}),
        granted(False, {"permission": "ADMINISTER_PROJECTS"}),
        granted(False, None),
    ],
    ids=str,
)
async def test_an_answer_to_another_question_is_no_answer(answer: Any) -> None:
    with pytest.raises(Unreachable):
        await Jira(ok(answer)).client.permissions(SITE, ACCOUNT, project_id="10001")


def browse(*projects: Any) -> dict[str, Any]:
    return {"permission": "BROWSE_PROJECTS", "issues": [], "projects": list(projects)}


async def test_which_projects_a_person_may_browse_takes_one_call() -> None:
    jira = Jira(ok(granted(False, browse(10002))))
    found = await jira.client.browsable(SITE, ACCOUNT, ["10002", "10001", "10002"])
    assert found == frozenset({"10002"})
    (request,) = jira.requests
    assert json.loads(request.content) == {
        "accountId": ACCOUNT,
        "projectPermissions": [{"permissions": ["BROWSE_PROJECTS"], "projects": [10001, 10002]}],
    }
    assert await jira.client.browsable(SITE, ACCOUNT, []) == frozenset()
    with pytest.raises(ValueError, match="account id"):
        await jira.client.browsable(SITE, "", ["10001"])
    assert len(jira.requests) == 1


@pytest.mark.parametrize(
    "grant",
    [browse(10003), browse("10001"), browse(10001) | {"permission": "ADMINISTER_PROJECTS"}, None],
    ids=str,
)
async def test_a_project_that_was_not_asked_for_is_no_answer(grant: Any) -> None:
    with pytest.raises(Unreachable):
        await Jira(ok(granted(False, grant))).client.browsable(SITE, ACCOUNT, ["10001"])


async def test_without_names_no_group_is_asked_for() -> None:
    jira = Jira(ok(listing(GROUP)))
    assert await jira.client.groups_named(SITE, []) == ()
    assert await jira.client.groups_by_id(SITE, []) == ()
    assert await jira.client.users(SITE, []) == ()
    assert await jira.client.search_users(SITE, "  ") == ()
    assert jira.requests == []


async def test_long_lists_are_asked_in_parts_and_pages() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        ids = request.url.params.get_list("groupId")
        start = int(request.url.params["startAt"])
        part = [{"groupId": id_, "name": id_} for id_ in ids[start : start + 30]]
        return ok(listing(*part, last=start + 30 >= len(ids)))

    jira = Jira(answer)
    wanted = [f"g-{number}" for number in range(70)]
    found = await jira.client.groups_by_id(SITE, wanted)
    assert [group.id for group in found] == wanted
    assert len(jira.requests) == 3


async def test_a_list_without_end_is_given_up() -> None:
    with pytest.raises(Unreachable):
        await Jira(lambda _: ok(listing(GROUP, last=False))).client.groups_by_id(SITE, ["g"])


@pytest.mark.parametrize(
    ("page", "is_last"),
    [
        ({"values": []}, True),
        ({"values": [PROJECT], "startAt": 0, "total": 1}, True),
        ({"values": [PROJECT], "startAt": 0, "total": 2}, False),
        ({"values": [PROJECT]}, True),
        ({"values": [PROJECT], "isLast": False}, False),
    ],
)
async def test_the_last_page_is_known(page: Any, is_last: bool) -> None:
    found = await Jira(ok(page)).client.projects(SITE)
    assert found.is_last is is_last


STATUSES: list[tuple[Answer, type[JiraError], int]] = [
    (again(400), JiraError, 1),
    (again(401), Forbidden, 1),
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


@pytest.mark.parametrize("licence", ["active", [], {"active": "yes"}, {}])
async def test_a_licence_is_never_guessed(licence: Any) -> None:
    with pytest.raises(Unreachable):
        await Jira(ok(ADDON | {"license": licence})).client.licence(SITE)


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
