"""The trail is only added to, tells refusals once a minute, and leaves the house whole."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.access import Action, Answer, Decision, Reason
from app.audit.export import COLUMNS, csv_lines, json_lines
from app.audit.filters import AuditFilter, matching
from app.audit.reading import in_parts
from app.audit.trail import Refusals
from app.house import House
from app.identity.visit import Proof, Visit
from connect import LicenceState
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from sandbox.seed import ALICE, GIA, NORA
from tests.people import Visitor

As = Callable[..., Visitor]
MANY = 1_203


async def instance_of(house: House, sandbox: Sandbox) -> UUID:
    facts = await house.directory.find(sandbox.site.client_key)
    assert facts is not None
    return facts.instance_id


def add_entries(
    superuser: psycopg.Connection, instance_id: UUID, count: int = MANY, **columns: Any
) -> None:
    """Entries numbered by their thing_id, a minute apart, the newest now."""
    values = {
        "account": f"jira:{GIA}",
        "action": "create a connection",
        "allowed": True,
        "reason": "GRANTED",
        "details": "{}",
        **columns,
    }
    superuser.execute(
        "INSERT INTO audit_entries (instance_id, at, account, door, action, thing_kind, thing_id,"
        " allowed, reason, details) SELECT %(instance)s,"
        " now() - make_interval(mins => %(count)s - n),"
        " %(account)s, 'connect', %(action)s, 'connection', n::text, %(allowed)s, %(reason)s,"
        " %(details)s::jsonb FROM generate_series(1, %(count)s) n ORDER BY n + 0",
        {"instance": instance_id, "count": count, **values},
    )


async def exported(visitor: Visitor, query: str) -> list[dict[str, Any]]:
    answer = await visitor.get(f"/settings/audit/export?{query}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entries SET allowed = NOT allowed",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ],
)
async def test_the_database_refuses_to_change_or_lose_an_entry(
    house: House, installed: Sandbox, superuser: psycopg.Connection, change: str
) -> None:
    instance_id = await instance_of(house, installed)
    before = superuser.execute("SELECT * FROM audit_entries").fetchall()
    assert before
    with pytest.raises(DBAPIError, match="can only be added"):
        async with house.database.of_instance(instance_id) as session:
            await session.execute(text(change))
    assert superuser.execute("SELECT * FROM audit_entries").fetchall() == before


async def test_the_same_refusal_is_noted_once_a_minute(
    house: House, configured: Sandbox, superuser: psycopg.Connection
) -> None:
    facts = await house.directory.find(configured.site.client_key)
    assert facts is not None
    caller = await house.doors.connect.caller_of(facts, NORA, None, LicenceState.ACTIVE)
    now = 0.0
    refusals = Refusals(house.database, clock=lambda: now)

    async def refuse(action: Action, thing: str) -> int:
        visit = Visit(caller, facts, Proof.CONTEXT, action, LicenceState.ACTIVE, None)
        decision = Decision(action, Answer.NO, Reason.NO_ACCESS)
        await refusals.note(visit, decision, {"connection_id": thing})
        row = superuser.execute("SELECT count(*) FROM audit_entries WHERE NOT allowed").fetchone()
        assert row is not None
        return int(row[0])

    assert await refuse(Action.SEE_CONNECTION, "a") == 1
    now = 59.9
    assert await refuse(Action.SEE_CONNECTION, "a") == 1
    assert await refuse(Action.SEE_CONNECTION, "b") == 2
    assert await refuse(Action.CHANGE_CONNECTION, "a") == 3
    now = 60.0
    assert await refuse(Action.SEE_CONNECTION, "a") == 4


async def test_that_jira_was_away_is_nobodys_attempt(
    house: House, configured: Sandbox, superuser: psycopg.Connection
) -> None:
    facts = await house.directory.find(configured.site.client_key)
    assert facts is not None
    caller = await house.doors.connect.caller_of(facts, NORA, None, LicenceState.ACTIVE)
    visit = Visit(caller, facts, Proof.CONTEXT, Action.SET_UP, LicenceState.ACTIVE, None)
    unsure = Decision(Action.SET_UP, Answer.CANNOT_TELL, Reason.STANDING_NOT_CURRENT)
    await house.refusals.note(visit, unsure, {})
    assert superuser.execute("SELECT 1 FROM audit_entries WHERE NOT allowed").fetchall() == []


@pytest.mark.parametrize("path", ["/settings/access/bindings/%00/unbind", "/integrations/%00%ff"])
async def test_odd_addresses_are_refused_and_noted_without_harm(
    configured: Sandbox, as_: As, superuser: psycopg.Connection, path: str
) -> None:
    answer = await as_("nobody").get(path)
    assert answer.status_code in {403, 404, 422}
    noted = superuser.execute("SELECT thing_id FROM audit_entries WHERE NOT allowed").fetchall()
    assert all("\0" not in (thing_id or "") for (thing_id,) in noted)


async def test_a_refusal_is_shown_in_the_words_that_the_person_was_told(
    configured: Sandbox, as_: As
) -> None:
    await as_("nobody").get("/help")
    page = (await as_("admin").get("/settings/audit?answer=refused")).text
    assert "Nora Nobody" in page
    assert "in none of Getint&#39;s groups" in page


async def test_an_export_has_every_entry_once_and_in_order(
    house: House, configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    add_entries(superuser, await instance_of(house, configured))
    admin = as_("admin")
    rows = await exported(admin, "format=jsonl&action=create+a+connection")
    assert [row["thing_id"] for row in rows] == [str(n) for n in range(1, MANY + 1)]
    assert {row["person"] for row in rows} == {"Gia Gitlab"}
    answer = await admin.get("/settings/audit/export?format=csv&action=create+a+connection")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["thing_id"] for row in table] == [row["thing_id"] for row in rows]
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_an_export_cannot_be_put_into_a_page(configured: Sandbox, as_: As, form: str) -> None:
    address = f"/settings/audit/export?format={form}"
    answer = await as_("admin").get(address, headers={"HX-Target": "main#main"})
    assert answer.status_code == 422
    assert "a file, not a page" in answer.text


async def test_an_export_holds_only_a_part_in_memory(
    house: House, configured: Sandbox, superuser: psycopg.Connection
) -> None:
    instance_id = await instance_of(house, configured)
    add_entries(superuser, instance_id)
    statement = matching(instance_id, AuditFilter(action="create a connection"), None)
    sizes = [len(part) async for part in in_parts(house, instance_id, statement)]
    assert sum(sizes) == MANY
    assert max(sizes) <= 500


async def test_pages_show_every_entry_once_newest_first(
    house: House, configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    add_entries(superuser, await instance_of(house, configured), 120)
    seen: list[int] = []
    path = "/settings/audit?action=create+a+connection"
    while path:
        page = (await as_("admin").get(path)).text
        seen += [int(found) for found in re.findall(r"connection (\d+)</a>", page)]
        following = re.search(r'href="([^"]+)"[^>]*>Next<', page)
        path = following.group(1).replace("&amp;", "&") if following else ""
    assert seen == list(range(120, 0, -1))


async def test_each_filter_keeps_what_it_says(
    house: House, configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    instance_id = await instance_of(house, configured)
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("TRUNCATE audit_entries")
    superuser.execute("SET session_replication_role = origin")
    add_entries(superuser, instance_id, 2)
    add_entries(
        superuser, instance_id, 1, account=f"jira:{NORA}", allowed=False, reason="NO_ACCESS"
    )
    add_entries(superuser, instance_id, 1, account="atlassian", action="lifecycle: installed")
    superuser.execute(
        "ALTER TABLE audit_entries DISABLE TRIGGER append_only;"
        "UPDATE audit_entries SET at = '2026-03-01 23:59:59Z' WHERE account = 'atlassian';"
        "ALTER TABLE audit_entries ENABLE TRIGGER append_only"
    )
    expected = {
        "": 4,
        "person=gia": 2,
        f"person=jira:{NORA}": 1,
        "person=atlassian": 1,
        "person=nobody+has+this+name": 0,
        "action=create+a+connection": 3,
        "answer=allowed": 3,
        "answer=refused": 1,
        "thing=2": 1,
        "since=2026-03-01&until=2026-03-01": 1,
        "until=2026-02-28": 0,
        "since=2026-03-02": 3,
        "answer=allowed&person=gia&thing=1": 1,
    }
    admin = as_("admin")
    found = {query: len(await exported(admin, f"format=jsonl&{query}")) for query in expected}
    assert found == expected


async def test_a_name_that_jira_can_not_be_asked_for_is_said_not_guessed(
    configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    await admin.get("/help")
    configured.faults.add(Fault(FaultKind.FORBIDDEN, path="/rest/api/3/user/search"))
    page = await admin.get("/settings/audit?person=gia")
    assert (page.status_code, "Jira did not answer" in page.text) == (200, True)
    assert (await admin.get("/settings/audit/export?person=gia")).status_code == 503


@pytest.mark.parametrize(
    "query",
    [
        "before=0",
        "before=9223372036854775808",
        "before=x",
        "since=yesterday",
        "until=9999-12-31",
        "answer=maybe",
        "person=%00",
        "thing=a%00b",
        "action=" + "x" * 201,
        "format=exe",
    ],
)
async def test_odd_filters_are_refused_without_harm(
    configured: Sandbox, as_: As, query: str
) -> None:
    path = "/settings/audit/export" if query.startswith("format") else "/settings/audit"
    assert (await as_("admin").get(f"{path}?{query}")).status_code == 422


@pytest.mark.parametrize("person", ["gitlab", "azure", "nobody"])
@pytest.mark.parametrize("path", ["/settings/audit", "/settings/audit/export"])
async def test_only_administrators_read_the_trail(
    configured: Sandbox, as_: As, path: str, person: str
) -> None:
    assert (await as_(person).get(path)).status_code == 403


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_no_cell_is_a_formula_and_nothing_is_lost(value: str) -> None:
    line = csv_lines([[value, None, True, {"k": value}]])
    [row] = csv.reader(io.StringIO(line, newline=""))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert row[0].removeprefix("'") == value.removeprefix("'") or row[0] == value
    assert row[1:3] == ["", "true"]
    assert json.loads(row[3]) == {"k": value}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=20))
def test_json_lines_are_one_line_each_and_read_back(value: str) -> None:
    row = [value] * len(COLUMNS)
    line = json_lines([row])
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert json.loads(line) == dict(zip(COLUMNS, row, strict=True))


async def test_every_day_of_the_filter_is_whole_in_utc() -> None:
    wanted = AuditFilter.model_validate({"since": "2026-03-01", "until": "2026-03-01"})
    bounds = [
        value
        for value in matching(UUID(int=0), wanted, None).compile().params.values()
        if isinstance(value, datetime)
    ]
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert bounds == [start, start + timedelta(days=1)]


async def test_alice_is_named_though_only_her_account_id_is_stored(
    installed: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    await as_("admin").post("/set-up", data={"kind": "migration"})
    assert "Alice Admin" in (await as_("admin").get("/settings/audit")).text
    stored = superuser.execute("SELECT audit_entries::text FROM audit_entries").fetchall()
    assert ALICE in str(stored)
    assert "Alice" not in str(stored)
