"""Who sets up how an integration maps, what they are shown, and what is refused on the way."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.sync.side_schemas import SchemaReader
from app.tools.items import FieldInfo, FieldKind, Schema
from app.tools.side import AccessLost, SideBusy
from sandbox.running import Sandbox
from tests.integrations.kit import OPS, PAY, connected, created, flag, integration, words
from tests.people import Visitor
from tests.sync.fake_sides import FakeSides
from tests.sync.lifelike import GITLAB, ISSUE, JIRA

As = Callable[..., Visitor]
_MAPPING = re.compile(r"/mappings/([0-9a-f-]{36})")


@pytest.fixture(autouse=True)
def ready(configured: Sandbox) -> Sandbox:
    return configured


@pytest.fixture
def sides(app: FastAPI) -> FakeSides:
    """Jira and GitLab as the pages read them."""
    found = FakeSides()
    app.state.schemas = SchemaReader(found.open)
    return found


@pytest.fixture
async def its(as_: As, sides: FakeSides) -> str:
    """The address of Gia's integration with GitLab, connected."""
    gia = as_("gitlab")
    return f"/integrations/{await created(gia, connection_id=await connected(gia))}"


@pytest.fixture
async def bugs(as_: As, its: str) -> str:
    """The address of its mapping of bugs."""
    return f"{its}/mappings/{await mapped(as_('gitlab'), its)}"


async def mapped(visitor: Visitor, its: str, jira: str = "Bug", tool: str = "Issue") -> str:
    form = {"jira_type": jira, "tool_type": tool}
    answer = await visitor.post(f"{its}/mappings", data=form)
    assert answer.status_code == 200, words(answer)
    found = _MAPPING.search(answer.text)
    assert found
    return found[1]


def stored(superuser: psycopg.Connection) -> dict[str, Any]:
    row = superuser.execute("SELECT rules FROM type_mappings").fetchone()
    assert row
    rules: dict[str, Any] = row[0]
    return rules


def listed(superuser: psycopg.Connection) -> list[tuple[Any, ...]]:
    return superuser.execute(
        "SELECT jira_type, tool_type, enabled FROM type_mappings ORDER BY position"
    ).fetchall()


def rows(name: str, pairs: Mapping[str, str]) -> dict[str, str]:
    """A list of names and what they become, as the dialogs send it."""
    sent: dict[str, str] = {}
    for number, (here, there) in enumerate(pairs.items()):
        sent |= {f"{name}.{number}.name": here, f"{name}.{number}.to": there}
    return sent


STATUSES = {"version": "1", "status_way": "both"}
TEAM = FieldInfo("team", "Team", FieldKind.OPTION, options=("Crimson", "Navy"))


