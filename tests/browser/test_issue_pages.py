"""The issue pages of the local Jira, by keyboard and by axe."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, LOOK, Person

pytestmark = pytest.mark.browser


def wrong(page: Page) -> list[str]:
    """What axe finds wrong, and what does not fit: wide and light, narrow and dark."""
    page.evaluate(AXE.read_text())
    found: list[str] = []
    for width, mode in ((1280, "light"), (380, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{mode} {width}: {each}" for each in page.evaluate(LOOK, mode)]
    return found


def test_a_person_creates_moves_and_comments_on_an_issue_by_keyboard(
    somebody: Callable[..., Person],
) -> None:
    nora = somebody("nobody")
    page = nora.page
    page.goto(f"{nora.town.jira_url}/projects/WEB/issues/new")
    page.get_by_label("Summary").focus()
    page.keyboard.type("Made by keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Made by keyboard")
    page.get_by_role("button", name="Start progress").press("Enter")
    expect(page.get_by_role("button", name="Send to review")).to_be_visible()
    page.get_by_label("Add a comment").fill("Hello\nthere")
    page.get_by_role("button", name="Add comment").press("Enter")
    expect(page.get_by_role("article")).to_contain_text("there")
    assert wrong(page) == []
    page.get_by_role("link", name="Edit").press("Enter")
    page.get_by_label("Labels").fill("x" * 256)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Labels")).to_be_focused()
    expect(page.get_by_role("alert")).to_be_visible()
    assert wrong(page) == []
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Issues").click()
    row = page.get_by_role("row").filter(has_text="Made by keyboard")
    expect(row).to_contain_text("In Progress")
    assert wrong(page) == []
