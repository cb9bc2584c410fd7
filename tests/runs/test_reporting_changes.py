"""What can be done to a run from its page, and by whom."""

import re
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from app.sync.side_schemas import SchemaReader
from app.tools.side import SideBusy
from tests.integrations.kit import flag, words
from tests.people import Visitor
from tests.runs.kit import Customers
from tests.runs.reporting_kit import Reports
from tests.sync.fake_sides import FakeSides

As = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def sides(app: FastAPI) -> FakeSides:
    """Sides that cannot be read at the moment, which stops nothing."""
    found = FakeSides()
    found.tool.trouble = SideBusy("GitLab asks to wait.", 1.0)
    app.state.schemas = SchemaReader(found.open)
    return found


def run_in(answer: httpx.Response) -> str:
    """The id of the run that a page is about."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'hx-get="/runs/([0-9a-f-]{36})/state', answer.text)
    assert found, answer.text
    return found[1]


def states(reports: Reports) -> list[str]:
    """Those of today: an integration was run before."""
    rows = reports.superuser.execute(
        "SELECT state FROM runs WHERE created_at > now() - interval '12 hours' ORDER BY created_at"
    ).fetchall()
    return [row[0] for row in rows]


async def test_an_owner_starts_a_run_and_sees_it_and_there_is_one_at_a_time(
    reports: Reports, as_: As, customers: Customers
) -> None:
    integration_id = customers.integration(reports.instance_id)
    url = f"/integrations/{integration_id}/run"
    assert (await as_("azure").post(url)).status_code == 403
    started = await as_("gitlab").post(url)
    assert "Started by: by hand" in words(started)
    assert flag(started)["title"].endswith("runs")
    assert states(reports) == ["waiting"]
    again = await as_("gitlab").post(url)
    assert again.status_code == 409
    assert "open already" in again.text
    seen = await as_("azure").get(f"/runs/{run_in(started)}")
    assert "Waiting" in words(seen)


async def test_a_run_is_paused_resumed_and_cancelled_by_its_owner_alone(
    reports: Reports, as_: As, customers: Customers
) -> None:
    integration_id = customers.integration(reports.instance_id)
    run_id = run_in(await as_("gitlab").post(f"/integrations/{integration_id}/run"))
    for path, state in (("pause", "paused"), ("resume", "waiting"), ("cancel", "cancelling")):
        refused = await as_("azure").post(f"/runs/{run_id}/{path}")
        assert refused.status_code == 403
        assert "Only its owner and administrators" in refused.text
        changed = await as_("gitlab").post(f"/runs/{run_id}/{path}")
        assert changed.status_code == 200, changed.text
        assert "getint:run-changed" in changed.headers["hx-trigger"]
        assert states(reports) == [state]
    late = await as_("gitlab").post(f"/runs/{run_id}/resume")
    assert late.status_code == 409


async def test_what_failed_is_tried_again_in_a_new_run(
    reports: Reports, as_: As, customers: Customers
) -> None:
    integration_id = customers.integration(reports.instance_id)
    ended = await reports.run(integration_id, failed=1)
    reports.failed_link(integration_id)
    again = await as_("gitlab").post(f"/runs/{ended.id}/retry")
    assert run_in(again) != str(ended.id)
    assert states(reports) == ["done", "waiting"]
    row = reports.superuser.execute("SELECT attempts, try_again_at <= now() FROM links").fetchone()
    assert row == (0, True)


async def test_what_is_held_is_tried_again_now(
    reports: Reports, as_: As, customers: Customers
) -> None:
    integration_id = customers.integration(reports.instance_id)
    held = await reports.run(integration_id, "held", reason="GitLab refused the credentials.")
    page = words(await as_("azure").get(f"/runs/{held.id}"))
    assert "GitLab refused the credentials." in page
    again = await as_("gitlab").post(f"/runs/{held.id}/retry")
    assert run_in(again) == str(held.id)
    assert states(reports) == ["waiting"]
