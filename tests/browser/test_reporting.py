"""Reporting with a real browser: what a run shows while it goes on, and its log."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from playwright.sync_api import expect

from app.database import Database
from app.runs.models import Run
from app.settings import Settings
from tests.browser.acts import go, reason_of
from tests.browser.conftest import Person
from tests.runs.reporting_kit import OPS, Reports
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
LONG = "Everything that the payments teams report, released and unreleased, to the platform group"


class Written:
    """The same as ``Reports``, from a test that has no loop of its own."""

    def __init__(self, settings: Settings, superuser: psycopg.Connection) -> None:
        self._settings = settings
        self.superuser = superuser
        self.plain = Reports(Database(settings), superuser, settings)

    def integration(self, name: str, **columns: Any) -> UUID:
        return self.plain.integration(name, **columns)

    def run(self, integration_id: UUID, state: str = "done", **columns: Any) -> Run:
        run: Run = self._done("run", integration_id, state, **columns)
        return run

    def log(self, run: Run, *messages: str, is_end: bool = False) -> None:
        lines = [("info", "PAY-4", "#4", message) for message in messages]
        self._done("log", run, lines, is_end=is_end)

    def _done(self, name: str, *given: Any, **named: Any) -> Any:
        async def do() -> Any:
            database = Database(self._settings)
            try:
                reports = Reports(database, self.superuser, self._settings)
                return await getattr(reports, name)(*given, **named)
            finally:
                await database.close()

        # Playwright's own loop stays in this thread.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(do())).result()


@pytest.fixture
def written(set_up_town: Town, settings: Settings, superuser: psycopg.Connection) -> Written:
    return Written(settings, superuser)


def test_a_run_is_followed_without_a_reload(written: Written, somebody: Somebody) -> None:
    run = written.run(written.integration("Payroll"), "running", expected=100)
    gia = somebody("gitlab")
    frame = gia.open()
    go(frame, "Reporting")
    frame.get_by_role("rowheader").get_by_role("link").click()
    expect(gia.heading).to_have_text("Payroll")
    progress = frame.get_by_role("progressbar")
    expect(progress).to_have_attribute("value", "24")
    log = frame.get_by_role("region", name="Lines of the log")
    expect(log).to_contain_text("Changed the title.")
    pause = frame.get_by_role("button", name="Pause")
    pause.focus()

    written.superuser.execute("UPDATE runs SET created = 30")
    written.log(run, "A line that came later.")
    expect(progress).to_have_attribute("value", "51")
    expect(log).to_contain_text("A line that came later.")
    expect(pause).to_be_focused()
    expect(log.get_by_text("Changed the title.")).to_have_count(1)

    written.log(run, "The last line.", is_end=True)
    written.superuser.execute("UPDATE runs SET state = 'done', finished_at = now()")
    expect(frame.locator("#run-state").get_by_role("status")).to_have_text("Done")
    expect(progress).to_have_count(0)
    expect(log).to_contain_text("The last line.")
    expect(log).to_contain_text("The end of the log.")


def test_the_log_is_filtered_and_downloaded(
    written: Written, somebody: Somebody, tmp_path: Path
) -> None:
    written.run(written.integration("Payroll"))
    gia = somebody("gitlab")
    frame = gia.open()
    go(frame, "Reporting")
    frame.get_by_role("rowheader").get_by_role("link").click()
    lines = frame.get_by_role("region", name="Lines of the log").get_by_role("listitem")
    expect(lines.first).to_contain_text("Changed the title.")
    frame.get_by_label("Lines", exact=True).select_option("error")
    expect(lines.first).to_contain_text("refused the due date")
    frame.get_by_label("Lines", exact=True).select_option("debug")
    expect(lines.first).to_contain_text("Changed the title.")
    frame.get_by_label("Item").fill("pay-2")
    gia.page.keyboard.press("Enter")
    expect(lines.first).to_contain_text("Its counterpart was deleted.")
    expect(frame.get_by_label("Item")).to_be_focused()
    with gia.page.expect_download() as caught:
        frame.get_by_role("button", name="Download").click()
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    assert file.suffix == ".jsonl"
    assert len(file.read_text().splitlines()) == 3


def test_another_member_sees_that_it_ran_and_why_they_may_not_read_its_log(
    written: Written, somebody: Somebody
) -> None:
    written.run(written.integration("Payroll"), failed=2)
    axel = somebody("azure")
    frame = axel.open()
    go(frame, "Reporting")
    expect(frame.get_by_role("table", name="Runs")).to_have_count(0)
    frame.get_by_role("rowheader").get_by_role("link").click()
    expect(axel.heading).to_have_text("Payroll")
    told = frame.get_by_role("main")
    expect(told).to_contain_text("You can't read this log")
    expect(told.get_by_text("Whom to ask:")).to_contain_text("Gia")
    again = frame.get_by_role("button", name="Run again")
    assert "Only its owner and administrators can do this" in reason_of(again)
    assert axel.axe() == []


def test_an_owner_says_that_what_is_missing_was_deleted(
    written: Written, somebody: Somebody
) -> None:
    integration_id = written.integration("Payroll", copies_deletions=True)
    written.plain.links(integration_id, 163)
    written.plain.links(integration_id, 237, missing_on="tool")
    written.run(integration_id, reason="237 of 400 linked items can no longer be found.")
    axel, gia = somebody("azure"), somebody("gitlab")
    for person in (axel, gia):
        frame = person.open()
        go(frame, "Reporting")
        frame.get_by_role("rowheader").get_by_role("link").click()
        expect(frame.get_by_text("Were they deleted in GitLab?")).to_be_visible()
        assert person.axe() == []
    reason = reason_of(axel.frame.get_by_role("button", name="They were deleted"))
    assert "Only its owner and administrators can do this" in reason
    frame.get_by_role("button", name="They were deleted").press("Enter")
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_contain_text("237 of 400 linked items can no longer be found in GitLab.")
    expect(dialog).to_contain_text("it deletes the 237 counterparts in Jira too")
    assert gia.axe() == []
    dialog.get_by_role("button", name="They were deleted").press("Enter")
    expect(dialog).to_have_count(0)
    expect(frame.get_by_text("Confirmed: they were deleted in GitLab")).to_be_visible()
    assert gia.axe() == []


def test_pausing_resuming_and_cancelling(written: Written, somebody: Somebody) -> None:
    written.run(written.integration("Payroll"), "running", lines=None)
    gia = somebody("gitlab")
    frame = gia.open()
    go(frame, "Reporting")
    frame.get_by_role("rowheader").get_by_role("link").click()
    state = frame.locator("#run-state").get_by_role("status")
    frame.get_by_role("button", name="Pause").click()
    expect(state).to_contain_text("Paused")
    frame.get_by_role("button", name="Resume").click()
    expect(state).to_contain_text("Waiting")
    frame.get_by_role("button", name="Cancel").click()
    expect(state).to_contain_text("Being cancelled")


def test_every_page_of_reporting_by_axe(
    written: Written, somebody: Somebody, set_up_town: Town
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    go(frame, "Reporting")
    expect(frame.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    assert gia.axe() == []
    integration_id = written.integration(LONG)
    for days in range(12):
        written.run(integration_id, failed=days % 3, ago=timedelta(days=days), lines=None)
    written.run(written.integration("Tickets", project_id=OPS), "failed", reason="GitLab is gone.")
    written.run(integration_id, "running", failed=2, expected=100)
    written.plain.failed_link(integration_id)
    frame = gia.open()
    go(frame, "Reporting")
    expect(frame.get_by_role("img", name="runs in the last 30 days")).to_be_visible()
    frame.get_by_text("Show the numbers").click()
    assert gia.axe() == []
    frame.get_by_label("State").select_option("cancelled")
    expect(frame.get_by_role("heading", name="Nothing matches")).to_be_visible()
    assert gia.axe() == []
    go(frame, "Reporting")
    frame.get_by_role("row").filter(has_text="Running").get_by_role("link").click()
    expect(frame.get_by_role("region", name="Lines of the log")).to_be_visible()
    expect(frame.get_by_role("region", name="Items that fail now")).to_be_visible()
    frame.get_by_text("What moved").first.click()
    assert gia.axe() == []
