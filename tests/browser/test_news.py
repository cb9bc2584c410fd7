"""A member has GitLab tell at once, with a browser alone, and a change there starts a run."""

import re
import time
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from sandbox.gitlab.main import create_app
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import DEVELOPER_TOKEN, OWNER_TOKEN
from sandbox.gitlab.state import GitLabState
from tests.browser.acts import (
    PAY,
    SECRET,
    begin_to_create,
    create_connection,
    fill_in,
    go,
    open_integration,
    reason_of,
    told,
)
from tests.browser.conftest import Person
from tests.servers import free_port, serving
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    """A GitLab on a port of its own that knows the token which people enter."""
    port = free_port()
    program = create_app(GitLabState.fresh(f"http://localhost:{port}", issues=3), date_header=False)
    found: GitLab = program.state.standin
    found.state.tokens[SECRET] = found.state.tokens[OWNER_TOKEN]
    with serving(program, port):
        yield found


def kept_in_step(frame: FrameLocator, gitlab: GitLab) -> None:
    """Payroll, kept in step with acme/payments."""
    create_connection(frame, "Our GitLab", gitlab.state.base_url)
    go(frame, "Integrations")
    begin_to_create(frame)
    fill_in(frame, "Payroll", "GitLab", "acme/payments", PAY)
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Payroll")


def part_of(frame: FrameLocator) -> Locator:
    return frame.get_by_role("region", name="Be told at once")


def queued(superuser: psycopg.Connection) -> list[str]:
    rows = superuser.execute(
        "SELECT args ->> 'trigger' FROM procrastinate_jobs WHERE task_name = 'start_run'"
    )
    return [trigger for (trigger,) in rows]


def test_a_change_in_gitlab_starts_a_run_at_once(
    gitlab: GitLab, set_up_town: Town, somebody: Somebody, superuser: psycopg.Connection
) -> None:
    gia = somebody("gitlab")
    frame = gia.open()
    kept_in_step(frame, gitlab)
    part = part_of(frame)
    expect(part).to_contain_text(
        "GitLab can tell Getint as soon as something changes in acme/payments"
    )
    assert gia.axe() == []
    part.get_by_role("button", name="Switch on").press("Enter")
    expect(part).to_contain_text("Made by Getint in GitLab")
    expect(told(frame, "Last heard")).to_have_text("Nothing yet")
    assert gia.axe() == []

    changed = httpx.put(
        f"{gitlab.state.base_url}/api/v4/projects/acme%2Fpayments/issues/1",
        headers={"PRIVATE-TOKEN": OWNER_TOKEN},
        json={"title": "Changed"},
    )
    assert changed.status_code == 200
    deadline = time.monotonic() + 10
    while not queued(superuser) and time.monotonic() < deadline:
        gia.page.wait_for_timeout(50)
    assert queued(superuser) == ["tool"]
    open_integration(frame, "Payroll")
    expect(told(frame, "Last heard")).to_have_text(re.compile(r"UTC$"))

    axel = somebody("azure")
    theirs = axel.open()
    open_integration(theirs, "Payroll")
    button = part_of(theirs).get_by_role("button", name="Switch off")
    expect(button).to_have_attribute("aria-disabled", "true")
    assert "Who can help" in reason_of(button)

    part.get_by_role("button", name="Switch off").click()
    expect(part.get_by_role("button", name="Switch on")).to_be_visible()
    assert gitlab.state.projects[0].hooks == []


def test_what_has_to_be_entered_by_hand_is_shown_once_with_the_steps(
    gitlab: GitLab, set_up_town: Town, somebody: Somebody
) -> None:
    gitlab.state.tokens[SECRET] = gitlab.state.tokens[DEVELOPER_TOKEN]
    gia = somebody("gitlab")
    frame = gia.open()
    kept_in_step(frame, gitlab)
    part = part_of(frame)
    part.get_by_role("button", name="Switch on").click()
    expect(part).to_contain_text("One step is left, in GitLab")
    expect(part.get_by_role("listitem")).to_have_count(4)
    expect(told(frame, "Address")).to_contain_text(f"{set_up_town.app_url}/hooks/")
    secret = told(frame, "Secret").inner_text()
    assert secret.startswith("whsec_")
    assert gia.axe() == []
    open_integration(frame, "Payroll")
    expect(part).to_contain_text("To be made by hand in GitLab")
    expect(told(frame, "State").last).to_have_text("Waiting for GitLab")
    assert secret not in frame.locator("body").inner_text()
