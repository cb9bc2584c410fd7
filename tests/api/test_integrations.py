"""Integrations, their mappings and connections, as programs look after them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.api.conftest import Programs
from tests.api.kit import connection, id_of, integration
from tests.integrations.kit import OPS, SECRET
from tests.people import Visitor

As = Callable[..., Visitor]
BUG = {
    "jira_type": "Bug",
    "tool_type": "Issue",
    "enabled": True,
    "rules": {"fields": [{"jira": "summary", "tool": "title", "kind": "text"}]},
}


async def test_a_program_looks_after_an_integration_from_its_making_to_its_end(
    program_of: Programs,
) -> None:
    gia = await program_of("gitlab")
    connection_id = id_of(await gia.post("/connections", connection()))
    made = await gia.post("/integrations", integration(connection_id=connection_id))
    path = f"/integrations/{id_of(made)}"
    got = await gia.get(path)
    assert got.json()["connection_id"] == connection_id
    assert got.headers["etag"] == '"1"'
    match = {"If-Match": got.headers["etag"]}
    changed = await gia.ask("PATCH", path, json={"every_minutes": 60}, headers=match)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["every_minutes"], changed.json()["name"]) == (60, "Payroll")
    assert changed.headers["etag"] == '"2"'
    assert (await gia.post(f"{path}/pause")).json()["state"] == "paused"
    assert (await gia.post(f"{path}/resume")).json()["state"] == "active"
    assert (await gia.ask("DELETE", path)).status_code == 204
    assert (await gia.get(path)).status_code == 404


async def test_nobody_overwrites_what_they_have_not_seen(program_of: Programs) -> None:
    gia, alice = await program_of("gitlab"), await program_of("admin")
    path = f"/integrations/{id_of(await gia.post('/integrations', integration()))}"
    first = {"If-Match": '"1"'}
    assert (await alice.ask("PATCH", path, json={"name": "Hers"}, headers=first)).status_code == 200
    stale = await gia.ask("PATCH", path, json={"name": "Mine"}, headers=first)
    assert stale.status_code == 412
    assert "Alice Admin changed the name" in stale.json()["detail"]
    for wrong in ('"9"', 'W/"2"', '"x"', '"1", "7"'):
        answer = await gia.ask("PATCH", path, json={"name": "Mine"}, headers={"If-Match": wrong})
        assert answer.status_code == 412, wrong
    assert (await gia.ask("PATCH", path, json={"name": "Mine"})).status_code == 428
    assert (await gia.get(path)).json()["name"] == "Hers"
    anyway = await gia.ask("PATCH", path, json={"name": "Mine"}, headers={"If-Match": "*"})
    assert anyway.json()["name"] == "Mine"


async def test_others_see_it_and_are_refused_with_the_reason(program_of: Programs) -> None:
    gia, axel = await program_of("gitlab"), await program_of("azure")
    path = f"/integrations/{id_of(await gia.post('/integrations', integration()))}"
    assert (await axel.get(path)).status_code == 200
    refused = await axel.post(f"{path}/pause")
    assert (refused.status_code, refused.json()["reason"]) == (403, "NOT_OWNER")
    decided = (await axel.get(f"{path}/permissions")).json()["decisions"]
    answers = {each["action"]: (each["answer"], each["reason"]) for each in decided}
    assert answers["SEE_INTEGRATION"] == ("yes", "GRANTED")
    assert answers["CHANGE_INTEGRATION"] == ("no", "NOT_OWNER")
    mine = (await gia.get(f"{path}/permissions")).json()["decisions"]
    assert {each["answer"] for each in mine} == {"yes"}
    asked = {each["action"]: each for each in (await axel.get("/permissions")).json()["decisions"]}
    assert asked["READ_AUDIT"]["reason"] == "ADMINS_ONLY"
    assert asked["READ_AUDIT"]["needed"]


async def test_it_is_handed_to_somebody_who_could_have_created_it_and_to_nobody_else(
    program_of: Programs,
) -> None:
    gia, alice, axel = [await program_of(each) for each in ("gitlab", "admin", "azure")]
    path = f"/integrations/{id_of(await gia.post('/integrations', integration()))}"
    other, admin = [(await each.get("/me")).json()["account"] for each in (axel, alice)]
    for wrong, said in ((other, "could not own it"), ("jira:nobody", ""), ("agent:x", "")):
        refused = await gia.post(f"{path}/hand-over", {"owner": wrong})
        assert refused.status_code == 422, wrong
        assert said in refused.json()["fields"]["owner"]
    assert (await gia.post(f"{path}/hand-over", {"owner": admin})).json()["owner"] == admin
    assert (await gia.post(f"{path}/pause")).json()["reason"] == "NOT_OWNER"


async def test_lists_are_filtered_and_read_page_by_page(program_of: Programs) -> None:
    gia, alice = await program_of("gitlab"), await program_of("admin")
    for number in range(5):
        await gia.post("/integrations", integration(name=f"Number {number}"))
    await alice.post("/integrations", integration(name="Hers", project_id=OPS))
    seen, path = [], "/integrations?limit=2"
    while path:
        page = (await gia.get(path)).json()
        seen += [each["name"] for each in page["items"]]
        path = (page["next"] or "").removeprefix("/api/v1")
    assert seen == ["Hers", *(f"Number {number}" for number in reversed(range(5)))]

    async def names(query: str) -> list[str]:
        return [each["name"] for each in (await gia.get(f"/integrations?{query}")).json()["items"]]

    assert await names("mine=true&limit=1") == ["Number 4"]
    assert await names("q=number%203") == ["Number 3"]
    assert await names("project=ops") == ["Hers"]
    assert await names(f"workspace_id={uuid4()}") == []
    assert await names("tool=azure") == []
    for wrong in ("limit=0", "limit=101", "cursor=forged", "cursor=" + "A" * 32, "tool=x", "x=1"):
        answer = await gia.get(f"/integrations?{wrong}")
        assert answer.status_code in ({200, 422} if "AAAA" in wrong else {422}), wrong
        assert "forged" not in answer.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"unknown": 1}, "unknown"),
        ({"every_minutes": "15"}, "every_minutes"),
        ({"tool": "nothing"}, "tool"),
        ({"project_id": "99999"}, "project_id"),
        ({"project_id": ""}, "project_id"),
        ({"tool_place": "no place"}, "tool_place"),
        ({"connection_id": str(uuid4())}, "connection_id"),
        ({"workspace_id": str(uuid4())}, "workspace_id"),
        ({"owner": "jira:somebody"}, "owner"),
        ({"jql": "a\x00b"}, "jql"),
    ],
)
async def test_what_can_not_be_is_told_by_field(
    changes: dict[str, Any], field: str, program_of: Programs, superuser: psycopg.Connection
) -> None:
    answer = await (await program_of("gitlab")).post("/integrations", integration(**changes))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(answer.json()["fields"]) == [field]
    assert superuser.execute("SELECT count(*) FROM integrations").fetchone() == (0,)


async def test_bodies_that_are_no_json_too_large_or_too_deep_are_refused(
    program_of: Programs,
) -> None:
    gia = await program_of("gitlab")
    json_type = {"Content-Type": "application/json"}
    for content, headers, status in (
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"kind=integration", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{", json_type, 422),
        (b"", json_type, 422),
        (b"[]", json_type, 422),
        (b"\xff\xfe", json_type, 422),
        (b'{"name": "\\ud800"}', json_type, 422),
        (b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}", json_type, 422),
        (b'{"name": "' + b"x" * 2_000_000 + b'"}', json_type, 413),
    ):
        answer = await gia.ask("POST", "/integrations", content=content, headers=headers)
        assert answer.status_code == status, (content[:40], answer.status_code)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await gia.ask("BREW", "/integrations")).status_code == 405
    nowhere = await gia.get("/nothing", headers={"Accept": "text/html", "HX-Request": "true"})
    assert nowhere.status_code == 404
    assert nowhere.headers["content-type"] == "application/problem+json"


async def test_mappings_are_read_and_replaced_as_they_are_exported(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia = await program_of("gitlab")
    path = f"/integrations/{id_of(await gia.post('/integrations', integration()))}/mappings"
    empty = await gia.get(path)
    assert empty.json() == {"mappings": []}
    match = {"If-Match": empty.headers["etag"]}
    task = {**BUG, "jira_type": "Task", "enabled": False}
    two = await gia.ask("PUT", path, json={"mappings": [BUG, task]}, headers=match)
    assert two.status_code == 200, two.text
    stale = await gia.ask("PUT", path, json={"mappings": []}, headers=match)
    assert stale.status_code == 412
    before: dict[str, object] = dict(
        superuser.execute("SELECT jira_type, id FROM type_mappings").fetchall()
    )
    match = {"If-Match": two.headers["etag"]}
    story = {**BUG, "jira_type": "Story"}
    turned = {"mappings": [{**task, "enabled": True}, story]}
    three = await gia.ask("PUT", path, json=turned, headers=match)
    found = [(each["jira_type"], each["enabled"]) for each in three.json()["mappings"]]
    assert found == [("Task", True), ("Story", True)]
    after: dict[str, object] = dict(
        superuser.execute("SELECT jira_type, id FROM type_mappings").fetchall()
    )
    assert after["Task"] == before["Task"], "what is linked stays linked"
    wrong = {"mappings": [{**BUG, "rules": {"fields": [{"jira": "", "tool": "x"}]}}]}
    refused = await gia.ask("PUT", path, json=wrong, headers={"If-Match": "*"})
    assert refused.status_code == 422
    assert "mappings.0.rules.fields.0.jira" in refused.json()["fields"]
    exported = three.json()
    again = await gia.ask("PUT", path, json=exported, headers={"If-Match": "*"})
    assert again.json() == exported


async def test_credentials_go_in_and_never_come_out(program_of: Programs) -> None:
    gia, axel = await program_of("gitlab"), await program_of("azure")
    made = await gia.post("/connections", connection())
    path = f"/connections/{id_of(made)}"
    listed, got = await gia.get("/connections"), await gia.get(path)
    renamed = await gia.ask("PATCH", path, json={"name": "Ours"}, headers={"If-Match": "*"})
    wrong = await gia.post("/connections", connection(credentials={"token": [SECRET]}))
    assert (renamed.status_code, wrong.status_code) == (200, 422)
    assert SECRET not in made.text + listed.text + got.text + renamed.text + wrong.text
    moved = {"address": "https://elsewhere.example.com"}
    refused = await gia.ask("PATCH", path, json=moved, headers={"If-Match": "*"})
    assert refused.json()["fields"] == {
        "credentials.token": "The address is another one, so enter this again."
    }
    inside = connection(address="https://169.254.169.254")
    assert "address" in (await gia.post("/connections", inside)).json()["fields"]
    assert (await axel.get(path)).status_code == 200
    closed = await axel.post(f"{path}/test")
    assert closed.json()["reason"] == "CONNECTION_NOT_OPEN_TO_USE"
    opened = await gia.ask("PUT", f"{path}/sharing", json={"others_may": "use"})
    assert opened.json()["others_may"] == "use"
    assert (await axel.ask("DELETE", path)).json()["reason"] == "NOT_OWNER"


async def test_a_connection_that_is_used_is_not_deleted_and_changed_only_when_confirmed(
    program_of: Programs,
) -> None:
    gia = await program_of("gitlab")
    connection_id = id_of(await gia.post("/connections", connection()))
    await gia.post("/integrations", integration(connection_id=connection_id))
    path = f"/connections/{connection_id}"
    kept = await gia.ask("DELETE", path)
    assert kept.status_code == 409
    assert "Payroll" in kept.json()["detail"]
    anew: dict[str, Any] = {"credentials": {"token": "glpat-another-one-entirely"}}
    unsure = await gia.ask("PATCH", path, json=anew, headers={"If-Match": "*"})
    assert list(unsure.json()["fields"]) == ["confirmed"]
    sure = {**anew, "confirmed": True}
    assert (await gia.ask("PATCH", path, json=sure, headers={"If-Match": "*"})).status_code == 200
