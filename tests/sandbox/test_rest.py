"""What the REST API means: who may, who holds what, what it costs, how it fails."""

import base64
import time
from typing import Any

import httpx
import jwt
import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.seed import ALICE, AXEL, GIA, NORA, PIA
from sandbox.tokens import query_string_hash
from tests.sandbox.app_calls import app_authorization
from tests.sandbox.conftest import World
from tests.sandbox.live import LiveWorld
from tests.sandbox.stub_app import APP_KEY

SERVER_INFO = "/rest/api/3/serverInfo"
SECRET = "the right secret, long enough for HS256"


def token(**changes: Any) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": APP_KEY,
        "iat": now,
        "exp": now + 180,
        "qsh": query_string_hash("GET", SERVER_INFO, ""),
        **changes,
    }
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, SECRET, "HS256")


BAD_TOKENS = {
    "other issuer": token(iss="com.example.other"),
    "clientKey as issuer": token(iss="client-key"),
    "expired": token(exp=int(time.time()) - 1),
    "no exp": token(exp=None),
    "no iat": token(iat=None),
    "no qsh": token(qsh=None),
    "qsh of another path": token(qsh=query_string_hash("GET", "/rest/api/3/myself", "")),
    "qsh of another method": token(qsh=query_string_hash("POST", SERVER_INFO, "")),
    "context token": token(qsh="context-qsh"),
    "alg none": jwt.encode({"iss": APP_KEY}, "", "none"),
    "other secret": jwt.encode(jwt.decode(token(), options={"verify_signature": False}), "x" * 40),
    "nonsense": "nonsense",
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
@pytest.mark.parametrize("in_header", [True, False])
async def test_a_token_that_does_not_hold_is_401(world: World, bad: str, in_header: bool) -> None:
    world.sandbox.host.addon.shared_secret = SECRET
    how: dict[str, Any] = (
        {"headers": {"Authorization": f"JWT {bad}"}} if in_header else {"params": {"jwt": bad}}
    )
    response = await world.http.get(SERVER_INFO, **how)
    assert response.status_code == 401
    assert response.json()["errorMessages"]
    assert bad not in response.text


async def test_a_good_token_is_taken_from_header_and_from_query(world: World) -> None:
    world.sandbox.host.addon.shared_secret = SECRET
    in_header = await world.http.get(SERVER_INFO, headers={"Authorization": f"JWT {token()}"})
    in_query = await world.http.get(SERVER_INFO, params={"jwt": token()})
    assert (in_header.status_code, in_query.status_code) == (200, 200)


async def test_an_uninstalled_app_is_a_stranger(world: World) -> None:
    addon = world.sandbox.host.addon
    await world.sandbox.host.uninstall()
    signed = app_authorization("GET", SERVER_INFO, addon.key, addon.shared_secret)
    answer = await world.http.get(SERVER_INFO, headers={"Authorization": signed})
    assert answer.status_code == 401


async def grants(world: World, account_id: str | None, **question: Any) -> Any:
    body = {"accountId": account_id, **question}
    return (await world.as_app("POST", "/rest/api/3/permissions/check", json=body)).json()


@pytest.mark.parametrize(
    ("account_id", "is_admin", "projects"),
    [
        (ALICE, True, [10001, 10002, 10003]),
        (GIA, False, []),
        (AXEL, False, []),
        (PIA, False, [10001]),
        (NORA, False, []),
        ("unknown", False, []),
    ],
)
async def test_each_person_administers_what_the_story_says(
    world: World, account_id: str, is_admin: bool, projects: list[int]
) -> None:
    asked = [{"permissions": ["ADMINISTER_PROJECTS"], "projects": [10001, 10002, 10003, 7]}]
    answer = await grants(
        world, account_id, globalPermissions=["ADMINISTER"], projectPermissions=asked
    )
    assert answer["globalPermissions"] == (["ADMINISTER"] if is_admin else [])
    assert [p for g in answer["projectPermissions"] for p in g["projects"]] == projects


async def test_without_account_id_the_app_is_told_of_itself(world: World) -> None:
    asked = [{"permissions": ["ADMINISTER_PROJECTS"], "projects": [10001]}]
    answer = await grants(world, None, projectPermissions=asked)
    assert answer["projectPermissions"][0]["projects"] == [10001]


async def test_a_project_permission_without_project_means_in_any(world: World) -> None:
    url = "/rest/api/3/mypermissions?permissions=ADMINISTER_PROJECTS"
    for person, expected in ((PIA, True), (GIA, False)):
        answer = (await world.as_person(person, "GET", url)).json()
        assert answer["permissions"]["ADMINISTER_PROJECTS"]["havePermission"] is expected


async def test_groups_are_found_without_regard_to_case_and_keep_their_id(world: World) -> None:
    world.sandbox.site.rename_group("getint-jira-gitlab", "gitlab-people")
    found = await world.as_app("GET", "/rest/api/3/group/bulk?groupName=GitLab-People")
    [group] = found.json()["values"]
    by_id = await world.as_app("GET", f"/rest/api/3/group/bulk?groupId={group['groupId']}")
    assert by_id.json()["values"] == [group]


async def test_pages_lead_to_the_end(world: World) -> None:
    seen, url = [], "/rest/api/3/project/search?maxResults=2"
    while url:
        page = (await world.as_app("GET", url)).json()
        seen += [project["key"] for project in page["values"]]
        assert page["isLast"] is ("nextPage" not in page)
        url = page.get("nextPage", "").removeprefix("http://localhost:2990")
    assert seen == ["OPS", "PAY", "WEB"]


async def test_emails_are_hidden_from_an_app_without_the_scope(world: World) -> None:
    url = f"/rest/api/3/user?accountId={GIA}"
    assert "emailAddress" not in (await world.as_app("GET", url)).json()
    world.sandbox.host.addon.descriptor["scopes"] = ["READ", "access_email_addresses"]
    assert (await world.as_app("GET", url)).json()["emailAddress"] == "gia@example.com"


@pytest.mark.parametrize(
    ("licence", "expected"),
    [("none", None), ("trial", (True, True)), ("paid", (True, False)), ("lapsed", (False, False))],
)
async def test_the_licence_is_told_to_the_app_alone(
    world: World, licence: str, expected: tuple[bool, bool] | None
) -> None:
    world.sandbox.host.set_licence(licence)
    url = f"/rest/atlassian-connect/1/addons/{APP_KEY}"
    body = (await world.as_app("GET", url)).json()
    told = body.get("license")
    assert (told and (told["active"], told["evaluation"])) == expected
    assert (await world.as_person(ALICE, "GET", url)).status_code == 403
    assert (await world.as_app("GET", url + "x")).status_code == 404


async def test_points_are_one_and_two_for_each_identity(world: World) -> None:
    await world.as_app("GET", f"/rest/api/3/user/groups?accountId={GIA}")
    await world.as_app("GET", "/rest/api/3/project/search")
    await world.as_app("GET", SERVER_INFO)
    assert [entry.points for entry in world.sandbox.log.matching("from app")] == [5, 4, 1]
    assert world.sandbox.quota.used == 10


async def test_quota_headers_count_down_and_then_refuse(world: World) -> None:
    first = await world.as_app("GET", SERVER_INFO)
    assert first.headers["RateLimit-Policy"] == '"global-app-quota";q=65000;w=3600'
    assert ";r=" not in first.headers["RateLimit"]
    world.sandbox.quota.used = 60_000
    near = await world.as_app("GET", SERVER_INFO)
    assert near.headers["RateLimit"].startswith('"global-app-quota";r=4999;t=')
    assert near.headers["X-RateLimit-NearLimit"] == "true"
    world.sandbox.quota.used = 65_000
    refused = await world.as_app("GET", SERVER_INFO)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Reason"] == "jira-quota-global-based"
    assert int(refused.headers["Retry-After"]) > 0
    person = await world.as_person(ALICE, "GET", SERVER_INFO)
    assert person.status_code == 200
    assert "X-RateLimit-Limit" not in person.headers


@pytest.mark.parametrize(
    ("kind", "status", "reason", "retry"),
    [
        ("quota-global", 429, "jira-quota-global-based", True),
        ("quota-tenant", 429, "jira-quota-tenant-based", True),
        ("burst", 429, "jira-burst-based", True),
        ("gateway", 429, None, False),
        ("401", 401, None, False),
        ("403", 403, None, False),
        ("500", 500, None, False),
        ("503", 503, None, False),
    ],
)
async def test_a_fault_strikes_its_path_as_often_as_told(
    world: World, kind: str, status: int, reason: str | None, retry: bool
) -> None:
    world.sandbox.faults.add(Fault(FaultKind(kind), path="*/serverInfo", remaining=2))
    spared = await world.as_app("GET", "/rest/api/3/myself")
    struck = [await world.as_app("GET", SERVER_INFO) for _ in range(3)]
    assert [spared.status_code, *(r.status_code for r in struck)] == [200, status, status, 200]
    assert struck[0].headers.get("RateLimit-Reason") == reason
    assert ("Retry-After" in struck[0].headers) is retry


async def test_latency_waits_and_then_answers(world: World) -> None:
    world.sandbox.faults.add(Fault(FaultKind.LATENCY, latency_ms=80, remaining=1))
    await world.as_app("GET", SERVER_INFO)
    assert world.sandbox.log.matching("from app")[0].ms >= 80


async def test_a_dropped_connection_is_an_error_of_the_wire_in_process(world: World) -> None:
    world.sandbox.faults.add(Fault(FaultKind.DROP, remaining=1))
    with pytest.raises(httpx.RemoteProtocolError):
        await world.as_app("GET", SERVER_INFO)
    assert (await world.as_app("GET", SERVER_INFO)).status_code == 200


def test_a_dropped_connection_is_an_error_of_the_wire_over_a_socket(live: LiveWorld) -> None:
    live.control("POST", "/faults", {"kind": "drop", "count": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(live.url + SERVER_INFO)
    assert httpx.get(live.url + SERVER_INFO).status_code == 200


def test_jira_of_pypi_works_against_the_site(live: LiveWorld) -> None:
    from jira import JIRA

    client = JIRA(live.url, basic_auth=("gia@example.com", "any"), options={"rest_api_version": 3})
    assert client.myself()["accountId"] == GIA
    assert [project.key for project in client.projects()] == ["PAY", "OPS", "WEB"]
    assert client.project("PAY").name == "Payments"
    assert client.user(PIA).displayName == "Pia Project"
    assert client.server_info()["deploymentType"] == "Cloud"
    assert "getint-jira-gitlab" in client.groups("getint")
    assert not client.my_permissions(permissions="ADMINISTER")["permissions"]["ADMINISTER"][
        "havePermission"
    ]
    client.close()


def test_atlassian_python_api_works_against_the_site(live: LiveWorld) -> None:
    from atlassian import Jira

    with Jira(live.url, username="alice@example.com", password="any", cloud=True) as client:
        assert client.myself()["accountId"] == ALICE
        assert {project["key"] for project in client.projects()} == {"PAY", "OPS", "WEB"}
        assert client.user(account_id=NORA)["displayName"] == "Nora Nobody"
        members = client.get_all_users_from_group("getint-jira-azure")["values"]
        assert [member["accountId"] for member in members] == [AXEL]
        assert client.get_permissions("ADMINISTER")["permissions"]["ADMINISTER"]["havePermission"]
        client.create_group("made-by-a-client")
    assert live.sandbox.site.group("made-by-a-client").members == []


async def test_people_come_in_by_basic_auth_and_by_cookie(world: World) -> None:
    url = "/rest/api/3/myself"
    name = base64.b64encode(b"pia@example.com:any").decode()
    by_auth = await world.http.get(url, headers={"Authorization": f"Basic {name}"})
    by_cookie = await world.http.get(url, headers={"Cookie": f"sandbox_person={PIA}"})
    assert by_auth.json()["accountId"] == by_cookie.json()["accountId"] == PIA
    for bad in ("Basic bm9ib2R5Ong=", "Basic \x7f", "Bearer x"):
        assert (await world.http.get(url, headers={"Authorization": bad})).status_code == 401
    assert (await world.http.get(url)).status_code == 401
