"""Little room: low windows and narrow ones."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.acts import begin_to_create, go, reason_of
from tests.browser.conftest import Person
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
# Jira takes up a size a moment after it was asked for, and our policy forbids to poll with eval.
FITS = """([least, most]) => new Promise((done, fail) => {
    const end = performance.now() + 15000;
    const look = () => {
        const height = document.documentElement.scrollHeight;
        if (least <= height && height <= most && height <= innerHeight) done();
        else if (performance.now() > end) fail(new Error(`${height} high in ${innerHeight}`));
        else setTimeout(look, 20);
    };
    look();
})"""


def test_in_the_settings_of_a_project_only_jira_scrolls_and_dialogs_stay_in_sight(
    set_up_town: Town, somebody: Somebody
) -> None:
    pia = somebody("project")
    pia.page.set_viewport_size({"width": 1280, "height": 560})
    frame = pia.open("project", project="PAY")
    begin_to_create(frame)
    pia.document.evaluate(FITS, [900, 3000])
    frame.get_by_role("button", name="Create", exact=True).scroll_into_view_if_needed()
    frame.get_by_role("button", name="Help").click()
    dialog = frame.get_by_role("dialog", name="Help")
    for part in (dialog.get_by_role("heading"), dialog.get_by_text("Close", exact=True)):
        expect(part).to_be_in_viewport()
    pia.page.keyboard.press("Escape")
    go(frame, "Connections")
    pia.document.evaluate(FITS, [500, 700])
    expect(pia.heading).to_be_in_viewport()


def test_on_a_narrow_screen_locked_tools_are_folded_and_unfold_with_their_reasons(
    set_up_town: Town, somebody: Somebody
) -> None:
    frame = somebody("gitlab", width=380).open()
    begin_to_create(frame)
    azure = frame.get_by_role("radio", name="Azure DevOps")
    expect(frame.get_by_role("radio", name="GitLab", exact=True)).to_be_visible()
    expect(azure).to_be_hidden()
    fold = frame.get_by_role("button", name="13 locked", expanded=False)
    fold.press("Enter")
    expect(azure).to_be_disabled()
    assert "You are not a member of the Jira group for Azure DevOps." in reason_of(azure)
    frame.get_by_role("button", name="13 locked", expanded=True).press("Enter")
    expect(azure).to_be_hidden()
