"""Who makes previews, what is not run without one, and who reads what was found."""

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.database import Database
from app.runs.life import finish_unchecked, locked, start_unchecked
from app.sync.findings import Tally
from app.sync.side_schemas import SchemaReader
from app.tools.side import AccessLost
from sandbox.running import Sandbox
from tests.integrations.kit import connected, created, words
from tests.people import Visitor
from tests.runs.reporting_kit import Reports
from tests.runs.test_reporting_changes import run_in
from tests.sync.fake_sides import FakeSides
from tests.sync.test_mapping_pages import mapped

As = Callable[..., Visitor]
STARTS_WITH_FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def sides(app: FastAPI, configured: Sandbox) -> FakeSides:
    """Jira and GitLab as the pages read them."""
    found = FakeSides()
    app.state.schemas = SchemaReader(found.open)
    return found


@pytest.fixture
async def of_kind(as_: As, sides: FakeSides) -> Callable[[str], Any]:
    """Makes Gia's integration or migration with GitLab, with its bugs mapped; its address."""

    async def make(kind: str) -> str:
        gia = as_("gitlab")
        connection = await connected(gia)
        its = f"/integrations/{await created(gia, connection_id=connection, kind=kind)}"
        await mapped(gia, its)
        return its

    return make


def end_preview(superuser: psycopg.Connection, run_id: str, findings: bytes | None = None) -> None:
    superuser.execute(
        "UPDATE runs SET state = 'done', finished_at = now(), created = 5, updated = 2,"
        " skipped = 1, findings = %s WHERE id = %s",
        (findings, run_id),
    )


def button(section: httpx.Response, name: str) -> str:
    """The tag of the button with this id, and what is said of it when it is off."""
    assert section.status_code == 200, section.text
    at = section.text.index(f'id="{name}"')
    begin = section.text.rindex("<button", 0, at)
    return section.text[begin : section.text.index("</span>", section.text.index("</button>", at))]


async def test_a_migration_is_run_once_its_preview_was_made_and_still_holds(
    as_: As, of_kind: Callable[[str], Any], superuser: psycopg.Connection
) -> None:
    its, gia = await of_kind("migration"), as_("gitlab")
    early = await gia.post(f"{its}/run")
    assert early.status_code == 409
    assert "no preview of this one was made yet. Make a preview, then run it." in words(early)
    off = button(await gia.get(f"{its}/start"), "start-run")
    assert 'aria-disabled="true"' in off
    assert "no preview of this one was made" in off

    preview = await gia.post(f"{its}/preview")
    assert "Preview of" in words(preview)
    assert (await gia.post(f"{its}/run")).status_code == 409  # it is not there yet
    end_preview(superuser, run_in(preview))
    section = await gia.get(f"{its}/start")
    assert "Migrated: 0 of 7" in words(section)
    assert "counted 5 to be created, 2 linked already, 1 left alone" in words(section)
    assert "hx-post" in button(section, "start-run")

    superuser.execute("UPDATE type_mappings SET version = version + 1")
    late = await gia.post(f"{its}/run")
    assert late.status_code == 409
    assert "changed after its preview" in words(late)
    assert "Out of date" in words(await gia.get(f"{its}/start"))
    superuser.execute("UPDATE type_mappings SET version = version - 1")
    assert (await gia.post(f"{its}/run")).status_code == 200


@pytest.mark.parametrize("kind", ["integration", "migration"])
async def test_nothing_is_started_on_a_mapping_that_is_known_to_fail(
    kind: str, as_: As, of_kind: Callable[[str], Any], superuser: psycopg.Connection
) -> None:
    its, gia = await of_kind(kind), as_("gitlab")
    superuser.execute("UPDATE type_mappings SET tool_type = 'Gone'")
    refused = await gia.post(f"{its}/run")
    assert refused.status_code == 409
    assert "Bug and Gone: GitLab has no type “Gone”" in words(refused)
    section = await gia.get(f"{its}/start")
    assert "Before it can run" in words(section)
    assert f'href="{its}/mappings/' in section.text
    assert 'aria-disabled="true"' in button(section, "start-run")
    assert "hx-post" in button(section, "start-preview")


