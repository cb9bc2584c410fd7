"""Changing, pausing, deleting and handing over, also by two people at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from tests.browser.acts import (
    create_connection,
    go,
    menu_of,
    open_integration,
    told,
)
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
NAME = "Checkout bugs"


@pytest.fixture
def gia(set_up_town: Town, somebody: Somebody) -> Person:
    """Gia, on the page of an integration that she owns."""
    integration_of(set_up_town, "gitlab", NAME)
    gia = somebody("gitlab")
    open_integration(gia.open(), NAME)
    return gia


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten(
    gia: Person, somebody: Somebody
) -> None:
    alice = somebody("admin")
    theirs = alice.open_from_apps()
    open_integration(theirs, NAME)
    for frame in (gia.frame, theirs):
        frame.get_by_role("link", name="Edit").click()
        expect(frame.get_by_role("heading", level=1)).to_have_text(f"Edit {NAME}")
    theirs.get_by_label("JQL filter").fill("type = Bug")
    theirs.get_by_role("button", name="Save").click()
    expect(told(theirs, "JQL filter")).to_have_text("type = Bug")

    gia.frame.get_by_label("JQL filter").fill("type = Story")
    gia.frame.get_by_role("button", name="Save").click()
    notice = gia.frame.get_by_role("alert")
    expect(notice).to_contain_text("Alice Admin changed the filter")
    expect(gia.frame.get_by_label("JQL filter")).to_have_value("type = Story")
    open_integration(gia.frame, NAME)
    expect(told(gia.frame, "JQL filter")).to_have_text("type = Bug")


def test_it_is_paused_and_resumed_from_its_page_and_from_the_list(gia: Person) -> None:
    gia.frame.get_by_role("button", name="Pause").click()
    expect(told(gia.frame, "State")).to_have_text("Paused")
    go(gia.frame, "Integrations")
    row = gia.frame.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text("Paused")
    menu_of(gia.frame, NAME).get_by_role("menuitem", name="Resume").click()
    expect(row).not_to_contain_text("Paused")


def test_deleting_asks_first_and_then_it_is_gone(gia: Person) -> None:
    dialog = gia.frame.get_by_role("dialog", name=f"Delete {NAME}?")
    gia.frame.get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("cannot be brought back")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(gia.heading).to_have_text(NAME)
    gia.frame.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(gia.frame.get_by_text("No integrations yet")).to_be_visible()
    expect(gia.page.get_by_text(f"{NAME} was deleted")).to_be_visible()


def offered_to(frame: FrameLocator, name: str) -> Locator:
    """Offer it to somebody in the dialog, which is answered with."""
    dialog = frame.get_by_role("dialog", name=f"Hand over {NAME}")
    dialog.get_by_label("Find a person").fill(name.split(maxsplit=1)[0])
    expect(dialog.get_by_role("option", name=name)).to_be_attached()
    dialog.get_by_label("New owner").select_option(label=f"{name} (Jira)")
    dialog.get_by_role("button", name="Hand over").click()
    return dialog


def test_it_is_handed_to_somebody_who_could_have_created_it_and_to_nobody_else(
    gia: Person,
) -> None:
    frame = gia.frame
    frame.get_by_role("button", name="Hand over").click()
    dialog = offered_to(frame, "Axel Azure")
    expect(dialog).to_contain_text("Axel Azure could not own it.")
    expect(dialog).to_contain_text("not a member of the Jira group for GitLab")
    members = {"group": "getint-jira-gitlab", "accountId": "5b10a2844c20165700ede25e"}
    gia.town.control("POST", "/members", members)
    dialog = offered_to(frame, "Nora Nobody")
    expect(dialog).to_have_count(0)
    expect(told(frame, "Owner")).to_have_text("Nora Nobody")
    expect(frame.get_by_role("button", name="Delete")).to_be_disabled()


def test_a_connection_shows_no_credentials_and_names_what_depends_on_it(gia: Person) -> None:
    frame = gia.frame
    create_connection(frame, "Our GitLab")
    open_integration(frame, NAME)
    frame.get_by_role("link", name="Edit").click()
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_role("button", name="Save").click()
    expect(told(frame, "Connection")).to_have_text("Our GitLab")
    go(frame, "Connections")
    menu_of(frame, "Our GitLab").get_by_role("menuitem", name="Edit").click()
    expect(frame.get_by_role("main")).to_contain_text(NAME)
    expect(frame.get_by_label("Access token")).to_have_value("")
    go(frame, "Connections")
    menu_of(frame, "Our GitLab").get_by_role("menuitem", name="Delete").click()
    expect(frame.get_by_role("dialog")).to_contain_text(NAME)
    expect(frame.get_by_role("dialog").get_by_role("button", name="Delete")).to_have_count(0)
