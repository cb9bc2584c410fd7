"""Letting support in and out with a real browser: approve, share, see looks, revoke."""

from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import FrameLocator, expect

from app.settings import Settings
from tests.browser.acts import go, reason_of
from tests.browser.conftest import Person
from tests.browser.test_reporting import Written
from tests.runs.reporting_kit import ALICE
from tests.support.kit import Desk
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


@pytest.fixture
def written(set_up_town: Town, settings: Settings, superuser: psycopg.Connection) -> Written:
    return Written(settings, superuser)


@pytest.fixture
def desk(superuser: psycopg.Connection) -> Desk:
    return Desk(superuser)


def _account_access(person: Person) -> FrameLocator:
    frame = person.open("configure")
    frame.get_by_role("link", name="Account access").click()
    expect(person.heading).to_have_text("Account access")
    return frame


def test_an_admin_approves_sees_looks_as_they_happen_and_revokes(
    written: Written, somebody: Somebody, desk: Desk
) -> None:
    run = written.run(written.integration("Payroll"))
    alice = somebody("admin")
    frame = _account_access(alice)
    state = frame.get_by_role("region", name="Getint access").get_by_role("status")
    expect(state).to_have_text("Not approved")
    assert alice.axe() == []
    frame.get_by_role("button", name="Approve Getint Access").click()
    dialog = frame.get_by_role("dialog")
    expect(dialog.get_by_label("Until")).to_have_value("week")
    dialog.get_by_label("Note").fill("Ticket 42")
    assert alice.axe() == []
    dialog.get_by_role("button", name="Approve").click()
    expect(state).to_have_text("Approved")
    expect(frame.get_by_role("region", name="Getint access")).to_contain_text("Ticket 42")

    sam = desk.agent("Sam")
    desk.superuser.execute(
        "INSERT INTO audit_entries (instance_id, account, door, action, thing_kind, thing_id,"
        " allowed, reason, details) VALUES (%s, %s, 'support',"
        " 'see that a run happened, its state and counts', 'run', %s, true, 'GRANTED',"
        ' \'{"page": "/runs"}\')',
        (written.plain.instance_id, f"agent:{sam}", str(run.id)),
    )
    looks = frame.get_by_role("table").filter(has_text="See that a run happened")
    expect(looks).to_contain_text("Sam (support)")
    desk.ask(desk.agent("Kim"), written.plain.instance_id, "T-7", "May I look at the failing run?")
    expect(frame.get_by_role("heading", name="Kim (support) asks for access")).to_be_visible()
    assert alice.axe() == []
    frame.get_by_role("button", name="Approve the request of Kim").click()
    expect(dialog).to_contain_text("takes the place of what is approved now")
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(frame.get_by_role("heading", name="asks for access")).to_have_count(0)
    frame.get_by_role("button", name="Revoke").click()
    expect(state).to_have_text("Not approved")
    assert [over for _, over, _ in desk.grants()] == [True, True]


def test_an_owner_shares_a_run_from_its_three_dots_and_takes_it_back_on_its_page(
    written: Written, somebody: Somebody, desk: Desk
) -> None:
    written.run(written.integration("Payroll"))
    written.run(written.integration("No log", owner=ALICE), lines=None)
    gia = somebody("gitlab")
    frame = gia.open()
    go(frame, "Reporting")
    row = frame.get_by_role("row").filter(has_text="Payroll")
    row.get_by_role("button", name="Actions for the run").click()
    entry = frame.get_by_role("menuitem", name="Share with Support")
    expect(entry).to_be_visible()
    assert gia.axe() == []
    entry.click()
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_contain_text("Access of support is not approved at the moment")
    expect(dialog.get_by_label("Until")).to_have_value("week")
    assert gia.axe() == []
    dialog.get_by_label("Until").select_option("hour")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog).to_be_hidden()
    row.get_by_role("button", name="Actions for the run").click()
    expect(frame.get_by_role("menuitem", name="Stop sharing")).to_be_visible()
    gia.page.keyboard.press("Escape")
    other = frame.get_by_role("row").filter(has_text="No log")
    other.get_by_role("button", name="Actions for the run").click()
    off = frame.get_by_role("menuitem", name="Share with Support")
    assert "Only its owner" in reason_of(off)
    gia.page.keyboard.press("Escape")

    row.get_by_role("link").click()
    sharing = frame.get_by_role("region", name="Sharing with support")
    expect(sharing).to_contain_text("Shared with support")
    assert gia.axe() == []
    sharing.get_by_role("button", name="Stop sharing").click()
    expect(sharing).to_contain_text("Not shared with support.")
    assert [over for _, over, _, _ in desk.shares()] == [True]


def test_an_admin_sees_which_runs_are_shared_and_stops_one(
    written: Written, somebody: Somebody, desk: Desk
) -> None:
    run = written.run(written.integration("Payroll"))
    desk.superuser.execute(
        "INSERT INTO run_shares (id, instance_id, run_id, shared_by)"
        " VALUES (gen_random_uuid(), %s, %s, %s)",
        (run.instance_id, run.id, ALICE),
    )
    alice = somebody("admin", width=400, dark=True)
    frame = _account_access(alice)
    shared = frame.get_by_role("table").filter(has_text="Payroll")
    expect(shared).to_contain_text("revoked")
    assert alice.axe() == []
    shared.get_by_role("button", name="Stop sharing").click()
    expect(frame.get_by_role("heading", name="Shared runs")).to_be_visible()
    expect(shared).to_have_count(0)
