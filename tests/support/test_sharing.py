"""A run is shared with support by its owner, by key, and taken back for good."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.database import Database
from app.encryption import CannotOpen, InstanceKey, MasterKeys
from app.house import House
from app.runs.rounds import destroy_expired_logs
from app.settings import Settings
from app.support.keys import SupportPrivateKeys, SupportPublicKeys, key_id
from app.support.reseal import reseal
from tests.people import Visitor
from tests.runs.reporting_kit import ALICE, GIA, SECRET, Reports
from tests.support.kit import ANOTHER_KEY, SUPPORT_KEY, Console, Desk

As = Callable[..., Visitor]
APPROVE, REVOKE = "/settings/account-access/approve", "/settings/account-access/revoke"
WEEK = {"end": "week"}
BACK = "UPDATE {} SET ended_at = NULL, ended_by = NULL"


def _public(*private: bytes) -> SupportPublicKeys:
    pairs = (X25519PrivateKey.from_private_bytes(key).public_key() for key in private)
    return SupportPublicKeys([half.public_bytes_raw() for half in pairs])


async def _shared(reports: Reports, as_: As) -> UUID:
    """A run that Gia shared, with access approved."""
    run = await reports.run(reports.integration())
    assert (await as_("admin").post(APPROVE, data=WEEK)).status_code == 200
    assert (await as_("gitlab").post(f"/runs/{run.id}/share", data=WEEK)).status_code == 200
    return run.id


async def test_what_is_shared_opens_with_supports_key_and_nothing_else_does(
    reports: Reports, as_: As, console: Console
) -> None:
    run_id = await _shared(reports, as_)
    kept = await reports.run(reports.integration("Kept"))
    lines = await console.log_of(reports.instance_id, run_id)
    assert lines[0].data == {"title": SECRET}
    with pytest.raises(LookupError):
        await console.log_of(reports.instance_id, kept.id)
    with pytest.raises(CannotOpen):
        await console.log_of(reports.instance_id, run_id, ANOTHER_KEY)


async def test_what_a_run_writes_after_it_was_shared_opens_too(
    reports: Reports, as_: As, console: Console
) -> None:
    run = await reports.run(reports.integration(), "running")
    await as_("admin").post(APPROVE, data=WEEK)
    await as_("gitlab").post(f"/runs/{run.id}/share", data=WEEK)
    await reports.log(run, [("info", "PAY-9", "", "Written later.")])
    lines = await console.log_of(reports.instance_id, run.id)
    assert lines[-1].message == "Written later."


@pytest.mark.parametrize("end", ["stop", "revoke"])
async def test_taking_back_destroys_the_key_of_support(
    end: str, reports: Reports, as_: As, console: Console, desk: Desk
) -> None:
    run_id = await _shared(reports, as_)
    path = f"/runs/{run_id}/stop-sharing" if end == "stop" else REVOKE
    assert (await as_("admin").post(path)).status_code == 200
    assert desk.shares() == [(GIA, True, ALICE, False)]
    with pytest.raises(LookupError):
        await console.log_of(reports.instance_id, run_id)
    assert (await as_("admin").post(f"/runs/{run_id}/stop-sharing")).status_code == 409


async def test_what_was_shared_before_access_is_approved_waits_without_a_key(
    reports: Reports, as_: As, console: Console, desk: Desk
) -> None:
    run = await reports.run(reports.integration())
    await as_("gitlab").post(f"/runs/{run.id}/share", data=WEEK)
    assert desk.shares() == [(GIA, False, None, False)]
    await as_("admin").post(APPROVE, data=WEEK)
    assert desk.shares() == [(GIA, False, None, True)]
    assert await console.log_of(reports.instance_id, run.id)


async def test_sharing_anew_takes_the_place_of_what_was_said_before(
    reports: Reports, as_: As, desk: Desk
) -> None:
    run_id = await _shared(reports, as_)
    await as_("admin").post(f"/runs/{run_id}/share", data={"end": "hour"})
    assert desk.shares() == [(GIA, True, ALICE, False), (ALICE, False, None, True)]


@pytest.mark.parametrize(
    ("person", "project", "status"),
    [("azure", None, 403), ("project", "PAY", 403), ("nobody", None, 403)],
)
async def test_nobody_but_owner_and_admins_shares_or_takes_back(
    person: str, project: str | None, status: int, reports: Reports, as_: As, desk: Desk
) -> None:
    run_id = await _shared(reports, as_)
    somebody = as_(person, from_project=project)
    for method, path in (("GET", "share"), ("POST", "share"), ("POST", "stop-sharing")):
        answer = await somebody.ask(method, f"/runs/{run_id}/{path}", data=WEEK)
        assert answer.status_code == status, path
    assert desk.shares() == [(GIA, False, None, True)]


async def test_a_run_without_a_log_can_not_be_shared_and_says_why(
    reports: Reports, as_: As, desk: Desk
) -> None:
    none = await reports.run(reports.integration("None"), lines=None)
    old = await reports.run(reports.integration("Old"), ago=timedelta(days=20))
    desk.superuser.execute(
        "UPDATE runs SET log_expires_at = now() - interval '1 day' WHERE id = %s", (old.id,)
    )
    for run, why in ((none, "none is kept"), (old, "has expired")):
        for method in ("GET", "POST"):
            answer = await as_("gitlab").ask(method, f"/runs/{run.id}/share", data=WEEK)
            assert answer.status_code == 409
            assert why in answer.text
        assert why in (await as_("gitlab").get(f"/runs/{run.id}")).text
    listed = (await as_("gitlab").get("/runs")).text
    assert "none is kept" in listed
    assert "has expired" in listed
    assert desk.shares() == []


async def test_without_a_key_of_support_nothing_is_shared_and_the_page_says_so(
    reports: Reports, as_: As, desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await reports.run(reports.integration())
    monkeypatch.setattr(house.support_keys, "_newest", None)
    assert "has given it no key" in (await as_("gitlab").get(f"/runs/{run.id}")).text
    answer = await as_("gitlab").post(f"/runs/{run.id}/share", data=WEEK)
    assert answer.status_code == 409
    assert desk.shares() == []


async def test_a_page_says_who_shared_it_and_until_when_and_why_not(
    reports: Reports, as_: As
) -> None:
    run_id = await _shared(reports, as_)
    for path in (f"/runs/{run_id}", f"/runs/{run_id}/sharing"):
        text = (await as_("gitlab").get(path)).text
        assert "Shared with support" in text
        assert "Gia" in text
        assert "Stop sharing" in text
    listed = (await as_("azure").get("/runs")).text
    assert "Stop sharing" in listed
    assert "Only its owner and administrators can do this" in listed
    page = (await as_("admin").get("/settings/account-access")).text
    assert f'hx-post="/runs/{run_id}/stop-sharing"' in page
    assert "Payroll" in page


async def test_a_destroyed_log_takes_supports_key_with_it(
    reports: Reports, as_: As, desk: Desk, database: Database
) -> None:
    await _shared(reports, as_)
    desk.superuser.execute("UPDATE runs SET log_expires_at = now() - interval '1 hour'")
    await destroy_expired_logs(database)
    assert desk.shares() == [(GIA, True, None, False)]


async def test_sharing_and_taking_back_at_once_leave_no_key_without_a_share(
    reports: Reports, as_: As, desk: Desk
) -> None:
    run_id = await _shared(reports, as_)
    acts = [f"/runs/{run_id}/share", f"/runs/{run_id}/stop-sharing", REVOKE, APPROVE] * 4
    answers = await asyncio.gather(*(as_("admin").post(path, data=WEEK) for path in acts))
    assert {answer.status_code for answer in answers} <= {200, 409}
    shares, grants = desk.shares(), desk.grants()
    assert len([share for share in shares if not share[1]]) <= 1
    assert len([grant for grant in grants if not grant[1]]) <= 1
    is_approved = any(not grant[1] for grant in grants)
    for _, is_over, _, has_key in shares:
        assert has_key == (not is_over and is_approved)


async def test_the_trail_tells_the_whole_story(reports: Reports, as_: As, desk: Desk) -> None:
    run_id = await _shared(reports, as_)
    await as_("admin").post(f"/runs/{run_id}/stop-sharing")
    await as_("admin").post(REVOKE)
    assert [(account, action) for account, _, action, _, _ in desk.trail()] == [
        (ALICE, "approve or revoke support access"),
        (GIA, "share a run with support"),
        (ALICE, "stop sharing a run with support"),
        (ALICE, "approve or revoke support access"),
    ]


async def test_the_database_lets_nothing_that_ended_come_back(
    reports: Reports, as_: As, desk: Desk
) -> None:
    run_id = await _shared(reports, as_)
    await as_("admin").post(f"/runs/{run_id}/stop-sharing")
    await as_("admin").post(REVOKE)
    for table in ("support_grants", "run_shares"):
        with pytest.raises(psycopg.errors.RaiseException, match="what has ended"):
            desk.superuser.execute(BACK.format(table))


async def test_the_keys_of_support_rotate_and_the_old_one_can_go(
    reports: Reports, as_: As, console: Console, database: Database, settings: Settings
) -> None:
    run_id = await _shared(reports, as_)
    masters, instance_id = MasterKeys(settings.master_keys), reports.instance_id
    newer = _public(ANOTHER_KEY, SUPPORT_KEY)
    done = await reseal(database, masters, newer)
    assert (done.count, done.failed) == (1, ())
    assert await console.log_of(instance_id, run_id, ANOTHER_KEY)
    with pytest.raises(CannotOpen):
        await console.log_of(instance_id, run_id, SUPPORT_KEY)
    assert (await reseal(database, masters, newer)).count == 0


async def test_an_instance_whose_key_does_not_open_is_told_by_reseal(
    reports: Reports, as_: As, database: Database
) -> None:
    await _shared(reports, as_)
    done = await reseal(database, MasterKeys([b"x" * 32]), _public(ANOTHER_KEY))
    assert (done.count, done.failed) == (0, (reports.instance_id,))


def test_a_sealed_key_opens_for_its_own_share_alone() -> None:
    instance, run, share, other = (UUID(int=number) for number in range(4))
    key = InstanceKey(b"k" * 32).run_key(InstanceKey(b"k" * 32).new_run_key(run), run)
    public, private = _public(SUPPORT_KEY), SupportPrivateKeys([ANOTHER_KEY, SUPPORT_KEY])
    sealed = public.seal(key, instance_id=instance, run_id=run, share_id=share)
    opened = private.open(
        sealed, public.newest_id, instance_id=instance, run_id=run, share_id=share
    )
    assert opened.open(key.seal(b"line", "log_chunks"), "log_chunks") == b"line"
    for moved in (
        {"instance_id": other, "run_id": run, "share_id": share},
        {"instance_id": instance, "run_id": other, "share_id": share},
        {"instance_id": instance, "run_id": run, "share_id": other},
    ):
        with pytest.raises(CannotOpen):
            private.open(sealed, public.newest_id, **moved)
    wrong = key_id(X25519PrivateKey.from_private_bytes(ANOTHER_KEY).public_key())
    for cut, name in ((sealed[:40], public.newest_id), (sealed, wrong), (sealed, "unheard of")):
        with pytest.raises(CannotOpen):
            private.open(cut, name, instance_id=instance, run_id=run, share_id=share)
