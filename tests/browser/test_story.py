"""The story, by each of the five people, through Jira's own menus."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    OPS,
    PAY,
    begin_to_create,
    create_connection,
    create_integration,
    fill_in,
    go,
    menu_of,
    names_listed,
    open_integration,
    reason_of,
    told,
)
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


@pytest.mark.parametrize("who", ["gitlab", "azure", "nobody"])
def test_before_set_up_everybody_else_is_told_whom_to_ask(somebody: Somebody, who: str) -> None:
    frame = somebody(who).open_from_apps()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Getint is not set up yet")
    expect(told(frame, "Who can help")).to_have_text("A Jira administrator")


def test_an_admin_finishes_the_set_up_and_lands_in_the_creation_form(somebody: Somebody) -> None:
    pia = somebody("project")
    expect(pia.open_from_project("Payments").get_by_role("main")).to_contain_text("finish the set")
    alice = somebody("admin")
    frame = alice.open_from_apps()
    expect(alice.heading).to_have_text("Set up Getint")
    expect(frame.get_by_role("region", name="1. Licence")).to_contain_text("Trial")
    groups = frame.get_by_role("region", name="2. Groups", exact=True)
    expect(groups.get_by_role("row").filter(has_text="getint-jira-gitlab")).to_contain_text(
        "Exists"
    )
    frame.get_by_text("Migration", exact=True).click()
    frame.get_by_role("button", name="Finish and continue").click()
    expect(alice.heading).to_have_text("Create an integration or migration")
    expect(frame.get_by_role("radio", name="Migration")).to_be_checked()
    expect(somebody("gitlab").open_from_apps().get_by_text("No integrations yet")).to_be_visible()


def test_each_person_creates_and_sees_what_is_theirs(set_up_town: Town, somebody: Somebody) -> None:
    alice, gia = somebody("admin"), somebody("gitlab")
    create_integration(alice.open_from_apps(), "Platform backlog", "Azure DevOps", "Platform", OPS)
    frame = gia.open_from_apps()
    create_connection(frame, "Our GitLab")
    go(frame, "Integrations")
    begin_to_create(frame)
    fill_in(frame, "Checkout bugs", "GitLab", "acme/checkout", PAY)
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(gia.heading).to_have_text("Checkout bugs")
    expect(told(frame, "Connection")).to_have_text("Our GitLab")

    go(frame, "Integrations")
    expect(names_listed(frame)).to_have_text(["Checkout bugs", "Platform backlog"])
    for entry in ("Edit", "Pause", "Hand over", "Delete"):
        item = menu_of(frame, "Platform backlog").get_by_role("menuitem", name=entry)
        expect(item).to_be_disabled()
        assert "Only its owner and administrators" in reason_of(item)
        gia.page.keyboard.press("Escape")

    axel = somebody("azure")
    frame = axel.open_from_apps()
    open_integration(frame, "Checkout bugs")
    pause = frame.get_by_role("button", name="Pause")
    expect(pause).to_be_disabled()
    pause.click(force=True)
    expect(frame.get_by_role("tooltip").filter(visible=True)).to_contain_text("Only its owner")
    expect(told(frame, "State")).to_have_text("Active")


def test_a_tool_of_another_group_is_off_and_the_keyboard_reads_why(
    set_up_town: Town, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    frame = gia.open_from_apps()
    begin_to_create(frame)
    fill_in(frame, "Checkout bugs", "GitLab", "acme/checkout", PAY)
    azure = frame.get_by_role("radio", name="Azure DevOps")
    expect(azure).to_be_disabled()
    frame.get_by_role("radio", name="GitLab", exact=True).focus()
    for _ in range(2):
        gia.page.keyboard.press("ArrowDown")
    expect(azure).to_be_focused()
    assert "You are not a member of the Jira group for Azure DevOps." in reason_of(azure)
    assert "getint-jira-azure" in reason_of(azure)
    gia.page.keyboard.press("Space")
    frame.locator("#field-tool label").get_by_text("Azure DevOps", exact=True).click(force=True)
    expect(azure).not_to_be_checked()
    expect(frame.get_by_role("radio", name="GitLab", exact=True)).to_be_checked()


def test_a_project_admin_finds_and_creates_what_belongs_to_the_project(
    set_up_town: Town, somebody: Somebody
) -> None:
    for name, project in (("Of payments", PAY), ("Of operations", OPS)):
        integration_of(set_up_town, "admin", name, tool="azure", project_id=project)
    pia = somebody("project")
    frame = pia.open_from_project("Payments")
    expect(names_listed(frame)).to_have_text(["Of payments"])
    create_integration(frame, "Releases", "Trello", "nC8QJJoZ")
    expect(told(frame, "Jira project")).to_have_text("PAY")
    expect(frame.get_by_role("button", name="Pause")).to_be_enabled()
    expect(pia.open_from_apps().get_by_role("main")).to_contain_text("that project's settings")


def test_nobody_in_particular_is_told_why_and_who_can_help(
    set_up_town: Town, somebody: Somebody
) -> None:
    nora = somebody("nobody")
    frame = nora.open_from_apps()
    expect(nora.heading).to_have_text("You don't have access to Getint")
    main = frame.get_by_role("main")
    expect(main).to_contain_text("in none of Getint's groups")
    expect(main).to_contain_text("getint-jira-<tool>")
    expect(told(frame, "Who can help")).to_have_text("A Jira administrator")
