"""A member keeps Jira and GitLab in step with a browser alone; another member looks on."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sandbox.gitlab.seed import PAYMENTS
from tests.browser.acts import (
    go,
    kept_in_step,
    open_integration,
    reason_of,
    run_now,
    run_state,
    told,
)
from tests.browser.conftest import Person
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
ARRIVES_WITHIN_S = 60
"""A change that comes while a run is open waits for its end."""


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


def test_a_member_connects_maps_runs_edits_on_either_side_and_another_looks_on(
    worker: None, gitlab: str, set_up_town: Town, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    issue = reported_issue(gia.page, set_up_town.jira_url, "Pay the bill")
    frame = gia.open()
    kept_in_step(frame, gitlab)
    run_now(frame)
    expect(run_state(frame)).to_have_text("Done", timeout=ARRIVES_WITHIN_S * 1000)
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
    # Changes of both sides that are told together start one run, named after the first of them.
    for trigger in ("By hand", "Change in "):
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
    expect(run_state(others)).to_have_text("Done")
    expect(others.get_by_role("main")).to_contain_text("You can't read this log")
    expect(others.get_by_text("Whom to ask:")).to_contain_text("Gia")
    expect(others.get_by_role("region", name="Lines of the log")).to_have_count(0)
