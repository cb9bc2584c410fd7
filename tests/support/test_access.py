"""A customer lets support in and shuts it out, and sees who asked and who looked."""

from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest

from sandbox.running import Sandbox
from sandbox.site import ADMINISTRATORS
from tests.people import ACCOUNTS, Visitor
from tests.runs.reporting_kit import ALICE, Reports
from tests.security.test_row_security import fill
from tests.support.kit import Desk

As = Callable[..., Visitor]
ROOT = "/settings/account-access"


@pytest.mark.parametrize(
    ("end", "hours"), [("hour", 1), ("day", 24), ("week", 168), ("month", 720), ("revoked", None)]
)
async def test_an_admin_approves_until_when_they_say(
    end: str, hours: int | None, reports: Reports, desk: Desk, as_: As
) -> None:
    form = {"end": end, "note": "Ticket 42"}
    assert (await as_("admin").post(f"{ROOT}/approve", data=form)).status_code == 200
    row = desk.superuser.execute(
        "SELECT extract(epoch FROM ends_at - approved_at) / 3600, note, ended_at"
        " FROM support_grants"
    ).fetchone()
    assert row == (hours, "Ticket 42", None)
    page = (await as_("admin").get(ROOT)).text
    assert "Approved" in page
    assert "Ticket 42" in page
    assert "Alice" in page
    ((account, door, action, allowed, details),) = desk.trail()
    assert (account, door, allowed) == (ALICE, "connect", True)
    assert action == "approve or revoke support access"
    assert details["note"] == "Ticket 42"


async def test_a_new_approval_takes_the_place_of_the_earlier(
    reports: Reports, desk: Desk, as_: As
) -> None:
    for end in ("revoked", "hour"):
        await as_("admin").post(f"{ROOT}/approve", data={"end": end})
    assert desk.grants() == [(ALICE, True, ALICE), (ALICE, False, None)]


@pytest.mark.parametrize("person", ["gitlab", "nobody"])
async def test_nobody_but_admins_governs_support_access(
    person: str, reports: Reports, desk: Desk, as_: As
) -> None:
    for method, path in (
        ("GET", ROOT),
        ("GET", f"{ROOT}/state"),
        ("GET", f"{ROOT}/approve"),
        ("POST", f"{ROOT}/approve"),
        ("POST", f"{ROOT}/revoke"),
        ("POST", f"{ROOT}/requests/{uuid4()}/approve"),
        ("POST", f"{ROOT}/requests/{uuid4()}/decline"),
    ):
        answer = await as_(person).ask(method, path, data={"end": "hour"})
        assert answer.status_code == 403, (method, path)
    assert desk.grants() == []


async def test_what_an_admin_approved_stays_when_they_lose_that_right_and_any_admin_revokes_it(
    reports: Reports, configured: Sandbox, desk: Desk, as_: As
) -> None:
    configured.site.add_member(ADMINISTRATORS, ACCOUNTS["nobody"])
    nora = f"jira:{ACCOUNTS['nobody']}"
    await as_("nobody").post(f"{ROOT}/approve", data={"end": "week"})
    configured.site.remove_member(ADMINISTRATORS, ACCOUNTS["nobody"])
    await as_("admin").post("/settings/access/check-again")
    assert (await as_("nobody").post(f"{ROOT}/revoke")).status_code == 403
    page = (await as_("admin").get(ROOT)).text
    assert "Approved by" in page
    assert "Nora" in page
    assert (await as_("admin").post(f"{ROOT}/revoke")).status_code == 200
    assert desk.grants() == [(nora, True, ALICE)]
    assert desk.trail()[-1][4]["approved by"] == nora


async def test_revoking_twice_is_told(reports: Reports, as_: As) -> None:
    await as_("admin").post(f"{ROOT}/approve", data={"end": "week"})
    assert (await as_("admin").post(f"{ROOT}/revoke")).status_code == 200
    assert (await as_("admin").post(f"{ROOT}/revoke")).status_code == 409


@pytest.mark.parametrize("form", [{}, {"end": "year"}, {"end": "week", "note": "a\nb"}])
async def test_what_no_form_sends_is_refused(
    form: dict[str, str], reports: Reports, desk: Desk, as_: As
) -> None:
    assert (await as_("admin").post(f"{ROOT}/approve", data=form)).status_code == 422
    assert desk.grants() == []


async def test_a_lapsed_licence_stands_in_nobodys_way(
    reports: Reports, as_: As, configured: Sandbox
) -> None:
    """Of taking back: a run is not shared anew without one, but it can be taken back."""
    run = await reports.run(reports.integration())
    gia = as_("gitlab")
    await as_("admin").post(f"{ROOT}/approve", data={"end": "week"})
    assert (await gia.post(f"/runs/{run.id}/share", data={"end": "week"})).status_code == 200
    configured.host.set_licence("lapsed")
    assert (await as_("admin").open("general")).status_code == 200
    assert (await gia.post(f"/runs/{run.id}/share", data={"end": "week"})).status_code == 403
    assert (await gia.post(f"/runs/{run.id}/stop-sharing")).status_code == 200
    assert (await as_("admin").post(f"{ROOT}/revoke")).status_code == 200