async def test_what_is_likely_the_same_is_proposed_and_added_once(
    as_: As, its: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    page = words(await gia.get(its))
    assert "Type mappings" in page
    assert "No types are mapped yet" in words(await gia.get(f"{its}/mappings"))
    first = await gia.post(f"{its}/mappings/propose")
    assert flag(first) == {
        "title": "2 added",
        "body": "Bug with Issue, Story with Issue",
        "kind": "success",
    }
    assert flag(await gia.post(f"{its}/mappings/propose"))["title"] == "Nothing more to propose"
    assert listed(superuser) == [("Bug", "Issue", True), ("Story", "Issue", True)]
    section = words(await gia.get(f"{its}/mappings"))
    assert "6 fields, 3 statuses, 1 person" in section


async def test_a_mapping_is_added_with_a_proposal_and_shown_in_the_words_of_both_sides(
    as_: As, its: str, sides: FakeSides
) -> None:
    gia = as_("gitlab")
    dialog = await gia.get(f"{its}/mappings/new")
    assert '<option value="Bug" selected>' in dialog.text
    assert '<option value="Issue" selected>' in dialog.text
    mapping = await mapped(gia, its)
    page = words(await gia.get(f"{its}/mappings/{mapping}"))
    for told in ("Story points", "Weight", "Gia Rossi", "Gia R.", "Resolution: Done"):
        assert told in page
    assert "customfield_10016" not in page
    assert (sides.jira.asked, sides.tool.asked) == (1, 1)


@pytest.mark.parametrize(
    "form", [{"jira_type": "Gone", "tool_type": "Issue"}, {"jira_type": "Bug", "tool_type": ""}]
)
async def test_types_that_are_not_there_are_not_mapped(
    as_: As, its: str, superuser: psycopg.Connection, form: dict[str, str]
) -> None:
    answer = await as_("gitlab").post(f"{its}/mappings", data=form)
    assert answer.status_code == 422
    assert listed(superuser) == []


async def test_others_see_the_mapping_and_are_told_why_they_may_not_change_it(
    as_: As, bugs: str, its: str, superuser: psycopg.Connection
) -> None:
    axel = as_("azure")
    page = await axel.get(bugs)
    assert page.status_code == 200
    assert "Story points" in words(page)
    assert "Only its owner and administrators can do this." in words(page)
    section = await axel.get(f"{its}/mappings")
    assert "Only its owner and administrators can do this." in words(section)
    before = stored(superuser)
    for path in ("/field", "/filled", "/statuses", "/person", "/rest", "/delete"):
        assert (await axel.get(f"{bugs}{path}")).status_code == 403
        assert (await axel.post(f"{bugs}{path}", data={"version": "1"})).status_code == 403
    for path in ("/switch", "/copy", "/move", "/remove"):
        assert (await axel.post(f"{bugs}{path}")).status_code == 403
    assert stored(superuser) == before
    assert len(listed(superuser)) == 1


async def test_a_mapping_is_found_below_its_own_integration_only(
    as_: As, bugs: str, its: str
) -> None:
    gia = as_("gitlab")
    other = await created(gia, project_id=OPS)
    mapping = bugs.rpartition("/")[2]
    for path in (f"/integrations/{other}/mappings/{mapping}", f"{its}/mappings/x"):
        assert (await gia.get(path)).status_code == 404
    from_pay = as_("project", from_project="PAY")
    hidden = await created(gia, project_id=OPS)
    assert (await from_pay.get(f"/integrations/{hidden}/mappings")).status_code == 404


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (SideBusy("GitLab asks to wait a minute.", 60.0), "GitLab asks to wait a minute."),
        (AccessLost("GitLab does not accept the token any more."), "does not accept the token"),
    ],
)
async def test_a_side_that_cannot_be_read_leaves_the_mapping_to_be_read_and_not_changed(
    as_: As,
    bugs: str,
    sides: FakeSides,
    superuser: psycopg.Connection,
    *,
    trouble: Exception,
    told: str,
) -> None:
    gia, before = as_("gitlab"), stored(superuser)
    sides.tool.trouble = trouble
    page = await gia.get(f"{bugs}?anew=1")
    assert page.status_code == 200
    assert told in words(page)
    assert "customfield_10016" in words(page)
    assert "Try again" in words(page)
    assert page.text.count('aria-disabled="true"') > 4
    for path in ("/field", "/statuses", "/person", "/rest"):
        assert (await gia.get(f"{bugs}{path}")).status_code == 503
    answer = await gia.post(f"{bugs}/statuses", data=STATUSES)
    assert answer.status_code == 503
    assert stored(superuser) == before
    sides.tool.trouble = None
    assert "Story points" in words(await gia.get(f"{bugs}?anew=1"))


async def test_without_a_connection_nobody_is_asked(as_: As, sides: FakeSides) -> None:
    gia = as_("gitlab")
    its = f"/integrations/{await created(gia)}"
    assert "No connection to GitLab is chosen yet." in words(
        await gia.get(f"{its}/mappings/problems")
    )
    assert (await gia.get(f"{its}/mappings/new")).status_code == 409
    assert sides.tool.asked == 0


async def test_problems_are_told_before_anything_runs(
    as_: As, bugs: str, its: str, sides: FakeSides
) -> None:
    gia = as_("gitlab")
    fits = await gia.get(f"{its}/mappings/problems")
    assert "All that is mapped fits both sides" in words(fits)
    fewer = tuple(it for it in ISSUE.fields if it.id != "labels")
    sides.tool.held = Schema((replace(ISSUE, fields=fewer),), GITLAB.people)
    for page in (f"{its}/mappings/problems?anew=1", bugs):
        told = words(await gia.get(page))
        assert "GitLab has no field “labels” for this type." in told
        assert "Choose another field, or remove it from the mapping." in told
    await gia.post(f"{bugs}/switch", data={"enabled": "false"})
    told = words(await gia.get(f"{its}/mappings/problems"))
    assert "All type mappings are switched off" in told
    assert "labels" not in told


