"""What an admin is told of others agrees with what they met, and the trail has all of it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.browser.acts import begin_to_create, go, reason_of
from tests.browser.conftest import Person
from tests.browser.given import integration_of
from tests.people import ACCOUNTS
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
COPIED = "navigator.clipboard.readText()"


def ask_about(frame: FrameLocator, name: str) -> None:
    frame.get_by_role("link", name="What could a person do?").click()
    frame.get_by_role("searchbox", name="Find a person").press_sequentially(name[:3])
    frame.get_by_role("listitem").get_by_role("link", name=name).click()
    expect(frame.get_by_role("heading", level=2, name=name)).to_be_visible()


def test_what_a_person_could_do_agrees_with_what_they_meet(
    set_up_town: Town, somebody: Somebody
) -> None:
    gia, alice = somebody("gitlab"), somebody("admin")
    hers = gia.open_from_apps()
    begin_to_create(hers)
    met = {
        tool.get_attribute("value"): tool.get_attribute("aria-disabled") != "true"
        for tool in hers.locator("#field-tool input").all()
    }
    why = reason_of(hers.get_by_role("radio", name="Asana"))

    frame = alice.open_from_administration()
    ask_about(frame, "Gia Gitlab")
    expect(frame.get_by_role("main")).to_contain_text("is in the Jira group getint-jira-gitlab")
    table = frame.get_by_role("table").filter(has_text="monday.com")
    assert table.get_by_text("Yes", exact=True).count() == sum(met.values()) == 1
    assert table.get_by_text("No", exact=True).count() == 13
    expect(table.get_by_role("row").filter(has_text="GitLab")).to_contain_text("Yes")
    told = table.get_by_role("row").filter(has_text="Asana").get_by_role("cell").last
    assert told.inner_text() in why
    audit = frame.get_by_role("row").filter(has_text="Read the audit trail")
    expect(audit).to_contain_text("Only administrators can do this.")
    expect(hers.get_by_role("button", name="Settings")).to_be_disabled()


def test_the_trail_has_what_was_done_and_refused_and_can_be_taken_along(
    set_up_town: Town, somebody: Somebody, tmp_path: Path
) -> None:
    integration_of(set_up_town, "gitlab", "Checkout bugs")
    alice, nora = somebody("admin"), somebody("nobody")
    nora.open()
    frame = alice.open_from_administration()
    ask_about(frame, "Gia Gitlab")
    frame.get_by_role("link", name="Audit").click()
    rows = frame.get_by_role("row")
    created = rows.filter(has_text="Gia Gitlab").filter(has_text="Create an integration")
    expect(created).to_contain_text("name: Checkout bugs")
    expect(rows.filter(has_text="Nora Nobody")).to_contain_text("in none of Getint's groups")
    frame.get_by_label("Answer").select_option("refused")
    frame.get_by_role("button", name="Filter").click()
    expect(created).to_have_count(0)
    expect(rows.filter(has_text="Nora Nobody")).to_have_count(1)
    frame.get_by_role("link", name="Clear").click()
    expect(created).to_have_count(1)

    with alice.page.expect_download() as download:
        frame.get_by_role("button", name="Export CSV").click()
    download.value.save_as(tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open() as file:
        table = list(csv.DictReader(file))
    with alice.page.expect_download() as download:
        frame.get_by_role("button", name="Export JSON lines").click()
    download.value.save_as(tmp_path / "audit.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert len(lines) >= len(table) >= 3
    assert {line["account"] for line in lines} >= {f"jira:{ACCOUNTS['gitlab']}"}


def test_the_help_shows_and_copies_what_support_asks_for(
    set_up_town: Town, somebody: Somebody
) -> None:
    gia = somebody("gitlab")
    gia.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    frame = gia.open_from_apps()
    frame.get_by_role("button", name="Help").click()
    dialog = frame.get_by_role("dialog", name="Help")
    instance_id = dialog.locator("code").inner_text()
    expect(dialog).to_contain_text("App version")
    dialog.get_by_role("button", name="Copy both").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert instance_id in gia.page.evaluate(COPIED)
    gia.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    go(frame, "Integrations")
