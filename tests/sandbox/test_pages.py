"""The site's own pages, its remote control and its files, without a browser."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.main import create_app, keep_installing
from sandbox.pages.visit import local_path
from sandbox.running import Sandbox
from sandbox.seed import ALICE, AXEL, GIA, NORA, PIA
from sandbox.site import SiteState
from sandbox.tokens import query_string_hash
from tests.sandbox.conftest import DESCRIPTOR_URL, SITE_URL, World
from tests.sandbox.stub_app import APP_KEY, StubApp

ADMIN_PAGES = ["/plugins/servlet/upm", "/plugins/servlet/upm/requests", "/admin/groups"]
HTML = {"Accept": "text/html"}


async def look(world: World, who: str, path: str, method: str = "GET", **more: Any) -> Any:
    headers = {**HTML, "Cookie": f"sandbox_person={who}"}
    return await world.http.request(method, path, headers=headers, **more)


@pytest.mark.parametrize("path", [*ADMIN_PAGES, f"/plugins/servlet/ac/{APP_KEY}/administration"])
async def test_jira_administration_is_for_admins(world: World, path: str) -> None:
    assert (await look(world, ALICE, path)).status_code == 200
    for who in (GIA, AXEL, PIA, NORA):
        assert (await look(world, who, path)).status_code == 403


async def test_project_settings_are_for_those_who_administer_the_project(world: World) -> None:
    panel = f"/plugins/servlet/ac/{APP_KEY}/project-tab?project.key="
    for who, key, status in ((PIA, "PAY", 200), (PIA, "OPS", 403), (ALICE, "OPS", 200)):
        assert (await look(world, who, f"/projects/{key}/settings")).status_code == status
        assert (await look(world, who, panel + key)).status_code == status
    assert (await look(world, PIA, "/projects/NONE/settings")).status_code == 404


async def test_nobody_yet_is_sent_to_choose_and_comes_back(world: World) -> None:
    sent = await world.http.get("/projects")
    assert sent.status_code == 303
    chosen = await world.http.get(f"/be/{GIA}?next=/projects")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/projects")
    assert f"sandbox_person={GIA}" in chosen.headers["set-cookie"]


async def test_pages_move_with_a_renamed_site(world: World) -> None:
    await world.sandbox.host.rename()
    sent = await look(world, PIA, "/projects?x=1")
    expected = f"http://127.0.0.1:2990/be/{PIA}?next=%2Fprojects%3Fx%3D1"
    assert sent.headers["location"] == expected


@given(st.text() | st.sampled_from(["//evil.test", "https://evil.test", "/\\evil.test", "///x"]))
def test_going_on_never_leaves_the_site(path: str) -> None:
    try:
        gone = httpx.URL(SITE_URL).join(local_path(path))
    except httpx.InvalidURL:
        return
    assert gone.host == "localhost"


async def test_an_admin_changes_groups_and_only_an_admin(world: World) -> None:
    gitlab = world.sandbox.site.group("getint-jira-gitlab")
    form = {"account_id": NORA, "member": "true"}
    path = f"/admin/groups/{gitlab.group_id}/members"
    assert (await look(world, NORA, path, "POST", data=form)).status_code == 403
    assert NORA not in gitlab.members
    assert (await look(world, ALICE, path, "POST", data=form)).status_code == 303
    assert NORA in gitlab.members
    await look(world, ALICE, "/admin/groups", "POST", data={"name": "getint-jira-notion"})
    assert world.sandbox.site.group("GETINT-jira-notion").members == []


async def test_a_failed_install_is_told_in_jiras_words(world: World) -> None:
    world.stub.refuse.add("installed")
    answer = await look(
        world, ALICE, "/plugins/servlet/upm/install", "POST", data={"url": DESCRIPTOR_URL}
    )
    assert "HTTP%20response%20code%20400" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ({"authentication": {"type": "none"}}, "authentication.type"),
        ({"apiMigrations": {}}, "signed-install"),
        ({"lifecycle": {}}, "lifecycle.installed"),
        ({"baseUrl": "http://elsewhere.test"}, "baseUrl"),
        ({"key": ""}, "key is missing"),
        ({"modules": {"adminPages": [{"key": "x", "url": "/x"}]}}, "lacks"),
    ],
)
async def test_a_broken_descriptor_is_not_installed(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any], word: str
) -> None:
    from tests.sandbox import stub_app

    whole = stub_app.descriptor()
    monkeypatch.setattr(stub_app, "descriptor", lambda *_: {**whole, **broken})
    answer = await world.http.post("/sandbox/api/install", json={"url": DESCRIPTOR_URL})
    assert answer.status_code == 502
    assert word in answer.json()["error"]


CONTROLS: list[tuple[str, str, Any, int]] = [
    ("GET", "/state", None, 200),
    ("POST", "/install", {"url": DESCRIPTOR_URL}, 200),
    ("POST", "/reinstall", None, 200),
    ("POST", "/upgrade", None, 200),
    ("POST", "/rotate", None, 200),
    ("POST", "/rename", {}, 200),
    ("POST", "/import", None, 200),
    ("POST", "/uninstall", None, 200),
    ("POST", "/disable", None, 200),
    ("POST", "/enable", None, 200),
    ("POST", "/licence", {"licence": "lapsed"}, 200),
    ("POST", "/licence", {"licence": "golden"}, 400),
    ("POST", "/groups", {"name": "g"}, 201),
    ("POST", "/groups", {"name": "site-users"}, 400),
    ("POST", "/groups/getint-jira-azure/rename", {"name": "azure"}, 200),
    ("DELETE", "/groups/getint-jira-azure", None, 204),
    ("POST", "/members", {"group": "getint-jira-azure", "accountId": NORA}, 204),
    ("POST", "/members", {"group": "none", "accountId": NORA}, 404),
    ("POST", "/project-admins", {"project": "OPS", "accountId": NORA}, 204),
    ("POST", "/faults", {"kind": "503", "count": 1}, 201),
    ("GET", "/faults", None, 200),
    ("DELETE", "/faults", None, 204),
    ("POST", "/quota", {"used": 5}, 200),
    ("GET", "/requests", None, 200),
    ("DELETE", "/requests", None, 204),
    ("POST", "/frame", {"accountId": GIA, "moduleKey": "main"}, 200),
    ("POST", "/frame", {"accountId": GIA, "moduleKey": "none"}, 404),
    ("POST", "/token", {"accountId": GIA, "projectKey": "PAY"}, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), CONTROLS)
async def test_the_remote_control_does_what_it_says(
    world: World, method: str, path: str, body: Any, status: int
) -> None:
    answer = await world.http.request(method, f"/sandbox/api{path}", json=body)
    assert answer.status_code == status, answer.text
    assert world.sandbox.host.site.install_key_pem not in answer.text


async def test_the_state_shows_no_secret(world: World) -> None:
    shown = (await world.http.get("/sandbox/api/state")).text
    assert world.sandbox.host.addon.shared_secret not in shown
    assert "PRIVATE" not in shown


async def test_it_installs_as_soon_as_the_app_answers(
    a_site: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.main.INSTALL_PAUSE", 0)
    stub = StubApp()
    tries = 0

    async def answers_the_third_time(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise httpx.ConnectError("refused", request=request)
        return await httpx.ASGITransport(stub.asgi).handle_async_request(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answers_the_third_time)) as http:
        sandbox = Sandbox.of(SiteState.from_json(a_site), http)
        await keep_installing(sandbox, DESCRIPTOR_URL)
        assert stub.events() == ["installed", "enabled"]
        before = sandbox.host.addon.shared_secret
        await keep_installing(sandbox, DESCRIPTOR_URL)
        assert sandbox.host.addon.shared_secret == before
        assert stub.events() == ["installed", "enabled"] * 2


async def test_its_programs_begin_and_end(a_site: dict[str, Any]) -> None:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(StubApp().asgi))
    app = create_app(
        SiteState.from_json(a_site), app_http=http, base_url="http://127.0.0.1:9/", close_http=True
    )
    async with app.router.lifespan_context(app):
        assert app.state.sandbox.site.base_url == "http://127.0.0.1:9"
    assert http.is_closed


@pytest.mark.parametrize("host", ["localhost:2990", "127.0.0.1:2990"])
async def test_the_bridge_takes_its_themes_from_where_it_comes_from(
    world: World, host: str
) -> None:
    script = (await world.http.get(f"http://{host}/atlassian-connect/all.js")).text
    assert 'CDN_URL = "http://"' in script
    assert f'CDN_DOMAIN = "{host}/atlassian-connect"' in script


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/atlassian-connect/all.js", 200),
        ("/atlassian-connect/themes/atlaskit-tokens_dark.css", 200),
        ("/atlassian-connect/themes/..%2F..%2Fpackage.json", 404),
        ("/atlassian-connect/iframe.js", 404),
        ("/sandbox/npm/connect-host.js", 200),
        ("/sandbox/npm/..%2F..%2Fpyproject.toml", 404),
        ("/sandbox/static/site.css", 200),
        ("/sandbox/static/..%2Fmain.py", 404),
        (f"/avatar/{GIA}.svg", 200),
    ],
)
async def test_only_files_for_browsers_are_served(world: World, path: str, status: int) -> None:
    assert (await world.http.get(path)).status_code == status


QUERIES = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=8)), max_size=6)


@given(query=QUERIES, path=st.sampled_from(["", "/", "/a", "/a/", "/a/b%20c", "/a&b"]))
def test_our_query_hash_is_that_of_atlassian_jwt(query: list[tuple[str, str]], path: str) -> None:
    from urllib.parse import urlencode

    from atlassian_jwt.url_utils import hash_url

    encoded = urlencode([(k, v) for k, v in query if k])
    url = f"{path}?{encoded}" if encoded else path
    assert query_string_hash("GET", path, encoded) == hash_url("GET", url)
