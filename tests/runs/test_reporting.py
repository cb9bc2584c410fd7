"""Who sees which runs, filtered and a page at a time, and how they are told."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape

import httpx
import psycopg
import pytest
from sqlalchemy import text

from app.access import Caller
from app.database import Database
from app.runs.chart import HEIGHT, chart_of
from app.runs.reporting_list import ROWS, Day, RunFilters, list_statement
from app.runs.reporting_words import span
from tests.integrations.kit import words
from tests.people import Visitor
from tests.runs.reporting_kit import ALICE, GIA, OPS, SECRET, Reports

As = Callable[..., Visitor]


def listed(answer: httpx.Response) -> list[str]:
    """The names of the integrations in the rows, in order."""
    assert answer.status_code == 200, answer.text
    body = answer.text.partition('<div id="rows"')[2]
    return [unescape(name) for name in re.findall(r'<td class="name">(.*?)</td>', body)]


async def several(reports: Reports) -> None:
    payroll = reports.integration("Payroll")
    tickets = reports.integration("Tickets", project_id=OPS, tool="azure", owner=ALICE)
    await reports.run(payroll, ago=timedelta(days=9), trigger="hand")
    await reports.run(tickets, "failed", ago=timedelta(days=2), trigger="tool")
    await reports.run(payroll, "running", ago=timedelta(minutes=2))


async def test_each_person_sees_the_runs_of_what_they_see(reports: Reports, as_: As) -> None:
    await several(reports)
    everything = ["Payroll", "Tickets", "Payroll"]
    for person in ("admin", "gitlab", "azure"):
        assert listed(await as_(person).get("/runs")) == everything
    assert listed(await as_("project", from_project="PAY").get("/runs")) == ["Payroll", "Payroll"]
    assert (await as_("project").get("/runs")).status_code == 403
    assert (await as_("nobody").get("/runs")).status_code == 403


async def test_from_project_settings_even_an_admin_sees_that_project_only(
    reports: Reports, as_: As
) -> None:
    await several(reports)
    answer = await as_("admin", from_project="OPS").get("/runs")
    assert listed(answer) == ["Tickets"]
    assert "Runs of the Jira project OPS" in words(answer)
    assert "Payroll" not in answer.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=running", ["Payroll"]),
        ("state=failed", ["Tickets"]),
        ("trigger=hand", ["Payroll"]),
        ("trigger=jira", []),
        ("mine=yes", ["Tickets"]),
        ("since=24h", ["Payroll"]),
        ("since=7d", ["Payroll", "Tickets"]),
        ("since=30d", ["Payroll", "Tickets", "Payroll"]),
        ("since=30d&state=done&mine=", ["Payroll"]),
    ],
)
async def test_filters_find_what_they_say(
    reports: Reports, as_: As, query: str, found: list[str]
) -> None:
    await several(reports)
    assert listed(await as_("admin").get(f"/runs?{query}")) == found


async def test_the_page_of_an_integration_leads_to_its_runs(reports: Reports, as_: As) -> None:
    await several(reports)
    integration_id = reports.integration("Quiet")
    detail = await as_("gitlab").get(f"/integrations/{integration_id}")
    assert f'href="/runs?integration={integration_id}"' in detail.text
    assert (
        "Nothing matches" in (await as_("gitlab").get(f"/runs?integration={integration_id}")).text
    )
    await reports.run(integration_id)
    answer = await as_("gitlab").get(f"/runs?integration={integration_id}")
    assert listed(answer) == ["Quiet"]


@pytest.mark.parametrize(
    "query",
    ["state=odd", "trigger=1", "mine=no", "since=1h", "integration=x", "after=x", "before=%00"],
)
async def test_a_filter_that_no_list_links_to_is_refused(
    reports: Reports, as_: As, query: str
) -> None:
    assert (await as_("admin").get(f"/runs?{query}")).status_code == 422


async def test_every_run_is_on_exactly_one_page_in_both_directions(
    reports: Reports, as_: As
) -> None:
    integration_id = reports.integration()
    reports.superuser.execute(
        "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created, updated,"
        " skipped, failed, created_at) SELECT gen_random_uuid(), %s, %s,"
        " 'schedule', 'done', '{}', n, 0, 0, 0, now() - make_interval(secs => n - n %% 3)"
        " FROM generate_series(1, 60) n",
        (reports.instance_id, integration_id),
    )
    gia, pages, href = as_("gitlab"), [], "/runs"
    while href:
        answer = await gia.get(href)
        pages.append(re.findall(r'href="/runs/([0-9a-f-]{36})"', answer.text))
        following = re.search(r'href="([^"]*after=[^"]*)"', answer.text)
        href = unescape(following[1]) if following else ""
    assert [len(page) for page in pages] == [ROWS, ROWS, 10]
    assert len({run for page in pages for run in page}) == 60
    back = unescape(re.findall(r'href="([^"]*before=[^"]*)"', answer.text)[0])
    again = await gia.get(back)
    assert re.findall(r'href="/runs/([0-9a-f-]{36})"', again.text) == pages[1]


async def test_a_page_is_read_along_an_index(
    reports: Reports, as_: As, database: Database, superuser: psycopg.Connection
) -> None:
    integration_id = reports.integration()
    for each, runs in ((integration_id, 100), (reports.integration("Busy"), 20_000)):
        superuser.execute(
            "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created,"
            " updated, skipped, failed, created_at) SELECT gen_random_uuid(),"
            " %s, %s, 'schedule', 'done', '{}', 0, 0, 0, 0, now() - make_interval(secs => n)"
            " FROM generate_series(1, %s) n",
            (reports.instance_id, each, runs),
        )
    superuser.execute("ANALYZE runs")
    superuser.execute("ANALYZE integrations")
    caller = Caller(
        reports.instance_id,
        GIA,
        tools=frozenset({"gitlab"}),
        workspaces=frozenset({reports.workspace_id}),
    )
    for filters, index in (
        (RunFilters(), "runs_instance_id_created_at_id_idx"),
        (
            RunFilters(integration=str(integration_id)),
            "runs_instance_id_integration_id_created_at_id_idx",
        ),
    ):
        statement = list_statement(caller, None, reports.workspace_id, filters)
        written = statement.compile(
            dialect=database.engine.dialect, compile_kwargs={"literal_binds": True}
        )
        async with database.of_instance(reports.instance_id) as session:
            explained = await session.scalars(text(f"EXPLAIN {written}".replace(":", r"\:")))
        plan = "\n".join(explained)
        assert index in plan, plan
        assert "Sort" not in plan, plan


async def test_a_run_says_what_it_did_to_everybody_who_sees_it(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration(), failed=2, trigger="tool")
    told = words(await as_("azure").get(f"/runs/{run.id}"))
    for words_of_it in (
        "Done, some failed",
        "Took 1 min 20 s",
        "change in gitlab",
        "Created 3 Updated 20 Skipped 1 Failed 2",
    ):
        assert words_of_it in told


async def test_progress_is_told_while_a_run_goes_on_and_asks_for_itself(
    reports: Reports, as_: As
) -> None:
    run = await reports.run(reports.integration(), "running", expected=240)
    page = await as_("gitlab").get(f"/runs/{run.id}")
    assert 'max="240" value="24"' in page.text
    assert "24 of about 240 items" in words(page)
    state = f"/runs/{run.id}/state?seen=running"
    assert unescape(state) in unescape(page.text)
    unchanged = await as_("gitlab").get(state)
    assert "hx-trigger" not in unchanged.headers
    reports.superuser.execute("UPDATE runs SET state = 'done', finished_at = now()")
    ended = await as_("gitlab").get(state)
    assert "getint:run-changed" in ended.headers["hx-trigger"]
    assert "every" not in ended.text


async def test_an_open_run_is_in_no_list_of_another_project(reports: Reports, as_: As) -> None:
    run = await reports.run(reports.integration(project_id=OPS))
    for path in ("", "/state", "/failed", "/log", "/log/more", "/log/download"):
        answer = await as_("project", from_project="PAY").get(f"/runs/{run.id}{path}")
        assert answer.status_code == 404, path


async def test_items_that_fail_are_for_those_who_may_read_the_log(
    reports: Reports, as_: As
) -> None:
    integration_id = reports.integration()
    run = await reports.run(integration_id, failed=1)
    reports.failed_link(integration_id)
    answer = await as_("gitlab").get(f"/runs/{run.id}/failed")
    told = words(answer)
    assert "PAY-3 #9 GitLab refused the due date. 4" in told
    assert 'href="https://jira.example.com/browse/PAY-3"' in answer.text
    assert (await as_("azure").get(f"/runs/{run.id}/failed")).status_code == 403
    assert "PAY-3" not in (await as_("azure").get(f"/runs/{run.id}")).text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", "https:", "http://[", ""]
)
async def test_an_address_of_a_tool_that_is_no_web_address_is_no_link(
    reports: Reports, as_: As, url: str
) -> None:
    integration_id = reports.integration()
    run = await reports.run(integration_id)
    reports.failed_link(integration_id, jira_url=url, tool_url=url)
    answer = await as_("gitlab").get(f"/runs/{run.id}/failed")
    assert "PAY-3" in answer.text
    assert "<a " not in answer.text


async def test_what_was_entered_is_text_wherever_it_is_shown(reports: Reports, as_: As) -> None:
    bad = "<script>alert(1)</script>\"'{{7*7}}"
    integration_id = reports.integration(bad)
    run = await reports.run(integration_id, "held", reason=bad, lines=[("info", bad, bad, bad)])
    reports.failed_link(integration_id, jira_key=bad, tool_key=bad, problem=bad)
    gia = as_("gitlab")
    for path in ("/runs", f"/runs/{run.id}", f"/runs/{run.id}/failed", f"/runs/{run.id}/log"):
        answer = await gia.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text, path
        assert "{{7*7}}" in unescape(answer.text), path


async def test_the_last_30_days_are_told_as_a_picture_and_in_numbers(
    reports: Reports, as_: As
) -> None:
    integration_id = reports.integration()
    for state, failed, ago in (
        ("done", 0, 0),
        ("done", 0, 3),
        ("done", 2, 3),
        ("failed", 0, 3),
        ("cancelled", 0, 3),
        ("done", 0, 40),
    ):
        await reports.run(integration_id, state, failed=failed, ago=timedelta(days=ago), lines=None)
    answer = await as_("gitlab").get("/runs/days")
    told = words(answer)
    assert "5 runs in the last 30 days: 2 went well, 2 had failures, 1 open or cancelled." in told
    assert "style=" not in answer.text
    assert answer.text.count('<rect class="chart-well" x=') == 2
    assert "0 went well" not in told
    some = await as_("gitlab").get(f"/runs/days?integration={reports.integration('Quiet')}")
    assert "No runs in the last 30 days." in words(some)


def test_a_bar_never_leaves_the_chart_and_one_run_is_seen_beside_a_thousand() -> None:
    today = date(2025, 5, 1)
    for days in (
        [Day(today, 1000, 1, 1), Day(today, 1)],
        [Day(today, 1, 1, 1)],
        [Day(today)],
        [Day(today, 3), Day(today, 0, 0, 7)],
    ):
        chart = chart_of(days)
        assert all(bar.height >= 2 and bar.y >= 0 for bar in chart.bars)
        assert all(bar.y + bar.height <= HEIGHT for bar in chart.bars)
        parts = [(day.well > 0) + (day.with_failures > 0) + (day.other > 0) for day in days]
        assert len(chart.bars) == sum(parts)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert span(timedelta(seconds=seconds)) == told


async def test_nothing_yet_says_what_will_be_here(reports: Reports, as_: As) -> None:
    answer = await as_("gitlab").get("/runs")
    assert "Nothing has run yet" in words(answer)
    assert SECRET not in answer.text
