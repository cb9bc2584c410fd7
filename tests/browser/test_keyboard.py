"""Nothing needs a mouse: menus, dialogs, back and forward."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.acts import go, open_integration
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
NAME = "Checkout bugs"


@pytest.fixture
def gia(set_up_town: Town, somebody: Somebody) -> Person:
    """Gia, at her list with one entry."""
    integration_of(set_up_town, "gitlab", NAME)
    gia = somebody("gitlab")
    gia.open()
    return gia


def test_a_menu_opens_walks_and_closes_and_the_focus_returns(gia: Person) -> None:
    press = gia.page.keyboard.press
    dots = gia.frame.get_by_role("button", name=f"Actions for {NAME}")
    dots.focus()
    press("Enter")
    items = gia.frame.get_by_role("menu").get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    press("End")
    expect(items.last).to_be_focused()
    press("ArrowDown")
    expect(items.nth(0)).to_be_focused()
    press("Escape")
    expect(gia.frame.get_by_role("menu")).to_have_count(0)
    expect(dots).to_be_focused()


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(gia: Person) -> None:
    press = gia.page.keyboard.press
    dots = gia.frame.get_by_role("button", name=f"Actions for {NAME}")
    dots.focus()
    press("Enter")
    expect(gia.frame.get_by_role("menuitem", name="Edit")).to_be_focused()
    press("End")
    press("Enter")
    dialog = gia.frame.get_by_role("dialog", name=f"Delete {NAME}?")
    expect(dialog).to_be_visible()
    for _ in range(2):
        press("Tab")
        expect(dialog.locator(":focus")).to_have_count(1)
    press("Escape")
    expect(dialog).to_have_count(0)
    expect(dots).to_be_focused()


def test_the_first_tab_skips_to_the_content(gia: Person) -> None:
    gia.frame.locator("body").evaluate("it => it.ownerDocument.activeElement.blur()")
    skip = gia.frame.get_by_role("link", name="Skip to content")
    skip.focus()
    gia.page.keyboard.press("Enter")
    gia.page.keyboard.press("Tab")
    expect(gia.frame.locator("main :focus")).to_have_count(1)


def test_back_and_forward_go_through_the_pages_of_the_app(gia: Person) -> None:
    open_integration(gia.frame, NAME)
    go(gia.frame, "Connections")
    gia.page.go_back()
    expect(gia.heading).to_have_text(NAME)
    gia.page.go_back()
    expect(gia.heading).to_have_text("Integrations")
    gia.page.go_forward()
    expect(gia.heading).to_have_text(NAME)
    gia.page.reload()
    expect(gia.heading).to_have_text(NAME)
