"""What is taken away is gone at once, what is given back works again, and both say why."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    PAY,
    begin_to_create,
    fill_in,
    go,
    names_listed,
    open_integration,
    reason_of,
)
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
GITLAB = "getint-jira-gitlab"


def in_group(alice: Person, *, member: bool) -> None:
    """Take Gia out of GitLab's group, or put her back, then let Getint check again."""
    alice.administer("User management")
    group = alice.page.locator("section.group").filter(has=alice.page.get_by_text(GITLAB))
    if member:
        group.get_by_label("Person to add").select_option(label="Gia Gitlab")
        group.get_by_role("button", name="Add", exact=True).click()
    else:
        group.get_by_role("button", name="Remove Gia Gitlab").click()
    expect(group.get_by_role("button", name="Remove Gia")).to_have_count(1 if member else 0)
    frame = alice.open_from_administration()
    frame.get_by_role("button", name="Check again").click()
    expect(alice.page.get_by_text("Checked again")).to_be_visible()


def test_a_removed_member_is_refused_at_the_next_click_and_welcome_again_when_put_back(
    set_up_town: Town, somebody: Somebody
) -> None:
    alice, gia = somebody("admin"), somebody("gitlab")
    integration_of(set_up_town, "gitlab", "Checkout bugs")
    frame = gia.open()
    open_integration(frame, "Checkout bugs")
    in_group(alice, member=False)
    frame.get_by_role("button", name="Pause").click()
    notice = frame.get_by_role("alert")
    expect(notice).to_contain_text("in none of Getint's groups")
    expect(notice).to_contain_text("A Jira administrator")
    go(frame, "Integrations")
    expect(gia.heading).to_have_text("You don't have access to Getint")
    in_group(alice, member=True)
    go(frame, "Integrations")
    expect(names_listed(frame)).to_have_text(["Checkout bugs"])
    open_integration(frame, "Checkout bugs")
    frame.get_by_role("button", name="Pause").click()
    expect(frame.get_by_role("button", name="Resume")).to_be_visible()


def test_without_a_licence_everything_is_readable_and_no_change_is_accepted(
    set_up_town: Town, somebody: Somebody
) -> None:
    alice, gia = somebody("admin"), somebody("gitlab")
    integration_of(set_up_town, "gitlab", "Checkout bugs")
    frame = gia.open()
    begin_to_create(frame)
    fill_in(frame, "Too late", "GitLab", "acme/late", PAY)
    alice.manage_apps("Lapsed")
    reader = somebody("gitlab").open()
    banner = reader.get_by_role("complementary", name="Notice")
    expect(banner).to_contain_text("The licence of Getint has ended")
    create = reader.get_by_role("button", name="Create", exact=True)
    expect(create).to_be_disabled()
    assert "no active licence" in reason_of(create)
    open_integration(reader, "Checkout bugs")
    expect(reader.get_by_role("main")).to_contain_text("acme/checkout")
    assert "no active licence" in reason_of(reader.get_by_role("button", name="Delete"))

    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("alert")).to_contain_text("no active licence")
    expect(frame.get_by_role("textbox", name="Name", exact=True)).to_have_value("Too late")

    alice.manage_apps("Paid")
    settings = alice.open_from_administration()
    settings.get_by_role("link", name="Licence").click()
    settings.get_by_role("button", name="Check again").click()
    expect(settings.get_by_role("row").filter(has_text="State").first).to_contain_text("Active")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(gia.heading).to_have_text("Too late")


def test_when_jira_does_not_answer_nobody_is_let_in_or_turned_away(
    set_up_town: Town, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    set_up_town.control("POST", "/faults", {"kind": "503", "path": "/rest/api/*"})
    frame = gia.open_from_apps()
    expect(gia.heading).to_have_text("We can't answer that right now")
    expect(frame.get_by_role("main")).to_contain_text("Jira")
    set_up_town.control("DELETE", "/faults")
    deadline = time.monotonic() + 15
    while (again := frame.get_by_role("button", name="Try again")).count():
        assert time.monotonic() < deadline, "Getint still waits for Jira"
        with gia.page.expect_navigation():
            again.click()
        gia.arrived()
    expect(gia.heading).to_have_text("Integrations")
