"""Access ends when its time comes, whatever the clock does, and what ended is final."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.access import Action, Caller, Door, Place, decide
from app.database import Database
from app.support.rounds import end_support_access
from app.support.situation import support_situation
from tests.people import Visitor
from tests.runs.reporting_kit import GIA, Reports
from tests.support.kit import Console, Desk

As = Callable[..., Visitor]
PAST = "UPDATE {} SET ends_at = statement_timestamp() - interval '1 second'"
AHEAD = (
    "UPDATE {} SET known_at = statement_timestamp() + interval '3 days',"
    " ends_at = statement_timestamp() + interval '3 days 1 hour'"
)
LEFT = "SELECT extract(epoch FROM ends_at - statement_timestamp())::float FROM {}"


async def _approved(reports: Reports, as_: As) -> UUID:
    run = await reports.run(reports.integration())
    form = {"end": "hour"}
    await as_("admin").post("/settings/account-access/approve", data=form)
    await as_("gitlab").post(f"/runs/{run.id}/share", data=form)
    return run.id


async def _answers(database: Database, instance_id: UUID, *, shared: bool = True) -> list[bool]:
    """May support see a run, and read its log?"""
    async with database.of_instance(instance_id) as session:
        situation = await support_situation(session, instance_id)
    agent = Caller(instance_id, "agent:x", Door.SUPPORT, is_support=True, situation=situation)
    place = Place(instance_id, shared_with_support=shared)
    return [bool(decide(agent, action, place)) for action in (Action.SEE_RUN, Action.READ_LOG)]


@pytest.mark.parametrize("as_whom", ["app", "console"])
async def test_the_core_answers_support_by_what_is_approved_now(
    as_whom: str, reports: Reports, as_: As, console: Console, database: Database, desk: Desk
) -> None:
    its = database if as_whom == "app" else console.database
    assert await _answers(its, reports.instance_id) == [False, False]
    await _approved(reports, as_)
    assert await _answers(its, reports.instance_id) == [True, True]
    assert await _answers(its, reports.instance_id, shared=False) == [True, False]
    desk.superuser.execute(PAST.format("support_grants"))
    assert await _answers(its, reports.instance_id) == [False, False]


async def test_an_expired_grant_counts_no_more_before_any_round_came(
    reports: Reports, as_: As, console: Console, desk: Desk
) -> None:
    run_id = await _approved(reports, as_)
    desk.superuser.execute(PAST.format("support_grants"))
    assert "Not approved" in (await as_("admin").get("/settings/account-access")).text
    with pytest.raises(LookupError):
        await console.log_of(reports.instance_id, run_id)


async def test_an_expired_share_counts_no_more_before_any_round_came(
    reports: Reports, as_: As, console: Console, desk: Desk
) -> None:
    run_id = await _approved(reports, as_)
    desk.superuser.execute(PAST.format("run_shares"))
    assert "Not shared with support" in (await as_("gitlab").get(f"/runs/{run_id}/sharing")).text
    with pytest.raises(LookupError):
        await console.log_of(reports.instance_id, run_id)


async def test_a_round_makes_the_end_final_and_takes_the_keys(
    reports: Reports, as_: As, database: Database, desk: Desk
) -> None:
    await _approved(reports, as_)
    assert await end_support_access(database) == 0
    desk.superuser.execute(PAST.format("support_grants"))
    assert await end_support_access(database) == 2
    assert [(over, by) for _, over, by in desk.grants()] == [(True, None)]
    assert desk.shares() == [(GIA, True, None, False)]
    assert [entry[:3] for entry in desk.trail()[-2:]] == [
        ("getint", "getint", "support: access ran out"),
        ("getint", "getint", "support: sharing ran out"),
    ]
    assert await end_support_access(database) == 0
    audit = (await as_("admin").get("/settings/audit")).text
    assert "Support: access ran out" in audit


async def test_what_ran_out_before_any_round_came_is_not_brought_back_by_a_new_approval(
    reports: Reports, as_: As, desk: Desk
) -> None:
    run_id = await _approved(reports, as_)
    desk.superuser.execute(PAST.format("support_grants"))
    await as_("admin").post("/settings/account-access/approve", data={"end": "day"})
    assert desk.shares() == [(GIA, True, None, False)]
    assert [over for _, over, _ in desk.grants()] == [True, False]
    assert (await as_("gitlab").post(f"/runs/{run_id}/stop-sharing")).status_code == 409


async def test_a_share_ends_by_itself_and_the_access_goes_on(
    reports: Reports, as_: As, database: Database, desk: Desk
) -> None:
    await _approved(reports, as_)
    desk.superuser.execute(PAST.format("run_shares"))
    assert await end_support_access(database) == 1
    assert [over for _, over, _ in desk.grants()] == [False]


@pytest.mark.parametrize("table", ["support_grants", "run_shares"])
async def test_a_clock_that_jumps_back_gives_nobody_more_time(
    table: str, reports: Reports, as_: As, database: Database, desk: Desk
) -> None:
    """Seen at a time three days ahead with an hour left, an hour is left after the jump."""
    await _approved(reports, as_)
    desk.superuser.execute(AHEAD.format(table))
    assert await end_support_access(database) == 0
    assert _left(desk, table) == pytest.approx(3600, abs=30)


async def test_what_was_over_before_the_clock_jumped_back_stays_over(
    reports: Reports, as_: As, console: Console, database: Database, desk: Desk
) -> None:
    run_id = await _approved(reports, as_)
    desk.superuser.execute(
        "UPDATE support_grants SET known_at = statement_timestamp() + interval '2 days',"
        " ends_at = statement_timestamp() + interval '1 day'"
    )
    with pytest.raises(LookupError):
        await console.log_of(reports.instance_id, run_id)
    assert await end_support_access(database) == 2


def _left(desk: Desk, table: str) -> Any:
    row = desk.superuser.execute(LEFT.format(table)).fetchone()
    assert row
    return row[0]
