"""The pages in a real Chromium, framed by the sandbox with Atlassian's own bridge."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from playwright.sync_api import Frame, Page, Route, expect

from sandbox.main import create_app
from sandbox.seed import ALICE
from sandbox.site import SiteState
from tests.servers import free_port, serving
from tests.web.framed_app import FramedApp

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
expect.set_options(timeout=15_000)  # machines that build are busy
MAIN = "/plugins/servlet/ac/com.example.framed/main"


@pytest.fixture(scope="module")
def framed(opened_site: SiteState) -> Iterator[FramedApp]:
    app_port, site_port = free_port(), free_port()
    site_url = f"http://localhost:{site_port}"
    app = FramedApp(f"http://localhost:{app_port}", site_url)
    site = SiteState.from_json({**opened_site.to_json(), "base_url": site_url})
    jira = create_app(site, app_http=httpx.AsyncClient(), close_http=True)
    with serving(app.asgi, app_port), serving(jira, site_port):
        descriptor = {"url": f"{app.url}/atlassian-connect.json"}
        httpx.post(f"{site_url}/sandbox/api/install", json=descriptor, timeout=20)
        yield app


@pytest.fixture
def faults(page: Page) -> Iterator[list[str]]:
    """Errors of our scripts and breaches of our policy fail the test."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda said: found.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield found
    ours = [fault for fault in found if "atl-paas.net" not in fault]
    assert ours == []


@pytest.fixture
def frame(page: Page, framed: FramedApp, faults: list[str]) -> Frame:
    framed.proofs.clear()
    framed.unsure_answers = 0
    page.goto(f"{framed.site_url}/be/{ALICE}?next={MAIN}")
    handle = page.wait_for_selector("#app-frame iframe")
    found = handle.content_frame() if handle else None
    assert found is not None
    expect(found.get_by_role("heading", level=1)).to_have_text("List")
    return found


def violations(frame: Frame) -> list[str]:
    frame.evaluate(AXE.read_text())
    return [
        f"{found['id']}: {[node['target'] for node in found['nodes']]}"
        for found in frame.evaluate("axe.run(document, {preload: false})")["violations"]
    ]


def menu_entry(frame: Frame, name: str) -> None:
    frame.get_by_role("navigation", name="Getint").get_by_role("link", name=name).click()


def test_each_request_carries_a_fresh_context_token(frame: Frame, framed: FramedApp) -> None:
    menu_entry(frame, "Other")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Other")
    menu_entry(frame, "List")
    expect(frame.get_by_role("heading", level=1)).to_have_text("List")
    assert len(framed.proofs) == 2
    for proof in framed.proofs:
        scheme, token = proof.split(" ")
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (scheme, claims["qsh"], claims["sub"]) == ("JWT", "context-qsh", ALICE)


def test_a_navigation_marks_the_menu_names_the_page_and_moves_the_focus(frame: Frame) -> None:
    menu_entry(frame, "Other")
    heading = frame.get_by_role("heading", level=1)
    expect(heading).to_have_text("Other")
    expect(heading).to_be_focused()
    expect(frame.locator(".side-item[aria-current=page]")).to_have_text("Other")
    assert frame.title() == "Other · Getint"


def test_back_in_the_host_goes_back_in_the_frame(frame: Frame, page: Page) -> None:
    for name in ("Other", "List", "Other"):
        menu_entry(frame, name)
        expect(frame.get_by_role("heading", level=1)).to_have_text(name)
    for name in ("List", "Other"):
        page.go_back()
        expect(frame.get_by_role("heading", level=1)).to_have_text(name)


def test_reloading_jira_opens_the_page_that_was_left(frame: Frame, page: Page) -> None:
    menu_entry(frame, "Other")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Other")
    page.reload()
    inner = page.frame_locator("#app-frame iframe")
    expect(inner.get_by_role("heading", level=1)).to_have_text("Other")


def test_the_frame_fills_the_page(frame: Frame) -> None:
    frame.page.wait_for_function("document.querySelector('#app-frame iframe.sized-to-parent')")


