"""Atlassian's bridge, in a real browser: what the site's host page answers to an app's frame."""

from collections.abc import Iterator

import jwt
import pytest
from playwright.sync_api import Frame, Page, expect

from sandbox.assets import NODE_MODULES
from sandbox.seed import ALICE, NORA, PIA
from tests.sandbox.live import LiveWorld
from tests.sandbox.stub_app import APP_KEY

pytestmark = [
    pytest.mark.browser,
    # pytest-base-url, which pytest-playwright brings, still defines its fixture in a class.
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]
MAIN = f"/plugins/servlet/ac/{APP_KEY}/main"


@pytest.fixture
def trouble(page: Page) -> Iterator[list[str]]:
    """Errors that the host page's own scripts throw fail the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield errors
    assert errors == []


def open_frame(page: Page, live: LiveWorld, path: str, person: str) -> Frame:
    page.goto(f"{live.url}/be/{person}?next={path}")
    handle = page.wait_for_selector("#app-frame iframe")
    assert handle is not None
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_function("() => window.AP && AP.context && document.querySelector('h1')")
    return frame


def violations(frame: Frame) -> list[str]:
    found: list[str] = frame.evaluate("window.violations")
    return found


def test_the_frame_gets_a_context_token_as_promise_and_as_callback(
    page: Page, live: LiveWorld, trouble: list[str]
) -> None:
    frame = open_frame(page, live, MAIN, ALICE)
    secret = live.sandbox.host.addon.shared_secret
    for ask in ("AP.context.getToken()", "new Promise((done) => AP.context.getToken(done))"):
        claims = jwt.decode(frame.evaluate(ask), secret, algorithms=["HS256"])
        assert (claims["sub"], claims["qsh"]) == (ALICE, "context-qsh")
    assert frame.evaluate("AP.context.getContext()") == {}


def test_in_project_settings_token_and_context_name_the_project(
    page: Page, live: LiveWorld, trouble: list[str]
) -> None:
    page.goto(f"{live.url}/be/{PIA}?next=/projects/PAY/settings")
    page.get_by_role("link", name="Project-Tab").click()
    frame = open_frame(page, live, page.url.removeprefix(live.url).replace("&", "%26"), PIA)
    project = {"jira": {"project": {"id": "10001", "key": "PAY"}}}
    assert frame.evaluate("AP.context.getContext()") == project
    token = frame.evaluate("AP.context.getToken()")
    assert jwt.decode(token, options={"verify_signature": False})["context"] == project


def test_the_frame_knows_its_user(page: Page, live: LiveWorld, trouble: list[str]) -> None:
    frame = open_frame(page, live, MAIN, NORA)
    who = "new Promise((done) => AP.user.getCurrentUser(done))"
    assert frame.evaluate(who) == {"atlassianAccountId": NORA}
    assert frame.evaluate("new Promise((done) => AP.user.getTimeZone(done))") == "Europe/London"


def test_the_frame_sets_its_height(page: Page, live: LiveWorld, trouble: list[str]) -> None:
    frame = open_frame(page, live, MAIN, ALICE)
    frame.evaluate("AP.resize('100%', '1234px')")
    iframe = page.locator("#app-frame iframe")
    expect(iframe).to_have_css("height", "1234px")
    box, room = iframe.bounding_box(), page.locator("#app-frame").bounding_box()
    assert box is not None
    assert room is not None
    assert box["width"] == room["width"]


def test_the_frame_follows_light_and_dark_from_local_files_under_a_strict_policy(
    page: Page, live: LiveWorld, trouble: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    frame = open_frame(page, live, MAIN, ALICE)
    frame.evaluate("AP.theming.initializeTheming()")
    frame.wait_for_function("() => document.documentElement.dataset.colorMode === 'light'")
    page.get_by_role("button", name="Switch between light and dark").click()
    frame.wait_for_function("() => document.documentElement.dataset.colorMode === 'dark'")
    frame.wait_for_function(
        "() => getComputedStyle(document.documentElement).getPropertyValue('--ds-surface') !== ''"
    )
    assert violations(frame) == []
    foreign = [url for url in asked if "//localhost:" not in url and url.startswith("http")]
    assert foreign == []
    assert any("/atlassian-connect/themes/atlaskit-tokens_dark.css" in url for url in asked)


def test_a_flag_is_shown_in_the_host_page(page: Page, live: LiveWorld, trouble: list[str]) -> None:
    frame = open_frame(page, live, MAIN, ALICE)
    frame.evaluate("void AP.flag.create({title: 'Saved', body: 'All is well', type: 'success'})")
    expect(page.locator(".ac-aui-flag")).to_contain_text("All is well")


def test_a_dialog_frames_another_page_and_brings_its_answer_back(
    page: Page, live: LiveWorld, trouble: list[str]
) -> None:
    frame = open_frame(page, live, MAIN, ALICE)
    frame.evaluate(
        """() => {
          AP.dialog.create({key: 'configure', header: 'Choose', width: '500px', height: '300px',
                            chrome: true, customData: {asked: 'colour'}})
            .on('close', (answer) => { window.answer = answer; });
        }"""
    )
    handle = page.wait_for_selector(".ap-aui-dialog2 iframe")
    assert handle is not None
    inner = handle.content_frame()
    assert inner is not None
    inner.wait_for_function("() => window.AP && AP.dialog && document.querySelector('h1')")
    assert "/page/configure?" in inner.url
    custom = "new Promise((done) => AP.dialog.getCustomData(done))"
    assert inner.evaluate(custom) == {"asked": "colour"}
    inner.evaluate("AP.dialog.close({chosen: 'blue'})")
    frame.wait_for_function("() => window.answer && window.answer.chosen === 'blue'")
    expect(page.locator(".ap-aui-dialog2")).to_have_count(0)


def test_history_keeps_the_frames_state_in_the_address(
    page: Page, live: LiveWorld, trouble: list[str]
) -> None:
    frame = open_frame(page, live, MAIN, ALICE)
    frame.evaluate("AP.history.pushState('list?page=2')")
    page.wait_for_url("**#!list?page=2")
    assert frame.evaluate("AP.history.getState()") == "list?page=2"
    frame.evaluate("AP.history.back()")
    page.wait_for_function("() => location.hash === ''")


def test_each_person_finds_what_conditions_show_them(
    page: Page, live: LiveWorld, trouble: list[str]
) -> None:
    page.goto(f"{live.url}/be/{NORA}")
    page.get_by_text("Apps", exact=True).first.click()
    expect(page.get_by_role("link", name="Main").first).to_be_visible()
    for closed in (f"/plugins/servlet/ac/{APP_KEY}/administration", "/projects/PAY/settings"):
        answer = page.goto(f"{live.url}{closed}")
        assert answer is not None
        assert answer.status == 403
    page.goto(f"{live.url}/be/{ALICE}?next=/plugins/servlet/upm")
    page.get_by_role("link", name="Administration", exact=True).click()
    expect(page.locator("#app-frame iframe")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sites_own_pages_pass_axe(
    page: Page, live: LiveWorld, trouble: list[str], theme: str
) -> None:
    page.context.add_cookies([{"name": "sandbox_theme", "value": theme, "url": live.url}])
    paths = ["/", "/plugins/servlet/upm", "/plugins/servlet/upm/requests", "/admin/groups"]
    paths += ["/sandbox/faults", "/projects", "/projects/PAY/settings/people"]
    page.goto(f"{live.url}/be/{ALICE}")
    for path in paths:
        page.goto(live.url + path)
        page.evaluate((NODE_MODULES / "axe-core/axe.min.js").read_text())
        found = page.evaluate("axe.run()")["violations"]
        assert [(path, each["id"]) for each in found] == []
