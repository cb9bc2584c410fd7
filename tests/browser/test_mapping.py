"""An owner sets up a mapping with a browser alone, by mouse and by keyboard; others look on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, expect

from app.sync.side_schemas import SchemaReader
from app.tools.side import SideBusy
from tests.browser.acts import (
    PAY,
    begin_to_create,
    create_connection,
    fill_in,
    go,
    open_integration,
    reason_of,
)
from tests.browser.conftest import Person
from tests.browser.given import connection_of, integration_of
from tests.sync.fake_sides import FakeSides
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


@pytest.fixture
def sides() -> FakeSides:
    """Jira and GitLab as the pages read them."""
    return FakeSides()


@pytest.fixture
def ready(sides: FakeSides, set_up_town: Town) -> Town:
    set_up_town.app.state.schemas = SchemaReader(sides.open)
    return set_up_town


def connected(frame: FrameLocator) -> None:
    """An integration with GitLab that has a connection."""
    create_connection(frame, "Our GitLab")
    go(frame, "Integrations")
    begin_to_create(frame)
    fill_in(frame, "Payroll", "GitLab", "acme/payroll", PAY)
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_text("More", exact=True).click()
    frame.get_by_label("Run every … minutes").fill("5")
    frame.get_by_label("Copy deletions").check()
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Payroll")
    expect(frame.get_by_role("main")).to_contain_text("Every 5 minutes")


@pytest.fixture
def mapped(ready: Town) -> Town:
    """Gia has an integration that can be mapped."""
    its = connection_of(ready, "gitlab")
    place = {"tool_place": "acme/payroll", "connection_id": its}
    integration_of(ready, "gitlab", "Payroll", **place)
    return ready


def open_bugs(frame: FrameLocator) -> None:
    frame.get_by_role("link", name="Bug", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Bug and Issue")


def test_an_owner_maps_edits_and_is_told_what_is_missing(
    ready: Town, sides: FakeSides, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    connected(frame)
    mappings = frame.get_by_role("region", name="Type mappings", exact=True)
    expect(mappings).to_contain_text("No types are mapped yet")
    assert gia.axe() == []
    mappings.get_by_role("button", name="Propose mappings").click()
    expect(mappings.get_by_role("rowheader", name="Story")).to_be_visible()
    expect(mappings).to_contain_text("All that is mapped fits both sides")
    assert gia.axe() == []
    open_bugs(frame)
    assert gia.axe() == []
    fields = frame.get_by_role("region", name="Fields", exact=True)
    fields.get_by_role("button", name="Remove Title with Title").click()
    problems = frame.get_by_role("main")
    expect(problems).to_contain_text("GitLab demands “Title”, and nothing fills it.")
    assert gia.axe() == []
    frame.get_by_role("button", name="Add: Fields").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Field in Jira").select_option(label="Title (text, required)")
    dialog.get_by_label("Field in GitLab").select_option(label="Labels (labels)")
    expect(dialog).to_contain_text("These two do not fit")
    assert gia.axe() == []
    dialog.get_by_label("Field in GitLab").select_option(label="Title (text, required)")
    expect(dialog).not_to_contain_text("These two do not fit")
    dialog.get_by_role("button", name="Save").click()
    expect(problems).not_to_contain_text("GitLab demands")
    expect(frame.get_by_role("button", name="Add: Fields")).to_be_focused()
    frame.get_by_role("button", name="Edit: Statuses").click()
    expect(dialog.get_by_label("Resolution on the way to Done in Jira")).to_have_value("Done")
    dialog.get_by_label("In Progress").first.select_option("closed")
    assert gia.axe() == []
    dialog.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("dialog")).to_have_count(0)
    statuses = frame.get_by_role("region", name="Statuses", exact=True)
    expect(statuses.get_by_role("row").filter(has_text="In Progress")).to_contain_text("closed")
    for button in ("Add: Filled fields", "Add: People", "Edit: Types and the rest"):
        frame.get_by_role("button", name=button).click()
        expect(dialog).to_be_visible()
        assert gia.axe() == []
        gia.page.keyboard.press("Escape")
        expect(frame.get_by_role("button", name=button)).to_be_focused()


def test_the_order_is_changed_by_keyboard_and_the_focus_stays(
    mapped: Town, sides: FakeSides, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    open_integration(frame, "Payroll")
    frame.get_by_role("button", name="Propose mappings").click()
    rows = frame.get_by_role("region", name="Type mappings in their order").get_by_role("rowheader")
    expect(rows).to_have_text(["Bug", "Story"])
    frame.get_by_role("button", name="Move Bug and Issue down, now 1 of 2").focus()
    gia.page.keyboard.press("Enter")
    expect(rows).to_have_text(["Story", "Bug"])
    down = frame.get_by_role("button", name="Move Bug and Issue down, now 2 of 2")
    expect(down).to_be_focused()
    assert reason_of(down) == "It is the last."


def test_others_look_on_and_a_busy_tool_is_tried_again(
    mapped: Town, sides: FakeSides, somebody: Somebody
) -> None:
    gia, axel = somebody("gitlab"), somebody("azure")
    frame = gia.open()
    open_integration(frame, "Payroll")
    frame.get_by_role("button", name="Propose mappings").click()
    open_bugs(frame)
    others = axel.open()
    others.get_by_role("link", name="Payroll").click()
    open_bugs(others)
    expect(others.get_by_role("main")).to_contain_text("Story points")
    off = others.get_by_role("button", name="Add: Fields")
    assert "Only its owner and administrators" in reason_of(off)
    assert axel.axe() == []
    sides.tool.trouble = SideBusy("GitLab asks to wait a minute.", 60.0)
    mapped.app.state.schemas._kept.clear()  # as if a minute had passed
    frame.get_by_role("button", name="Switch off").click()
    expect(frame.get_by_role("main")).to_contain_text("GitLab asks to wait a minute.")
    assert "could not be read" in reason_of(frame.get_by_role("button", name="Add: Fields"))
    assert gia.axe() == []
    sides.tool.trouble = None
    frame.get_by_role("button", name="Try again").click()
    expect(frame.get_by_role("main")).not_to_contain_text("asks to wait")
    expect(frame.get_by_role("rowheader", name="Story points")).to_be_visible()


def test_an_integration_is_exported_and_imported_with_a_browser(
    mapped: Town, sides: FakeSides, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    open_integration(frame, "Payroll")
    frame.get_by_role("button", name="Propose mappings").click()
    expect(frame.get_by_role("rowheader", name="Bug")).to_be_visible()
    with gia.page.expect_download() as download:
        frame.get_by_role("button", name="Export").click()
    go(frame, "Integrations")
    frame.get_by_role("link", name="Import").click()
    expect(gia.heading).to_have_text("Import an integration")
    assert gia.axe() == []
    frame.get_by_role("button", name="Import", exact=True).click()
    expect(frame.get_by_role("main")).to_contain_text("A file is needed.")
    frame.get_by_label("File").set_input_files(download.value.path())
    frame.get_by_role("combobox", name="Jira project").select_option("10002")
    frame.get_by_role("button", name="Import", exact=True).click()
    expect(gia.heading).to_have_text("Payroll")
    expect(frame.get_by_role("main")).to_contain_text("Paused")
    expect(frame.get_by_role("rowheader", name="Bug")).to_be_visible()
