"""The Jira client asks as the app and in the documented shape, and guesses nothing."""

import json
from typing import Any

import httpx
import jwt
import pytest

from connect import (
    AddonLicence,
    Group,
    Page,
    Permissions,
    Project,
    ServerInfo,
    Unreachable,
    User,
    query_string_hash,
)
from tests.connect.jira_site import SITE, Ask, Jira, granted, ok
from tests.connect.kit import ACCOUNT, APP_KEY, CLIENT_KEY, SECRET


def listing(*values: Any, last: bool = True, **more: Any) -> dict[str, Any]:
    return {"values": list(values), "startAt": 0, "maxResults": 50, "isLast": last} | more


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
        token,
        SECRET,
        ["HS256"],
        audience=CLIENT_KEY,
        options={"verify_exp": False, "verify_iat": False},
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


@pytest.mark.parametrize("licence", ["active", [], {"active": "yes"}, {}])
async def test_a_licence_is_never_guessed(licence: Any) -> None:
    with pytest.raises(Unreachable):
        await Jira(ok(ADDON | {"license": licence})).client.licence(SITE)
