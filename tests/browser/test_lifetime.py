"""What a site does with an app loses nothing, also while somebody has a page open."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.acts import go, names_listed, open_integration
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
NAME = "Checkout bugs"


@pytest.fixture
def gia(set_up_town: Town, somebody: Somebody) -> Person:
    """Gia, on the page of her integration."""
    integration_of(set_up_town, "gitlab", NAME)
    gia = somebody("gitlab")
    open_integration(gia.open(), NAME)
    return gia


@pytest.mark.parametrize("button", ["Rotate the secret", "Install again", "Upgrade"])
def test_an_open_page_goes_on_when_the_secret_changes(
    gia: Person, somebody: Somebody, button: str
) -> None:
    somebody("admin").manage_apps(button)
    gia.frame.get_by_role("button", name="Pause").click()
    expect(gia.frame.get_by_role("button", name="Resume")).to_be_visible()
    go(gia.frame, "Integrations")
    expect(names_listed(gia.frame)).to_have_text([NAME])


def test_after_uninstall_and_install_everything_is_there_again(
    gia: Person, somebody: Somebody
) -> None:
    alice = somebody("admin")
    alice.manage_apps("Uninstall")
    gia.frame.get_by_role("button", name="Pause").click()
    expect(gia.frame.get_by_role("alert")).to_be_visible()
    expect(gia.frame.get_by_role("button", name="Resume")).to_have_count(0)
    gia.faults.clear()  # Jira gives no token any more, which htmx tells the console
    alice.administer("Apps")
    alice.page.get_by_role("button", name="Install", exact=True).click()
    expect(alice.page.get_by_role("status")).to_contain_text("Installed")
    frame = gia.open()
    expect(names_listed(frame)).to_have_text([NAME])
    open_integration(frame, NAME)
    expect(frame.get_by_role("button", name="Delete")).to_be_enabled()
    assert alice.open_from_apps().get_by_text("Set up Getint").count() == 0