def test_a_dialog_opens_from_a_menu_by_keyboard_and_gives_the_focus_back(
    frame: Frame, page: Page
) -> None:
    opener = frame.get_by_role("button", name="Actions for Payroll")
    opener.press("Enter")
    expect(frame.get_by_role("menuitem", name="Edit")).to_be_focused()
    page.keyboard.press("ArrowDown")
    share = frame.get_by_role("menuitem", name="Share")
    expect(share).to_be_focused()
    expect(share).to_have_accessible_description("Only its owner can share it.")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(frame.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(frame.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_form_in_the_dialog_comes_back_with_its_errors_then_saves(
    frame: Frame, page: Page
) -> None:
    frame.get_by_role("button", name="New").click()
    name = frame.get_by_label("Name")
    name.fill("")
    name.press("Enter")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    name.fill("taken")
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("alert")).to_contain_text("Somebody else saved it first.")
    expect(name).to_have_value("taken")
    assert violations(frame) == []
    name.fill("Bonus")
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def test_cannot_tell_offers_to_ask_again(frame: Frame) -> None:
    frame.get_by_role("button", name="Ask Jira").click()
    notice = frame.get_by_role("alert")
    expect(notice).to_contain_text("Jira did not answer.")
    expect(frame.get_by_text("Payroll")).to_be_visible()
    notice.get_by_role("button", name="Try again").click()
    expect(frame.locator("#rows")).to_have_text("Answered")
    expect(notice).to_have_count(0)


def test_a_page_that_lost_its_proof_says_to_reload(frame: Frame) -> None:
    frame.get_by_role("button", name="Ask late").click()
    notice = frame.get_by_role("alert")
    expect(notice.get_by_role("heading")).to_have_text("Reload the page")
    expect(notice.get_by_role("button", name="Reload the page")).to_be_visible()


def test_no_network_is_told_and_not_passed_over(frame: Frame, page: Page) -> None:
    page.route("**/other", lambda route: route.abort())
    menu_entry(frame, "Other")
    expect(frame.get_by_role("alert")).to_contain_text("We can't reach Getint")
    page.unroute("**/other")
    frame.get_by_role("button", name="Try again").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Other")


def test_of_two_pages_asked_for_the_later_one_is_shown(frame: Frame, page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/other", hold)
    menu_entry(frame, "Other")
    expect(frame.locator("#main[aria-busy=true]")).to_be_visible()
    menu_entry(frame, "List")
    heading = frame.get_by_role("heading", level=1)
    expect(heading).to_be_focused()
    for route in held:
        route.continue_()
    with page.expect_response("**/rows*"):
        frame.get_by_role("searchbox").fill("anything")
    expect(heading).to_have_text("List")
    expect(frame.get_by_role("alert")).to_have_count(0)


def test_a_file_never_becomes_part_of_the_page(frame: Frame, page: Page) -> None:
    menu_entry(frame, "Other")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Other")
    page.evaluate("location.hash = location.hash.replace('/other', '/export')")
    inner = page.frame_locator("#app-frame iframe")
    expect(inner.get_by_role("alert")).to_contain_text("a file where a page belongs")
    expect(inner.get_by_role("heading", name="Payroll")).to_have_count(0)


def test_a_refused_page_says_why_in_its_place(frame: Frame) -> None:
    menu_entry(frame, "Barred")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Getint is not set up yet")
    expect(frame.locator("#main")).to_contain_text("has not been set up")
    assert violations(frame) == []


def test_the_reason_of_a_disabled_button_is_read_and_shown_by_keyboard(
    frame: Frame, page: Page
) -> None:
    button = frame.get_by_role("button", name="Run now")
    expect(button).to_have_accessible_description("Only its owner can run it.")
    frame.get_by_role("searchbox").focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(button).to_be_focused()
    expect(frame.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(frame.get_by_role("tooltip")).to_have_count(0)


def test_filtering_keeps_the_focus_where_one_types(frame: Frame) -> None:
    box = frame.get_by_role("searchbox")
    box.press_sequentially("pay")
    expect(frame.locator("#rows")).to_contain_text("Found pay")
    expect(box).to_be_focused()


def test_a_download_is_proven_too(frame: Frame, page: Page, framed: FramedApp) -> None:
    with page.expect_download() as arriving:
        frame.get_by_role("button", name="Export").click()
    assert arriving.value.suggested_filename == "list.csv"
    assert Path(arriving.value.path()).read_text() == "name\n<h1>Payroll</h1>\n"
    assert framed.proofs[-1].startswith("JWT ")


def test_copying_says_so(frame: Frame) -> None:
    frame.get_by_role("button", name="Copy getint-jira-azure").click()
    expect(frame.locator("#live")).to_have_text("Copied")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
def test_pages_pass_axe_and_fit(
    page: Page, framed: FramedApp, faults: list[str], scheme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    paths: list[tuple[str, Callable[[Frame], object]]] = [
        ("/list", lambda own: own.get_by_role("button", name="Actions for Payroll").click()),
        ("/list", lambda own: own.get_by_role("button", name="New").click()),
        ("/other", lambda own: own.title()),
    ]
    for path, act in paths:
        page.goto(framed.url + path)
        act(page.main_frame)
        assert violations(page.main_frame) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_the_bridge_the_browsers_history_works(
    page: Page, framed: FramedApp, faults: list[str]
) -> None:
    page.goto(f"{framed.url}/list")
    menu_entry(page.main_frame, "Other")
    expect(page.get_by_role("heading", level=1)).to_have_text("Other")
    assert page.url == f"{framed.url}/other"
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("List")
    assert framed.proofs[-1] == ""


def test_without_the_bridge_flags_are_ours_and_announced(
    page: Page, framed: FramedApp, faults: list[str]
) -> None:
    page.goto(f"{framed.url}/list")
    page.get_by_role("button", name="New").click()
    page.get_by_label("Name").fill("Bonus")
    page.get_by_role("button", name="Save").click()
    flag = page.locator("#flags .flag")
    expect(flag).to_contain_text("Saved")
    assert violations(page.main_frame) == []
    flag.get_by_role("button", name="Dismiss").click()
    expect(flag).to_have_count(0)
