"""Every page and state by axe: light and dark, on a wide and on a narrow screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.acts import (
    begin_to_create,
    choose_tool,
    create_connection,
    go,
    menu_of,
    open_integration,
)
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
LONG = "Everything that the payments teams report, released and unreleased, to the platform group"


def test_the_set_up_and_what_others_see_before_it(somebody: Somebody) -> None:
    alice, nora = somebody("admin"), somebody("nobody")
    alice.open()
    nora.open()
    assert alice.axe() + nora.axe() == []


def test_the_list_its_menus_and_one_integration(set_up_town: Town, somebody: Somebody) -> None:
    gia, axel = somebody("gitlab"), somebody("azure")
    frame = gia.open()
    assert gia.axe() == []
    integration_of(set_up_town, "gitlab", LONG)
    open_integration(frame, LONG)
    assert gia.axe() == []
    for button in ("Delete", "Hand over"):
        frame.get_by_role("button", name=button).click()
        expect(frame.get_by_role("dialog")).to_be_visible()
        assert gia.axe() == []
        gia.page.keyboard.press("Escape")
    go(frame, "Integrations")
    assert gia.axe() == []
    others = axel.open()
    menu_of(others, LONG)
    assert axel.axe() == []
    axel.page.keyboard.press("Escape")
    open_integration(others, LONG)
    others.get_by_role("button", name="Edit").focus()
    assert axel.axe() == []


def test_the_forms_with_and_without_mistakes(set_up_town: Town, somebody: Somebody) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    begin_to_create(frame)
    assert gia.axe() == []
    frame.get_by_role("button", name="Create", exact=True).click()
    wrong = frame.get_by_role("textbox", name="Name", exact=True)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    assert gia.axe() == []
    create_connection(frame, "Our GitLab")
    assert gia.axe() == []
    menu_of(frame, "Our GitLab").get_by_role("menuitem", name="Edit").click()
    expect(gia.heading).to_have_text("Edit Our GitLab")
    assert gia.axe() == []
    go(frame, "Connections")
    frame.get_by_role("link", name="Create").click()
    choose_tool(frame, "GitLab")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("main")).to_contain_text("Please check")
    assert gia.axe() == []


def test_the_settings_and_the_help(set_up_town: Town, somebody: Somebody) -> None:
    alice = somebody("admin")
    frame = alice.open("configure")
    assert alice.axe() == []
    frame.get_by_role("button", name="Bind another group", exact=True).click()
    expect(frame.get_by_role("dialog")).to_be_visible()
    assert alice.axe() == []
    alice.page.keyboard.press("Escape")
    frame.get_by_role("link", name="What could a person do?").click()
    frame.get_by_role("searchbox", name="Find a person").press_sequentially("Gia")
    person = frame.get_by_role("listitem").get_by_role("link", name="Gia")
    expect(person).to_be_visible()
    assert alice.axe() == []
    person.click()
    expect(frame.get_by_role("heading", name="Who they are here")).to_be_visible()
    assert alice.axe() == []
    for tab in ("Licence", "Audit"):
        frame.get_by_role("link", name=tab).click()
        expect(alice.heading).to_have_text(tab)
        assert alice.axe() == []
    frame.get_by_role("button", name="Help").click()
    expect(frame.get_by_role("dialog", name="Help")).to_be_visible()
    assert alice.axe() == []


def test_refusals_failures_and_the_banner(set_up_town: Town, somebody: Somebody) -> None:
    alice, nora = somebody("admin"), somebody("nobody")
    integration_of(set_up_town, "admin", LONG)
    set_up_town.control("POST", "/licence", {"licence": "lapsed"})
    alice.open()
    assert alice.axe() == []
    nora.open()
    assert nora.axe() == []
    set_up_town.control("POST", "/faults", {"kind": "503", "path": "/rest/api/*"})
    axel = somebody("azure")
    axel.open()
    assert axel.axe() == []
