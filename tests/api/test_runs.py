"""Runs as programs start, follow and end them."""

from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.sync.side_schemas import SchemaReader
from app.tools.side import SideBusy
from tests.api.conftest import Programs
from tests.api.kit import V1, id_of
from tests.runs.kit import Customers
from tests.runs.reporting_kit import LINES, SECRET, Reports
from tests.sync.fake_sides import FakeSides


@pytest.fixture(autouse=True)
def sides(app: FastAPI) -> FakeSides:
    """Sides that cannot be read at the moment, which stops nothing."""
    found = FakeSides()
    found.tool.trouble = SideBusy("GitLab asks to wait.", 1.0)
    app.state.schemas = SchemaReader(found.open)
    return found


async def test_a_program_starts_a_run_once_and_ends_it(
    program_of: Programs, reports: Reports, customers: Customers
) -> None:
    alice = await program_of("admin")
    integration_id = customers.integration(reports.instance_id)
    path, key = f"/integrations/{integration_id}/runs", {"Idempotency-Key": str(uuid4())}
    started = await alice.post(path, headers=key)
    run_id = id_of(started)
    assert id_of(await alice.post(path, headers=key)) == run_id
    another = await alice.post(path)
    assert another.status_code == 409
    assert "open already" in another.json()["detail"]
    paused = await alice.post(f"/runs/{run_id}/pause")
    assert paused.json()["state"] == "paused"
    assert (await alice.post(f"/runs/{run_id}/resume")).json()["state"] == "waiting"
    assert (await alice.post(f"/runs/{run_id}/cancel")).json()["state"] == "cancelling"
    listed = (await alice.get(f"/runs?integration_id={integration_id}&state=cancelling")).json()
    assert [each["id"] for each in listed["items"]] == [run_id]


async def test_what_stops_a_run_is_told(program_of: Programs, reports: Reports) -> None:
    gia, integration_id = await program_of("gitlab"), reports.integration()
    stopped = await gia.post(f"/integrations/{integration_id}/runs")
    assert stopped.status_code == 409
    assert stopped.json()["detail"]


async def test_a_log_is_read_line_by_line_by_its_owner_alone_and_that_is_noted(
    program_of: Programs, reports: Reports
) -> None:
    gia, axel = await program_of("gitlab"), await program_of("azure")
    run = await reports.run(reports.integration())
    part = (await gia.get(f"/runs/{run.id}/log")).json()
    assert [line["message"] for line in part["lines"]] == [line[3] for line in LINES]
    assert part["lines"][0]["data"] == {"title": SECRET}
    assert (part["is_all"], part["next"]) == (True, None)
    graver = (await gia.get(f"/runs/{run.id}/log?level=error")).json()["lines"]
    assert [line["jira"] for line in graver] == ["PAY-3"]
    assert (await axel.get(f"/runs/{run.id}")).status_code == 200
    refused = await axel.get(f"/runs/{run.id}/log")
    assert (refused.status_code, refused.json()["reason"]) == (403, "LOG_IS_THE_OWNERS")
    assert SECRET not in refused.text
    noted = [entry for entry in reports.trail() if entry[1] and "log" in entry[4]]
    assert noted
    for wrong in ("mark=x", "level=loud", "item=%00", "x=1"):
        assert (await gia.get(f"/runs/{run.id}/log?{wrong}")).status_code == 422, wrong


async def test_a_run_that_goes_on_is_followed_and_noted_once(
    program_of: Programs, reports: Reports
) -> None:
    gia = await program_of("gitlab")
    run = await reports.run(reports.integration(), "running")
    first = (await gia.get(f"/runs/{run.id}/log")).json()
    assert first["next"]
    before = len(reports.trail())
    await reports.log(run, [("info", "PAY-9", "", "Made.")])
    more = (await gia.get(first["next"].removeprefix(V1))).json()
    assert [line["jira"] for line in more["lines"]] == ["PAY-9"]
    assert len(reports.trail()) == before


async def test_a_run_of_somebody_else_is_not_changed(
    program_of: Programs, reports: Reports
) -> None:
    axel = await program_of("azure")
    run = await reports.run(reports.integration(), "running")
    for what in ("pause", "resume", "cancel", "retry"):
        refused = await axel.post(f"/runs/{run.id}/{what}")
        assert (refused.status_code, refused.json()["reason"]) == (403, "NOT_OWNER"), what
    assert (await axel.get(f"/runs/{uuid4()}")).status_code == 404