async def test_a_pair_of_fields_is_added_changed_and_removed(
    as_: As, bugs: str, sides: FakeSides, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    sides.tool.held = Schema((replace(ISSUE, fields=(*ISSUE.fields, TEAM)),), GITLAB.people)
    await gia.get(f"{bugs}?anew=1")
    part = await gia.get(f"{bugs}/field-part?jira=customfield_10020&tool=team")
    assert part.text.count("<select") == 4
    pair = {"row": "", "jira": "customfield_10020", "tool": "team", "way": "both"}
    chosen = rows("to_tool", {"Red": "Crimson", "Blue": ""}) | rows("to_jira", {"Navy": "Blue"})
    answer = await gia.post(f"{bugs}/field", data={"version": "1", **pair, **chosen})
    assert answer.status_code == 200, words(answer)
    assert "getint:close-dialog" in answer.headers["hx-trigger"]
    assert stored(superuser)["fields"][-1]["options"] == [["Red", "Crimson"], ["Blue", "Navy"]]
    again = {"version": "2", **pair, "row": "6", "way": "to_tool"}
    assert (await gia.post(f"{bugs}/field", data=again)).status_code == 200
    fields = stored(superuser)["fields"]
    assert (len(fields), fields[6]["way"], fields[6]["options"]) == (7, "to_tool", [])
    gone = {"version": "3", "part": "fields", "row": "6"}
    assert (await gia.post(f"{bugs}/remove", data=gone)).status_code == 200
    assert len(stored(superuser)["fields"]) == 6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"jira": "gone"}, "Choose one of those that are there."),
        ({"tool": ""}, "A field of the tool's is needed."),
        ({"tool": "due"}, "is labels, “Due date” is date"),
        ({"way": "sideways"}, "Choose one of the options."),
        ({"row": "99"}, "It is not there any more."),
        ({"jira": "x\x00"}, "It has signs that cannot be stored."),
        ({"extra": "1"}, "does not belong to it"),
    ],
)
async def test_a_pair_that_cannot_be_is_refused_with_the_reason(
    as_: As, bugs: str, superuser: psycopg.Connection, change: dict[str, str], told: str
) -> None:
    before = stored(superuser)
    pair = {"version": "1", "row": "", "jira": "labels", "tool": "labels", "way": "both"}
    answer = await as_("gitlab").post(f"{bugs}/field", data={**pair, **change})
    assert answer.status_code == 422
    assert told in words(answer)
    assert stored(superuser) == before


async def test_a_field_is_filled_with_a_value_or_a_text(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    part = await gia.get(f"{bugs}/filled-part?field=jira:priority")
    assert '<option value="Highest">' in part.text
    assert "{weight}" in part.text
    for number, (field, text) in enumerate(
        [("jira:priority", "High"), ("tool:description", "From {key}: {customfield_10016}")], 1
    ):
        form = {"version": str(number), "row": "", "field": field, "text": text}
        answer = await gia.post(f"{bugs}/filled", data=form)
        assert answer.status_code == 200, words(answer)
    assert [(it["side"], it["field"], it["text"]) for it in stored(superuser)["filled"]] == [
        ("jira", "priority", "High"),
        ("tool", "description", "From {key}: {customfield_10016}"),
    ]


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("tool:weight", "heavy", "This field takes number."),
        ("tool:description", "{nothing}", "Jira has no field {nothing}."),
        ("tool:nothing", "x", "Choose one of those that are there."),
        ("nowhere:weight", "1", "A field cannot be used like this."),
        ("tool:weight", "", "A text is needed."),
    ],
)
async def test_a_filling_that_cannot_be_is_refused(
    as_: As, bugs: str, *, field: str, text: str, told: str
) -> None:
    form = {"version": "1", "row": "", "field": field, "text": text}
    answer = await as_("gitlab").post(f"{bugs}/filled", data=form)
    assert answer.status_code == 422
    assert told in words(answer)