async def test_a_place_that_is_gone_stops_it_and_a_warning_does_not(
    as_: As, of_kind: Callable[[str], Any], sides: FakeSides, app: FastAPI
) -> None:
    its, gia = await of_kind("integration"), as_("gitlab")
    sides.tool.trouble = AccessLost("GitLab has no such project, or the account may not see it.")
    app.state.schemas = SchemaReader(sides.open)
    refused = await gia.post(f"{its}/run")
    assert refused.status_code == 409
    assert "GitLab has no such project" in words(refused)
    sides.tool.trouble = None
    assert (await gia.post(f"{its}/run")).status_code == 200


async def test_its_owner_alone_makes_a_preview_and_one_at_a_time(
    as_: As, of_kind: Callable[[str], Any], superuser: psycopg.Connection
) -> None:
    its = await of_kind("integration")
    assert (await as_("azure").post(f"{its}/preview")).status_code == 403
    section = await as_("azure").get(f"{its}/start")
    assert "Only its owner and administrators" in button(section, "start-preview")
    preview = await as_("gitlab").post(f"{its}/preview")
    assert preview.status_code == 200
    again = await as_("gitlab").post(f"{its}/preview")
    assert again.status_code == 409
    assert "open already" in words(again)
    superuser.execute("UPDATE runs SET state = 'done'")
    superuser.execute("UPDATE integrations SET state = 'paused'")
    paused = await as_("gitlab").post(f"{its}/preview")
    assert paused.status_code == 409
    assert "paused" in words(paused)


async def test_a_preview_is_no_run_of_its_integration(
    as_: As,
    of_kind: Callable[[str], Any],
    superuser: psycopg.Connection,
    database: Database,
    reports: Reports,
) -> None:
    its, gia = await of_kind("integration"), as_("gitlab")
    end_preview(superuser, run_in(await gia.post(f"{its}/preview")))
    assert "Nothing has run yet" in words(await gia.get("/runs"))
    integration_id = UUID(its.rpartition("/")[2])
    async with database.of_instance(reports.instance_id) as session:
        by_itself = await start_unchecked(session, reports.instance_id, integration_id, "jira")
    assert by_itself is None  # its owner has yet to say that the mapping is as they want it


async def test_what_a_preview_found_is_for_those_who_may_read_the_log(
    as_: As, of_kind: Callable[[str], Any], superuser: psycopg.Connection, reports: Reports
) -> None:
    its, gia, axel = await of_kind("migration"), as_("gitlab"), as_("azure")
    run_id = run_in(await gia.post(f"{its}/preview"))
    tally = Tally()
    tally.misfit("priority: this choice is not mapped.", "PAY-4711")
    found = tally.findings().model_copy(update={"labels": {"priority": "Priority"}})
    end_preview(superuser, run_id, found.sealed(reports.key, UUID(run_id)))
    page = words(await axel.get(f"/runs/{run_id}"))
    assert "To be created 5 Linked already 2 Left alone 1" in page
    assert "You can't see what it found" in page
    assert "Whom to ask" in page
    for path in ("report", "report/download"):
        refused = await axel.get(f"/runs/{run_id}/{path}")
        assert refused.status_code == 403
        assert "PAY-4711" not in refused.text
    for person in ("gitlab", "admin"):
        download = await as_(person).get(f"/runs/{run_id}/report/download")
        assert (read(download)[1][:6]) == [
            "did not fit",
            "",
            "",
            "",
            "Priority: this choice is not mapped.",
            "1",
        ]
    opened = [entry for entry in reports.trail() if entry[4].get("report") == "downloaded"]
    assert len(opened) == 2


