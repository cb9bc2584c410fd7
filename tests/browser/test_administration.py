"""An administrator makes a partner's user, gives one workspace, edits and shuts out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.browser.acts import menu_of
from tests.browser.conftest import Person
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


def administration(alice: Person) -> FrameLocator:
    """Getint Administration, as the account menu opens it."""
    frame = alice.open()
    frame.get_by_role("button", name="Account").click()
    frame.get_by_role("dialog").get_by_role("link", name="Getint Administration").click()
    expect(alice.heading).to_have_text("Users")
    return frame


def go(frame: FrameLocator, entry: str) -> None:
    frame.get_by_role("navigation", name="Getint").get_by_role("link", name=entry).click()
    expect(frame.get_by_role("heading", level=1)).to_be_focused()


def make_workspace(alice: Person, frame: FrameLocator) -> None:
    """*Partners*, in which users may choose the project PAY."""
    dialog = frame.get_by_role("dialog")
    go(frame, "Workspaces")
    frame.get_by_role("button", name="Create workspace").click()
    dialog.get_by_label("Name").fill("Partners")
    dialog.get_by_role("button", name="Create", exact=True).click()
    frame.get_by_role("link", name="Partners").click()
    expect(alice.heading).to_have_text("Partners")
    frame.get_by_role("button", name="Add project").click()
    dialog.get_by_label("Find a project").press_sequentially("PAY")
    projects = dialog.get_by_role("combobox", name="Jira project")
    expect(projects.locator("option")).to_have_count(2)
    projects.select_option("10001")
    dialog.get_by_role("button", name="Add project").click()
    expect(frame.get_by_role("main")).to_contain_text("(PAY)")
    assert alice.axe() == []
    go(frame, "Workspaces")
    menu_of(frame, "Default workspace")
    assert alice.axe() == []
    alice.page.keyboard.press("Escape")


def make_user(alice: Person, frame: FrameLocator) -> None:
    """Pat, by an invitation; what is not asked is not shown, mistakes are said beside the field."""
    dialog = frame.get_by_role("dialog")
    go(frame, "Users")
    frame.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_label("Their password")).to_be_hidden()
    dialog.get_by_label("Name").fill("Pat Partner")
    dialog.get_by_label("E-mail address").fill("pat")
    dialog.get_by_text("Set a password here").click()
    expect(dialog.get_by_label("Their password")).to_be_visible()
    dialog.get_by_text("Invite them").click()
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_text("Enter an e-mail address")).to_be_visible()
    assert alice.axe() == []
    dialog.get_by_label("E-mail address").fill("pat@partner.example.com")
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog).to_contain_text("/welcome#")
    assert alice.axe() == []
    dialog.get_by_role("link", name="Go to Pat Partner").click()
    expect(alice.heading).to_have_text("Pat Partner")
    expect(dialog).to_have_count(0)


def let_in(alice: Person, frame: FrameLocator) -> None:
    """Enabled, with one workspace."""
    dialog = frame.get_by_role("dialog")
    expect(frame.get_by_text("They can do nothing yet")).to_be_visible()
    frame.get_by_role("button", name="Enable").click()
    expect(frame.get_by_role("button", name="Disable", exact=True)).to_be_visible()
    frame.get_by_role("button", name="Add access").click()
    dialog.get_by_role("combobox", name="Workspace").select_option("Partners")
    assert alice.axe() == []
    dialog.get_by_role("button", name="Add access").click()
    expect(frame.get_by_role("row").filter(has_text="Partners")).to_contain_text("User")
    expect(frame.get_by_text("They can do nothing")).to_have_count(0)
    assert alice.axe() == []


def test_an_administrator_makes_a_partners_user_gives_one_workspace_edits_and_disables(
    set_up_town: Town, somebody: Somebody
) -> None:
    alice = somebody("admin")
    frame = administration(alice)
    dialog = frame.get_by_role("dialog")
    expect(frame.get_by_text("No users yet")).to_be_visible()
    assert alice.axe() == []
    make_workspace(alice, frame)
    make_user(alice, frame)
    let_in(alice, frame)
    frame.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Name").fill("Pat Painter")
    dialog.get_by_role("button", name="Save").click()
    expect(alice.heading).to_have_text("Pat Painter")

    frame.get_by_role("navigation", name="Breadcrumbs").get_by_role("link", name="Users").click()
    frame.get_by_label("Search by name or e-mail").press_sequentially("painter")
    row = frame.get_by_role("row").filter(has_text="Pat Painter")
    expect(row).to_contain_text("Invited")
    expect(row).to_contain_text("Partners")
    menu_of(frame, "Pat Painter")
    assert alice.axe() == []
    alice.page.keyboard.press("Escape")
    menu_of(frame, "Pat Painter")
    frame.get_by_role("menuitem", name="Disable").click()
    expect(dialog).to_contain_text("signed out everywhere at once")
    assert alice.axe() == []
    dialog.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("Disabled")
    menu_of(frame, "Pat Painter")
    frame.get_by_role("menuitem", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(frame.get_by_text("No users yet")).to_be_visible()


def test_the_menu_of_administration_leads_there_and_back_also_by_keyboard_and_history(
    set_up_town: Town, somebody: Somebody
) -> None:
    alice = somebody("admin")
    frame = administration(alice)
    menu = frame.get_by_role("navigation", name="Getint")
    expect(menu.get_by_role("link", name="Integrations")).to_have_count(0)
    expect(menu.get_by_role("link", name="Users")).to_have_attribute("aria-current", "page")
    go(frame, "Sign-in")
    assert alice.axe() == []
    frame.get_by_role("button", name="Require a second factor").click()
    expect(frame.get_by_role("dialog")).to_contain_text("have yours at hand")
    alice.page.keyboard.press("Escape")
    frame.get_by_role("button", name="Connect a provider").click()
    frame.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(frame.get_by_role("dialog")).to_contain_text("A name is needed.")
    assert alice.axe() == []
    alice.page.keyboard.press("Escape")
    go(frame, "Users")
    frame.get_by_role("link", name="People from Jira").click()
    expect(frame.get_by_text("Nobody from Jira has created anything yet.")).to_be_visible()
    assert alice.axe() == []
    go(frame, "Back to Getint")
    expect(alice.heading).to_have_text("Integrations")
    expect(menu.get_by_role("link", name="Integrations")).to_have_attribute("aria-current", "page")
    expect(menu.get_by_role("link", name="Users")).to_have_count(0)
    alice.page.go_back()
    expect(alice.heading).to_have_text("Users")
    expect(menu.get_by_role("link", name="Workspaces")).to_be_visible()