async def test_statuses_are_set_both_ways_with_what_moves_demand(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    dialog = await gia.get(f"{bugs}/statuses")
    assert "Resolution on the way to Done in Jira" in words(dialog)
    there = rows("to_tool", {"To Do": "opened", "In Progress": "opened", "Done": "closed"})
    back = rows("to_jira", {"opened": "In Progress", "closed": ""})
    demand = {"side": "jira", "status": "Done", "field": "resolution", "text": "Won't do"}
    demands = {f"demands.0.{name}": value for name, value in demand.items()}
    answer = await gia.post(f"{bugs}/statuses", data={**STATUSES, **there, **back, **demands})
    assert answer.status_code == 200, words(answer)
    found = stored(superuser)["statuses"]
    assert [(it["jira"], it["tool"]) for it in found] == [
        ("In Progress", "opened"),
        ("Done", "closed"),
        ("To Do", "opened"),
    ]
    assert found[1]["jira_demands"] == {"resolution": "Won't do"}


async def test_what_cannot_come_back_is_told_and_what_was_entered_stays(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    before = stored(superuser)
    there = rows("to_tool", {"To Do": "opened", "In Progress": "closed", "Done": "closed"})
    back = rows("to_jira", {"opened": "Done", "closed": ""})
    answer = await as_("gitlab").post(f"{bugs}/statuses", data={**STATUSES, **there, **back})
    assert answer.status_code == 422
    assert "“opened” cannot come back as “Done”, which goes to “closed”" in words(answer)
    entered = re.findall(
        r'name="to_tool\.1\.to".*?<option value="closed" selected', answer.text, re.S
    )
    assert entered
    assert stored(superuser) == before


async def test_people_are_paired_once_and_only_those_who_are_there(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    ahmad = JIRA.people[1].id
    form = {"version": "1", "jira": ahmad, "tool": "18"}
    assert (await gia.post(f"{bugs}/person", data=form)).status_code == 200
    assert stored(superuser)["people"][-1] == {"jira": ahmad, "tool": "18"}
    again = await gia.post(f"{bugs}/person", data={**form, "version": "2", "tool": "17"})
    assert "This person is mapped already." in words(again)
    nobody = await gia.post(f"{bugs}/person", data={**form, "version": "2", "tool": "99"})
    assert nobody.status_code == 422


async def test_the_rest_is_set_and_a_type_that_is_gone_can_be_replaced(
    as_: As, bugs: str, sides: FakeSides, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    sides.tool.held = Schema((replace(ISSUE, name="Ticket"),), GITLAB.people)
    page = await gia.get(f"{bugs}?anew=1")
    assert "GitLab has no type “Issue”" in words(page)
    form = {"version": "1", "jira_type": "Bug", "tool_type": "Issue", "comments": "to_tool"}
    form |= {"attachments": "off"}
    assert (await gia.post(f"{bugs}/rest", data=form)).status_code == 200
    moved = form | {"version": "2", "tool_type": "Ticket", "hierarchy": "true"}
    assert (await gia.post(f"{bugs}/rest", data=moved)).status_code == 200
    rules = stored(superuser)
    assert (rules["comments"], rules["attachments"], rules["hierarchy"]) == ("to_tool", "off", True)
    assert listed(superuser) == [("Bug", "Ticket", True)]
    wrong = form | {"version": "3", "tool_type": "Gone"}
    assert (await gia.post(f"{bugs}/rest", data=wrong)).status_code == 422


async def test_the_second_of_two_editors_is_told_and_overwrites_nothing(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    gia, alice = as_("gitlab"), as_("admin")
    first = {"version": "1", "part": "fields", "row": "0"}
    assert (await alice.post(f"{bugs}/remove", data=first)).status_code == 200
    before = stored(superuser)
    second = await gia.post(f"{bugs}/statuses", data=STATUSES)
    assert second.status_code == 409
    assert "Alice Admin changed the fields on" in words(second)
    assert "Nothing was overwritten" in words(second)
    assert (await gia.post(f"{bugs}/remove", data=first)).status_code == 409
    assert stored(superuser) == before


async def test_of_two_at_the_same_moment_one_wins(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    form = {"version": "1", "part": "fields", "row": "0"}
    answers = await asyncio.gather(
        *(as_(person).post(f"{bugs}/remove", data=form) for person in ("gitlab", "admin") * 2)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(stored(superuser)["fields"]) == 5


async def test_mappings_are_ordered_copied_switched_and_deleted(
    as_: As, its: str, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    await mapped(gia, its, "Story", "Incident")
    moved = await gia.post(f"{bugs}/move", data={"way": "down"})
    assert moved.status_code == 200
    assert listed(superuser) == [("Story", "Incident", True), ("Bug", "Issue", True)]
    await gia.post(f"{bugs}/move", data={"way": "down"})
    await gia.post(f"{bugs}/move", data={"way": "up"})
    assert listed(superuser)[0] == ("Bug", "Issue", True)
    assert (await gia.post(f"{bugs}/copy")).status_code == 200
    assert listed(superuser) == [
        ("Bug", "Issue", True),
        ("Bug", "Issue", False),
        ("Story", "Incident", True),
    ]
    for _ in range(2):
        assert (await gia.post(f"{bugs}/switch", data={"enabled": "false"})).status_code == 200
    assert listed(superuser)[0] == ("Bug", "Issue", False)
    assert "cannot be brought back" in words(await gia.get(f"{bugs}/delete"))
    assert (await gia.post(f"{bugs}/delete")).status_code == 200
    assert len(listed(superuser)) == 2
    assert (await gia.get(bugs)).status_code == 404


async def test_the_order_is_no_new_version_for_whoever_edits(
    as_: As, its: str, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    await mapped(gia, its, "Story", "Issue")
    await gia.post(f"{bugs}/move", data={"way": "down"})
    assert superuser.execute("SELECT DISTINCT version FROM type_mappings").fetchall() == [(1,)]


async def test_every_change_is_in_the_trail_by_name_and_without_content(
    as_: As, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    form = {"version": "1", "row": "", "field": "tool:description", "text": "the secret recipe"}
    await gia.post(f"{bugs}/filled", data=form)
    await gia.post(f"{bugs}/remove", data={"version": "2", "part": "fields", "row": "2"})
    await gia.post(f"{bugs}/switch", data={"enabled": "false"})
    await gia.post(f"{bugs}/delete")
    entries = superuser.execute(
        "SELECT details FROM audit_entries WHERE thing_kind = 'type mapping' ORDER BY id"
    ).fetchall()
    details = [entry[0] for entry in entries]
    assert [it.get("version") for it in details] == [1, 2, 3, 4, 5]
    assert details[1]["changes"] == {"filled": "added description"}
    assert details[2]["changes"] == {"fields": "removed labels"}
    assert details[4]["deleted"] == {"jira_type": "Bug", "tool_type": "Issue"}
    assert "recipe" not in json.dumps(details)
    trail = await as_("admin").get("/settings/audit")
    assert "removed labels" in words(trail)


async def test_an_integration_has_at_most_fifty_mappings(
    as_: As, its: str, bugs: str, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled, jira_type,"
        " tool_type, rules, version) SELECT gen_random_uuid(), instance_id, integration_id, n,"
        " true, 'A', 'B', '{}', 1 FROM type_mappings, generate_series(1, 49) n"
    )
    gia = as_("gitlab")
    full = await gia.post(f"{its}/mappings", data={"jira_type": "Story", "tool_type": "Issue"})
    assert full.status_code == 422
    assert "at most 50 type mappings" in words(full)
    assert (await gia.post(f"{bugs}/copy")).status_code == 422


async def exported(visitor: Visitor, its: str) -> bytes:
    return (await visitor.get(f"{its}/export")).content


async def imported(visitor: Visitor, raw: bytes, **fields: str) -> httpx.Response:
    return await visitor.post(
        "/integrations/import",
        data={"project_id": PAY, **fields},
        files={"file": ("integration.json", raw, "application/json")},
    )


async def test_an_integration_leaves_as_a_file_and_comes_back_paused_and_unconnected(
    as_: As, its: str, bugs: str, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    raw = await exported(gia, its)
    assert b"credential" not in raw
    assert b"connection" not in raw
    answer = await imported(gia, raw, project_id=OPS)
    assert answer.status_code == 200, words(answer)
    assert flag(answer)["title"] == "Payroll was imported"
    row = superuser.execute(
        "SELECT project_id, state, connection_id, owner, jql, m.rules = o.rules"
        " FROM integrations i JOIN type_mappings m ON m.integration_id = i.id, type_mappings o"
        " WHERE i.project_id = '10002' AND o.id <> m.id"
    ).fetchone()
    assert row == (OPS, "paused", None, gia.account, "type = Bug", True)


@pytest.mark.parametrize(
    ("raw", "fields", "told"),
    [
        (b"", {}, "A file is needed."),
        (b"{}", {}, "It is not a file that Getint exported."),
        (b"x" * (4 * 1024 * 1024 + 1), {}, "larger than 4 MB"),
        (None, {"project_id": "9999999"}, "no such project among those that you can browse"),
        (None, {"project_id": "x"}, "A Jira project is needed."),
        (b'"place": "/"', {}, "cannot be read as JSON"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_made(
    as_: As,
    its: str,
    superuser: psycopg.Connection,
    *,
    raw: bytes | None,
    fields: dict[str, str],
    told: str,
) -> None:
    gia = as_("gitlab")
    answer = await imported(gia, await exported(gia, its) if raw is None else raw, **fields)
    assert answer.status_code == 422
    assert told in words(answer)
    assert superuser.execute("SELECT count(*) FROM integrations").fetchone() == (1,)


async def test_a_file_is_imported_by_whoever_may_create_such_an_integration(
    as_: As, its: str, superuser: psycopg.Connection
) -> None:
    raw = await exported(as_("azure"), its)
    assert (await imported(as_("azure"), raw)).status_code == 403
    assert (await imported(as_("nobody"), raw)).status_code == 403
    far = raw.replace(b"acme/payroll", b"../admin")
    odd = await imported(as_("gitlab"), far)
    assert odd.status_code == 422
    huge = await imported(as_("gitlab"), b"x" * (5 * 1024 * 1024))
    assert huge.status_code == 413
    assert superuser.execute("SELECT count(*) FROM integrations").fetchone() == (1,)


async def test_a_file_never_becomes_part_of_a_page(as_: As, its: str) -> None:
    answer = await as_("gitlab").get(f"{its}/export", headers={"HX-Target": "main#main"})
    assert answer.status_code == 422


async def test_the_form_sets_when_and_how_it_runs(as_: As, superuser: psycopg.Connection) -> None:
    gia = as_("gitlab")
    form = integration(
        tool_query="labels=urgent",
        every_minutes="0",
        conflict_rule="jira",
        copies_deletions="true",
        keep_logs_days="0",
    )
    answer = await gia.post("/integrations", data=form)
    assert answer.status_code == 200
    page = words(answer)
    for told in (
        "labels=urgent",
        "Runs Soon after a change in Jira",
        "In a conflict wins Jira",
        "Copied",
        "Not kept",
    ):
        assert told in page
    row = superuser.execute(
        "SELECT tool_query, every_minutes, conflict_rule, copies_deletions, keep_logs_days"
        " FROM integrations"
    ).fetchone()
    assert row == ("labels=urgent", 0, "jira", True, 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"every_minutes": "often"}, "The number of minutes has to be a whole number."),
        ({"every_minutes": "-1"}, "The number of minutes can be at least 0."),
        ({"every_minutes": "10081"}, "The number of minutes can be at most 10080."),
        ({"keep_logs_days": "15"}, "The number of days can be at most 14."),
        ({"conflict_rule": "dice"}, "Choose one of the options."),
        ({"tool": ""}, "Choose one of the options."),
    ],
)
async def test_what_cannot_be_set_is_told_and_the_part_is_unfolded(
    as_: As, change: dict[str, str], told: str
) -> None:
    answer = await as_("gitlab").post("/integrations", data=integration(**change))
    assert answer.status_code == 422
    assert told in words(answer)
    assert ('<details class="more" open>' in answer.text) == ("tool" not in change)


async def test_a_tool_that_was_not_chosen_is_asked_for_like_the_rest(as_: As) -> None:
    form = {name: value for name, value in integration(name="").items() if name != "tool"}
    page = words(await as_("gitlab").post("/integrations", data=form))
    assert "A tool is needed." in page
    assert "A name is needed." in page