async def test_a_migration_s_report_is_a_page_and_a_file_without_formulas(
    as_: As, of_kind: Callable[[str], Any], superuser: psycopg.Connection, reports: Reports
) -> None:
    its = await of_kind("migration")
    integration_id = UUID(its.rpartition("/")[2])
    run = await reports.run(integration_id, trigger="hand", created=2, failed=1)
    tally = Tally()
    tally.rows[("jira", STARTS_WITH_FORMULA, "To Do")] = {"created": 2, "failed": 1}  # type: ignore[assignment]
    sealed = tally.findings().sealed(reports.key, run.id)
    superuser.execute("UPDATE runs SET findings = %s WHERE id = %s", (sealed, run.id))
    for number in range(3):
        reports.failed_link(integration_id, problem=f"Reason {number}")
    gia = as_("gitlab")
    assert f'hx-get="/runs/{run.id}/report"' in (await gia.get(f"/runs/{run.id}")).text
    section = words(await gia.get(f"/runs/{run.id}/report"))
    assert "What became of the items" in section
    assert "Everything that is mapped did fit." in section
    rows = read(await gia.get(f"/runs/{run.id}/report/download"))
    assert rows[1] == ["items", "Jira", f"'{STARTS_WITH_FORMULA}", "To Do", "Created", "2", ""]
    failed = [row for row in rows if row[0] == "failed"]
    assert sorted(row[4] for row in failed) == ["Reason 0", "Reason 1", "Reason 2"]
    assert {row[6] for row in failed} == {"PAY-3 #9"}
    as_page = await gia.get(f"/runs/{run.id}/report/download", headers={"HX-Target": "main"})
    assert as_page.status_code == 422


async def test_a_stale_preview_says_so(
    as_: As, of_kind: Callable[[str], Any], superuser: psycopg.Connection
) -> None:
    its, gia = await of_kind("migration"), as_("gitlab")
    run_id = run_in(await gia.post(f"{its}/preview"))
    end_preview(superuser, run_id)
    assert "out of date" not in words(await gia.get(f"/runs/{run_id}/report"))
    superuser.execute("UPDATE integrations SET jql = 'type = Task'")
    assert "This preview is out of date" in words(await gia.get(f"/runs/{run_id}/report"))


def read(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text)))


async def test_the_list_and_the_page_of_a_run_show_how_far_it_is(as_: As, reports: Reports) -> None:
    integration_id = reports.integration("Payroll")
    run = await reports.run(integration_id, "running", expected=100, lines=None)
    assert "24 of about 100" in words(await as_("gitlab").get("/runs"))
    state = words(await as_("gitlab").get(f"/runs/{run.id}/state"))
    assert "24 of about 100 items, about 31 min" in state
    assert (await as_("gitlab").get(f"/runs/{uuid4()}/report")).status_code == 404


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
async def test_however_a_preview_ends_the_items_that_it_read_are_forgotten(
    state: str,
    as_: As,
    of_kind: Callable[[str], Any],
    superuser: psycopg.Connection,
    database: Database,
    reports: Reports,
) -> None:
    run_id = run_in(await as_("gitlab").post(f"{await of_kind('migration')}/preview"))
    superuser.execute(
        "INSERT INTO previewed_items (instance_id, run_id, side, item_id, key, moves)"
        " VALUES (%s, %s, 'jira', '1', 'PAY-1', true)",
        (reports.instance_id, run_id),
    )
    async with database.of_instance(reports.instance_id) as session:
        run = await locked(session, UUID(run_id))
        assert run is not None
        await finish_unchecked(session, run, state)
    assert superuser.execute("SELECT count(*) FROM previewed_items").fetchone() == (0,)


async def test_while_a_run_is_open_its_page_does_not_ask_the_sides_again(
    as_: As, of_kind: Callable[[str], Any], sides: FakeSides, app: FastAPI
) -> None:
    its, gia = await of_kind("integration"), as_("gitlab")
    app.state.schemas = SchemaReader(sides.open)
    await gia.post(f"{its}/preview")
    asked = sides.jira.asked
    section = await gia.get(f"{its}/start")
    assert "every 5s" in section.text
    assert "A preview is open" in words(section)
    assert sides.jira.asked == asked


async def test_parts_of_a_page_that_ask_at_the_same_time_ask_the_sides_once(
    as_: As, of_kind: Callable[[str], Any], sides: FakeSides, app: FastAPI
) -> None:
    its, gia = await of_kind("integration"), as_("gitlab")
    app.state.schemas = SchemaReader(sides.open)
    asked = sides.jira.asked
    await asyncio.gather(*(gia.get(f"{its}/{part}") for part in ("start", "mappings/problems")))
    assert sides.jira.asked == asked + 1
