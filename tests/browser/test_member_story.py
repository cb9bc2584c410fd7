"""A member keeps Jira and GitLab in step with a browser alone; another member looks on."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from sandbox.gitlab.main import create_app
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import OWNER_TOKEN, PAYMENTS, fresh_gitlab
from tests.browser.acts import (
    PAY,
    SECRET,
    begin_to_create,
    create_connection,
    fill_in,
    go,
    open_integration,
    reason_of,
    told,
)
from tests.browser.conftest import Person
from tests.servers import free_port, serving
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
ARRIVES_WITHIN_S = 60
"""A change that comes while a run is open waits for its end."""


@pytest.fixture
def gitlab() -> Iterator[str]:
    """The address of a GitLab with nothing in its project; it knows the token that people enter."""
    port = free_port()
    program = create_app(fresh_gitlab(f"http://localhost:{port}", 0))
    found: GitLab = program.state.standin
    found.state.tokens[SECRET] = found.state.tokens[OWNER_TOKEN]
    with serving(program, port) as address:
        yield address


def arrives(page: Page, address: str, title: str) -> None:
    """Reload a page of Jira or GitLab until it shows this as its heading."""
    heading = page.get_by_role("heading", level=1)
    deadline = time.monotonic() + ARRIVES_WITHIN_S
    page.goto(address)
    while heading.inner_text() != title and time.monotonic() < deadline:
        page.wait_for_timeout(500)
        page.reload()
    expect(heading).to_have_text(title)


def reported_issue(page: Page, jira_url: str, title: str) -> str:
    """A task in PAY; its address."""
    page.goto(f"{jira_url}/projects/PAY/issues/new")
    page.get_by_label("Type").select_option(label="Task")
    page.get_by_label("Summary").fill(title)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url


def kept_in_step(frame: FrameLocator, address: str) -> None:
    """A connection, an integration, its mappings as they are proposed, and GitLab's news."""
    create_connection(frame, "Our GitLab", address)
    go(frame, "Integrations")
    begin_to_create(frame)
    fill_in(frame, "Payroll", "GitLab", PAYMENTS, PAY)
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Payroll")
    frame.get_by_role("button", name="Propose mappings").click()
    mappings = frame.get_by_role("region", name="Type mappings", exact=True)
    expect(mappings.get_by_role("rowheader", name="Task", exact=True)).to_be_visible()
    news = frame.get_by_role("region", name="Be told at once")
    news.get_by_role("button", name="Switch on").click()
    expect(news).to_contain_text("Made by Getint in GitLab")


def test_a_member_connects_maps_runs_edits_on_either_side_and_another_looks_on(
    worker: None, gitlab: str, set_up_town: Town, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    issue = reported_issue(gia.page, set_up_town.jira_url, "Pay the bill")
    frame = gia.open()
    kept_in_step(frame, gitlab)
    run = frame.get_by_role("region", name="Run", exact=True)
    run.get_by_role("button", name="Run now").click()
    state = frame.locator("#run-state")
    expect(state.get_by_role("status")).to_have_text("Done", timeout=ARRIVES_WITHIN_S * 1000)
    expect(told(frame, "Created")).to_have_text("1")

    there = gia.page.context.new_page()
    arrives(there, f"{gitlab}/item?place={PAYMENTS}&number=1", "Pay the bill")
    there.get_by_label("Title").fill("Pay the bill today")
    there.get_by_role("button", name="Save").click()
    here = gia.page.context.new_page()
    arrives(here, issue, "Pay the bill today")
    here.get_by_role("link", name="Edit").click()
    here.get_by_label("Summary").fill("Paid")
    here.get_by_role("button", name="Save").click()
    arrives(there, there.url, "Paid")

    go(frame, "Reporting")
    runs = frame.get_by_role("region", name="Runs", exact=True).get_by_role("row")
    for trigger in ("By hand", "Change in GitLab", "Change in Jira"):
        expect(runs.filter(has_text=trigger).first).to_be_visible()
    runs.filter(has_text="By hand").get_by_role("rowheader").get_by_role("link").click()
    log = frame.get_by_role("region", name="Lines of the log")
    expect(log).to_contain_text("Made #1.")

    axel = somebody("azure")
    others = axel.open()
    open_integration(others, "Payroll")
    for button in ("Edit", "Run now", "Switch off"):
        reason = reason_of(others.get_by_role("button", name=button, exact=True))
        assert "Only its owner and administrators can do this" in reason
    go(others, "Reporting")
    theirs = others.get_by_role("region", name="Runs", exact=True).get_by_role("row")
    theirs.filter(has_text="By hand").get_by_role("rowheader").get_by_role("link").click()
    expect(others.locator("#run-state").get_by_role("status")).to_have_text("Done")
    expect(others.get_by_role("main")).to_contain_text("You can't read this log")
    expect(others.get_by_text("Whom to ask:")).to_contain_text("Gia")
    expect(others.get_by_role("region", name="Lines of the log")).to_have_count(0)
