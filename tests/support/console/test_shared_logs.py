"""Logs of shared runs open in the console, those of no others, and only while they are shared."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.access import Action
from app.instances.models import Instance
from app.integrations.models import Connection
from app.runs.models import LogChunk, Run
from app.support.console.customer import run_at, shared_runs
from app.support.console.looking import Looking
from app.support.console.main import create_console
from app.support.console.parts import Console
from app.support.console.settings import ConsoleSettings
from app.support.console.shared_log import export_of, reader_of
from tests.people import Visitor
from tests.runs.reporting_kit import LINES, SECRET, Reports
from tests.support.console.conftest import NewAgent, NewBrowser
from tests.support.console.kit import EMAIL, Operator
from tests.support.kit import ANOTHER_KEY

As = Callable[..., Visitor]
WEEK = {"end": "week"}
REVOKE = "/settings/account-access/revoke"


@pytest.fixture
async def shared(approved: UUID, reports: Reports, as_: As) -> str:
    """The address of a run whose log its owner shared."""
    run = await reports.run(reports.integration())
    assert (await as_("gitlab").post(f"/runs/{run.id}/share", data=WEEK)).status_code == 200
    return f"/instances/{approved}/runs/{run.id}"


def _openings(superuser: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return superuser.execute(
        "SELECT allowed, reason, details->>'log' FROM audit_entries"
        " WHERE door = 'support' AND action = 'read a run''s log and data' ORDER BY id"
    ).fetchall()


async def test_a_shared_log_is_shown_with_what_moved_and_each_opening_noted(
    shared: str, agent: NewAgent, superuser: psycopg.Connection[Any]
) -> None:
    sam = await agent()
    page = await sam.get(shared)
    assert f'hx-get="{shared}/log"' in page.text
    log = await sam.get(f"{shared}/log")
    assert all(message in log.text for *_, message in LINES)
    assert "Zoë" in log.text
    warnings = await sam.get(f"{shared}/log", params={"level": "warning"})
    assert LINES[0][3] not in warnings.text
    assert _openings(superuser) == [(True, "GRANTED", "shown")] * 2


async def test_the_log_of_another_run_is_refused_with_the_reason_and_that_is_noted(
    shared: str, agent: NewAgent, reports: Reports, superuser: psycopg.Connection[Any]
) -> None:
    kept = await reports.run(reports.integration("Kept"))
    base, _, _ = shared.rpartition("/")
    sam = await agent()
    page = await sam.get(f"{base}/{kept.id}")
    assert "Share with Support" in page.text
    for path in ("log", "log/more", "log/download"):
        answer = await sam.get(f"{base}/{kept.id}/{path}")
        assert (answer.status_code, "Share with Support" in answer.text) == (403, True)
        assert SECRET not in answer.text
    assert _openings(superuser) == [(False, "LOG_IS_THE_OWNERS", None)]


@pytest.mark.parametrize("how", ["stop", "revoke", "expire"])
async def test_what_was_taken_back_is_followed_no_further(
    how: str, shared: str, agent: NewAgent, as_: As, superuser: psycopg.Connection[Any]
) -> None:
    sam, run_id = await agent(), shared.rpartition("/")[2]
    assert (await sam.get(f"{shared}/log")).status_code == 200
    if how == "stop":
        await as_("gitlab").post(f"/runs/{run_id}/stop-sharing")
    elif how == "revoke":
        await as_("admin").post(REVOKE)
    else:
        superuser.execute("UPDATE run_shares SET ends_at = now() - interval '1 ms'")
    for path in ("log", "log/more", "log/download"):
        answer = await sam.get(f"{shared}/{path}")
        assert answer.status_code == (404 if how == "revoke" else 403)
        assert "Zoë" not in answer.text


async def test_an_export_says_of_whom_for_whom_and_when_it_is(
    shared: str,
    agent: NewAgent,
    approved: UUID,
    operator: Operator,
    superuser: psycopg.Connection[Any],
) -> None:
    sam = await agent()
    answer = await sam.get(f"{shared}/log/download")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    head = lines[0]
    assert head["instance"] == str(approved)
    assert head["run"] == shared.rpartition("/")[2]
    assert head["agent"] == EMAIL
    assert head["agent_id"] == str(operator.id_of())
    assert head["exported_at"].startswith("20")
    assert [line["message"] for line in lines[1:-1]] == [message for *_, message in LINES]
    assert lines[-1] == {"end": "complete"}
    assert _openings(superuser) == [(True, "GRANTED", "exported")]


@pytest.mark.parametrize("how", ["revoke", "stop", "sign out", "disable"])
async def test_an_export_under_way_is_cut_off_at_once(
    how: str,
    approved: UUID,
    agent: NewAgent,
    reports: Reports,
    operator: Operator,
    parts: Console,
    as_: As,
) -> None:
    run = await reports.run(reports.integration(), "running")
    for number in range(30):  # each a chunk of its own
        await reports.log(run, [("info", "", "", f"chunk {number}.")])
    await as_("gitlab").post(f"/runs/{run.id}/share", data=WEEK)
    sam = await agent()
    signed_in = await parts.sessions.find(sam.token)
    assert signed_in
    looking = Looking(parts, signed_in, approved, Action.READ_LOG)
    async with looking.opened() as look:
        at = await run_at(look.session, look.visit, str(run.id))
        look.note(log="exported")
    stream = export_of(looking, at, reader_of(looking, at))
    begun = [await anext(stream) for _ in range(3)]
    assert b"chunk 0." in begun[2]
    if how == "revoke":
        await as_("admin").post(REVOKE)
    elif how == "stop":
        await as_("admin").post(f"/runs/{run.id}/stop-sharing")
    elif how == "sign out":
        await sam.post("/sign-out")
    else:
        operator.disable()
    rest = [lines async for lines in stream]
    assert json.loads(rest[-1])["end"] == "cut off"
    assert b"chunk 29." not in b"".join(rest)


async def test_a_console_with_another_key_says_so_and_shows_nothing(
    shared: str,
    agent: NewAgent,
    new_browser: NewBrowser,
    console_settings: ConsoleSettings,
) -> None:
    sam = await agent()
    wrong = ConsoleSettings(
        **console_settings.model_dump(exclude={"support_private_keys"}),
        support_private_keys=base64.b64encode(ANOTHER_KEY).decode(),
    )
    app = create_console(wrong)
    async with app.router.lifespan_context(app):
        elsewhere = new_browser(app)
        elsewhere.http.cookies = sam.http.cookies
        assert (await elsewhere.get(shared)).status_code == 200
        for path in ("log", "log/more", "log/download"):
            answer = await elsewhere.get(f"{shared}/{path}")
            assert (answer.status_code, "no key for that log" in answer.text) == (409, True)
            assert "Zoë" not in answer.text


async def test_following_a_log_is_one_opening_and_can_not_be_made_up(
    shared: str, agent: NewAgent, superuser: psycopg.Connection[Any]
) -> None:
    sam = await agent()
    token = re.search(r'name="token" value="([^"]+)"', (await sam.get(f"{shared}/log")).text)
    assert token
    for given in (token[1], token[1]):
        await sam.get(f"{shared}/log/more", params={"token": given})
    assert len(_openings(superuser)) == 1
    other = await agent("other@vendor.example")
    for given in (token[1], "made-up", ""):
        assert (await other.get(f"{shared}/log/more", params={"token": given})).status_code == 200
    assert len(_openings(superuser)) == 4


async def test_with_database_and_settings_of_the_console_nothing_opens_but_what_is_shared(
    shared: str, reports: Reports, parts: Console, console_settings: ConsoleSettings
) -> None:
    kept = await reports.run(reports.integration("Kept"))
    held = {name: value for name, value in console_settings.model_dump().items() if value}
    assert not any("encryption" in name for name in held)
    async with parts.database.of_instance(reports.instance_id) as session:
        sealed = await session.scalars(select(LogChunk.run_id).distinct())
        assert [str(run_id) for run_id in sealed] == [shared.rpartition("/")[2]]
        assert kept.id not in await shared_runs(session)
    for secret in (Instance.wrapped_key, Run.wrapped_key, Connection.credentials):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with parts.database.of_instance(reports.instance_id) as session:
                await session.execute(select(secret))