async def test_a_request_is_answered_once(reports: Reports, desk: Desk, as_: As) -> None:
    desk.ask(desk.agent("Sam"), reports.instance_id, "T-77", "I <b>see</b> failing runs.")
    ((request_id, _),) = desk.requests()
    page = (await as_("admin").get(ROOT)).text
    assert "Sam (support) asks for access" in page
    assert "T-77" in page
    assert "I &lt;b&gt;see&lt;/b&gt; failing runs." in page
    assert "Sam" in (await as_("admin").get(f"{ROOT}/requests/{request_id}/approve")).text
    path = f"{ROOT}/requests/{request_id}"
    assert (await as_("admin").post(f"{path}/approve", data={"end": "day"})).status_code == 200
    assert desk.requests() == [(request_id, "approved")]
    assert desk.grants() == [(ALICE, False, None)]
    assert (await as_("admin").post(f"{path}/decline")).status_code == 409
    assert (await as_("admin").post(f"{path}/approve", data={"end": "day"})).status_code == 409
    assert len(desk.grants()) == 1


async def test_a_declined_request_gives_nothing_and_waits_a_day(
    reports: Reports, desk: Desk, as_: As
) -> None:
    sam = desk.agent()
    desk.ask(sam, reports.instance_id)
    ((request_id, _),) = desk.requests()
    assert (await as_("admin").post(f"{ROOT}/requests/{request_id}/decline")).status_code == 200
    desk.ask(sam, reports.instance_id)
    assert desk.requests() == [(request_id, "declined")]
    assert desk.grants() == []
    assert [entry[2] for entry in desk.trail()] == [
        "support: asked for access",
        "approve or revoke support access",
    ]
    desk.superuser.execute("UPDATE support_requests SET answered_at = now() - interval '25 hours'")
    desk.ask(sam, reports.instance_id)
    assert len(desk.requests()) == 2


async def test_a_forged_request_comes_to_nothing(
    reports: Reports, other_site: Sandbox, desk: Desk, as_: As, superuser: psycopg.Connection
) -> None:
    """Of an agent who is none, was removed or asks again; and one of another customer."""
    superuser.execute("SELECT ask_for_support_access(%s, %s, '', '')", (uuid4(), uuid4()))
    desk.ask(uuid4(), reports.instance_id)
    desk.ask(desk.agent(state="disabled"), reports.instance_id)
    assert desk.requests() == []
    sam = desk.agent()
    for _ in range(3):
        desk.ask(sam, reports.instance_id)
    assert len(desk.requests()) == 1
    with pytest.raises(psycopg.errors.RaiseException):
        desk.ask(desk.agent(), reports.instance_id, "x" * 101)
    theirs = superuser.execute(
        "SELECT instance_id FROM installations WHERE client_key = %s",
        (other_site.site.client_key,),
    ).fetchone()
    assert theirs
    fill(superuser, theirs[0])
    (foreign,) = superuser.execute(
        "SELECT id FROM support_requests WHERE instance_id = %s", (theirs[0],)
    ).fetchone() or (None,)
    answer = await as_("admin").post(f"{ROOT}/requests/{foreign}/approve", data={"end": "day"})
    assert answer.status_code == 404


async def test_a_customer_has_at_most_twenty_open_requests(reports: Reports, desk: Desk) -> None:
    for _ in range(25):
        desk.ask(desk.agent(), reports.instance_id)
    assert len(desk.requests()) == 20


async def test_every_look_is_on_the_page_and_in_the_trail_with_the_agents_name(
    reports: Reports, desk: Desk, as_: As
) -> None:
    sam, run = desk.agent("Sam"), await reports.run(reports.integration("Payroll"))
    desk.superuser.execute(
        "INSERT INTO audit_entries (instance_id, account, door, action, thing_kind, thing_id,"
        " allowed, reason, details) VALUES (%s, %s, 'support', 'read a run''s log and data',"
        " 'run', %s, true, 'GRANTED', '{\"log\": \"shown\"}')",
        (reports.instance_id, f"agent:{sam}", str(run.id)),
    )
    for path in (ROOT, f"{ROOT}/state", "/settings/audit", "/settings/audit/export?format=jsonl"):
        text = (await as_("admin").get(path)).text
        assert "Sam (support)" in text, path
        assert str(run.id) in text, path
    assert str(run.id) in (await as_("admin").get(f"/settings/audit?person=agent:{sam}")).text


async def test_leaving_ends_what_was_approved_and_coming_back_does_not_bring_it_back(
    reports: Reports, configured: Sandbox, desk: Desk, as_: As
) -> None:
    run = await reports.run(reports.integration())
    await as_("admin").post(f"{ROOT}/approve", data={"end": "revoked"})
    await as_("admin").post(f"/runs/{run.id}/share", data={"end": "revoked"})
    await configured.host.uninstall()
    await configured.host.install("http://localhost:8000/atlassian-connect.json")
    assert [over for _, over, _ in desk.grants()] == [True]
    assert [(over, key) for _, over, _, key in desk.shares()] == [(True, False)]
