"""An access token from the dialog to the first request, by somebody with a browser."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


def test_somebody_makes_a_token_sees_it_once_uses_it_and_revokes_it(
    set_up_town: Town, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    frame.get_by_role("button", name="Account").click()
    frame.get_by_role("link", name="Access tokens").click()
    expect(gia.heading).to_have_text("Access tokens")
    assert gia.axe() == []
    frame.get_by_role("button", name="Create token").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")
    assert gia.axe() == []
    dialog.get_by_role("textbox", name="Name").fill("Nightly export of the payments teams")
    dialog.get_by_role("checkbox", name="Write").check()
    dialog.get_by_role("combobox", name="Ends after").select_option("30 days")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("heading", name="Your new token")).to_be_visible()
    assert gia.axe() == []
    token = dialog.locator("#new-token").inner_text()
    dialog.get_by_role("button", name="Copy token").click()
    dialog.get_by_role("button", name="Done").click()
    expect(frame.get_by_role("rowheader", name="Nightly export")).to_be_visible()
    assert gia.axe() == []
    assert token not in gia.document.content()
    expect(frame.get_by_role("button", name="Create token")).to_be_visible()
    headers = {"Authorization": f"Bearer {token}"}
    me = f"{set_up_town.app_url}/api/v1/me"
    assert httpx.get(me, headers=headers).json()["scopes"] == ["read", "write"]
    alice = somebody("admin")
    everybodys = alice.open()
    alice.document.evaluate("() => htmx.ajax('GET', '/administration/tokens', '#main')")
    expect(everybodys.get_by_role("rowheader", name="Nightly export")).to_be_visible()
    assert alice.axe() == []
    frame.get_by_role("button", name="Revoke Nightly export").click()
    expect(dialog.get_by_role("heading", name="Revoke Nightly export")).to_be_visible()
    assert gia.axe() == []
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    expect(frame.get_by_role("heading", name="No access tokens yet")).to_be_visible()
    assert httpx.get(me, headers=headers).status_code == 401
