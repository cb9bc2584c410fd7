"""An owner migrates with a browser alone: looks at it first, runs it, reads the report."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, expect

from sandbox.gitlab.main import create_app as create_gitlab
from sandbox.gitlab.seed import OWNER_TOKEN, PAYMENTS, fresh_gitlab
from sandbox.seed_issues import seed_projects
from tests.browser.acts import PAY, begin_to_create, fill_in, go, reason_of
from tests.browser.conftest import Person
from tests.servers import free_port, serving
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


@pytest.fixture
def gitlab() -> Iterator[str]:
    """The address of a GitLab with nothing in its project."""
    port = free_port()
    with serving(create_gitlab(fresh_gitlab(f"http://localhost:{port}", 0)), port) as address:
        yield address


@pytest.fixture(autouse=True)
def work_to_migrate(set_up_town: Town) -> None:
    """PAY as it is seeded."""
    seed_projects(set_up_town.sandbox.site, "PAY")


def created(frame: FrameLocator, address: str) -> None:
    """A migration of PAY's issues to GitLab, with a connection."""
    go(frame, "Connections")
    frame.get_by_role("link", name="Create a connection").click()
    frame.get_by_role("textbox", name="Name", exact=True).fill("Our GitLab")
    frame.locator("#field-tool label").get_by_text("GitLab", exact=True).click()
    frame.get_by_label("Address of GitLab").fill(address)
    frame.get_by_label("Access token").fill(OWNER_TOKEN)
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("rowheader", name="Our GitLab")).to_be_visible()
    go(frame, "Integrations")
    begin_to_create(frame)
    frame.get_by_text("Migration", exact=True).click()
    fill_in(frame, "Payments", "GitLab", PAYMENTS, PAY)
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_label("JQL filter").fill("type in (Task, Epic)")
    frame.get_by_label("Direction").select_option("to_tool")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Payments")


def test_a_migration_from_preview_to_report(
    worker: None, gitlab: str, somebody: Somebody, tmp_path: Path
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    created(frame, gitlab)
    start = frame.get_by_role("region", name="Migrate")
    run = start.get_by_role("button", name="Run now")
    expect(start).to_contain_text("Nothing is mapped, so a run would find nothing to do.")
    assert "Nothing is mapped" in reason_of(run)
    assert gia.axe() == []
    frame.get_by_role("button", name="Propose mappings").click()
    expect(start).to_contain_text("no preview of this one was made yet")

    start.get_by_role("button", name="Preview").click()
    expect(gia.heading).to_have_text("Preview of Payments")
    state = frame.locator("#run-state")
    expect(state.get_by_role("status")).to_have_text("Done", timeout=60_000)
    report = frame.get_by_role("region", name="What a run would do")
    expect(report.get_by_role("table").first).to_contain_text("Task")
    expect(report).to_contain_text("A run would take about")
    assert gia.axe() == []

    state.get_by_role("button", name="Run now").click()
    expect(gia.heading).to_have_text("Payments")
    expect(state.get_by_role("status")).to_contain_text("Done", timeout=90_000)
    report = frame.get_by_role("region", name="What became of the items")
    expect(report.get_by_role("columnheader", name="Created")).to_be_visible()
    assert gia.axe() == []
    expect(frame.get_by_role("region", name="Lines of the log")).to_be_visible()
    with gia.page.expect_download() as caught:
        report.get_by_role("button", name="Download the report").click()
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    assert file.read_text().startswith("part,side,type,status,what,count,items")

    frame.get_by_role("link", name="Integration", exact=True).click()
    expect(start.get_by_role("progressbar")).to_have_accessible_name("Migrated: 75 of 75")
    assert gia.axe() == []
