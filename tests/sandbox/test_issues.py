"""What the site does with issues: the workflow, limits, rights, files, faults and the disk."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.issues import adf
from sandbox.main import create_app
from sandbox.seed import ALICE, GIA, NORA, PIA
from sandbox.seed_issues import seed_first_site
from sandbox.seed_other import OLGA, OLGA_EMAIL, OLGA_TOKEN, fresh_other_site, seed_other_site
from sandbox.seed_texts import document, paragraph
from sandbox.site import SiteState
from sandbox.storage import open_issues
from tests.sandbox.conftest import World

API = "/rest/api/3"
TASK = {"project": {"key": "PAY"}, "issuetype": {"name": "Task"}, "summary": "A task"}
NO_CHECK = {"X-Atlassian-Token": "no-check"}


def text(words: str) -> adf.Document:
    return document(paragraph(words))


async def call(world: World, method: str, path: str, json: Any = None, **more: Any) -> Any:
    """As Alice; the JSON of the answer."""
    response = await world.as_person(ALICE, method, API + path, json=json, **more)
    response.raise_for_status()
    return response.json() if response.content else None


async def new_issue(world: World, **fields: Any) -> str:
    made = await call(world, "POST", "/issue", {"fields": {**TASK, **fields}})
    return str(made["key"])


async def errors_of(world: World, method: str, path: str, json: Any, who: str = ALICE) -> Any:
    response = await world.as_person(who, method, API + path, json=json)
    assert response.status_code == 400, response.text
    return response.json()["errors"]


async def test_each_project_counts_its_own_issues(world: World) -> None:
    keys = [await new_issue(world), await new_issue(world)]
    keys.append(await new_issue(world, project={"id": "10002"}))
    await call(world, "DELETE", "/issue/PAY-2")
    keys.append(await new_issue(world))
    assert keys == ["PAY-1", "PAY-2", "OPS-1", "PAY-3"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("summary", "x" * 256, "255 characters"),
        ("summary", "two\nlines", "newline"),
        ("summary", None, "must specify a summary"),
        ("description", "plain", "Atlassian Document"),
        ("description", {"type": "doc", "version": 1, "content": [{"type": "text"}]}, "Atlassian"),
        ("description", text("x" * 32_768), "32,767 characters"),
        ("labels", ["two words"], "contains spaces"),
        ("priority", {"name": "Urgent"}, "Priority"),
        ("assignee", {"accountId": "nobody"}, "does not exist"),
        ("duedate", "1.6.2026", "yyyy-MM-dd"),
        ("customfield_10030", {"value": "Huge"}, "valid"),
        ("customfield_10016", "5", "number"),
        ("customfield_10034", "2026-06-01T10:00:00", "Error parsing time"),
        ("parent", {"key": "PAY-99"}, "Could not find"),
        ("status", {"name": "Done"}, "cannot be set"),
        ("created", "2020-01-01T00:00:00.000+0000", "cannot be set"),
        ("customfield_99999", 1, "cannot be set"),
    ],
)
async def test_a_wrong_value_is_named_with_its_field_and_changes_nothing(
    world: World, field: str, value: Any, reason: str
) -> None:
    key = await new_issue(world)
    before = await call(world, "GET", f"/issue/{key}")
    for method, path, body in (
        ("POST", "/issue", {"fields": {**TASK, field: value}}),
        ("PUT", f"/issue/{key}", {"fields": {"labels": ["new"], field: value}}),
    ):
        errors = await errors_of(world, method, path, body)
        assert list(errors) == [field]
        assert reason in errors[field]
    assert await call(world, "GET", f"/issue/{key}") == before


async def test_the_longest_text_that_jira_takes_is_taken(world: World) -> None:
    key = await new_issue(world, description=text("x" * 32_767))
    await call(world, "POST", f"/issue/{key}/comment", {"body": text("ü" * 32_767)})
    long = {"body": text("x" * 32_768)}
    assert "32,767" in (await errors_of(world, "POST", f"/issue/{key}/comment", long))["comment"]


async def test_done_is_reached_step_by_step_and_with_a_resolution(world: World) -> None:
    key = await new_issue(world)
    path = f"/issue/{key}/transitions"

    async def reachable() -> set[str]:
        return {t["name"] for t in (await call(world, "GET", path))["transitions"]}

    assert await reachable() == {"Start progress"}
    refused = await world.as_person(ALICE, "POST", API + path, json={"transition": {"id": "41"}})
    assert (refused.status_code, "not valid" in refused.text) == (400, True)
    for transition in ("21", "31"):
        await call(world, "POST", path, {"transition": {"id": transition}})
    finish: dict[str, Any] = {"transition": {"id": "41"}}
    assert list(await errors_of(world, "POST", path, finish)) == ["resolution"]
    finish["fields"] = {"resolution": {"name": "Won't Do"}}
    finish["update"] = {"comment": [{"add": {"body": text("No.")}}]}
    await call(world, "POST", path, finish)
    fields = (await call(world, "GET", f"/issue/{key}"))["fields"]
    assert fields["status"]["name"] == "Done"
    assert fields["resolution"]["name"] == "Won't Do"
    assert fields["resolutiondate"] is not None
    assert fields["comment"]["total"] == 1
    await call(world, "POST", path, {"transition": {"id": "51"}})
    fields = (await call(world, "GET", f"/issue/{key}"))["fields"]
    assert (fields["resolution"], fields["resolutiondate"]) == (None, None)


async def test_an_edit_that_changes_nothing_leaves_updated_alone(world: World) -> None:
    key = await new_issue(world, labels=["a"])
    before = (await call(world, "GET", f"/issue/{key}"))["fields"]["updated"]
    world.sandbox.site.issues.clock_skew_ms = 60_000
    await call(world, "PUT", f"/issue/{key}", {"fields": {"labels": ["a"], "summary": "A task"}})
    await call(world, "PUT", f"/issue/{key}/properties/mark", {"id": 1})
    assert (await call(world, "GET", f"/issue/{key}"))["fields"]["updated"] == before
    body = {"update": {"labels": [{"add": "b"}, {"remove": "a"}]}}
    await call(world, "PUT", f"/issue/{key}", body)
    fields = (await call(world, "GET", f"/issue/{key}"))["fields"]
    assert fields["labels"] == ["b"]
    assert fields["updated"] > before
    history = (await call(world, "GET", f"/issue/{key}/changelog"))["values"]
    assert [(i["fromString"], i["toString"]) for i in history[0]["items"]] == [("a", "b")]


async def test_sub_tasks_need_a_parent_of_the_level_above(world: World) -> None:
    epic = await new_issue(world, issuetype={"name": "Epic"})
    task = await new_issue(world, parent={"key": epic})
    part = {**TASK, "issuetype": {"name": "Sub-task"}}
    for fields in (part, {**part, "parent": {"key": epic}}):
        assert list(await errors_of(world, "POST", "/issue", {"fields": fields})) == ["parent"]
    made = await call(world, "POST", "/issue", {"fields": {**part, "parent": {"key": task}}})
    shown = (await call(world, "GET", f"/issue/{task}"))["fields"]
    assert shown["parent"]["key"] == epic
    assert [each["key"] for each in shown["subtasks"]] == [made["key"]]
    refused = await world.as_person(ALICE, "DELETE", f"{API}/issue/{task}")
    assert refused.status_code == 400
    await call(world, "DELETE", f"/issue/{task}?deleteSubtasks=true")
    assert world.sandbox.site.issues.find(made["key"]) is None


async def test_some_types_demand_more_than_jira_does() -> None:
    async with other_jira() as (http, _):
        bug = {"project": {"key": "SUP"}, "issuetype": {"name": "Bug"}, "summary": "x"}
        refused = await http.post(f"{API}/issue", json={"fields": bug})
        assert list(refused.json()["errors"]) == ["customfield_10030"]
        meta = (await http.get(f"{API}/issue/createmeta/SUP/issuetypes/10003")).json()
        required = {each["fieldId"] for each in meta["fields"] if each["required"]}
        assert required == {"project", "issuetype", "summary", "customfield_10030"}


async def test_one_may_do_with_an_issue_what_the_default_scheme_allows(world: World) -> None:
    key = await new_issue(world)
    path = f"{API}/issue/{key}"
    comment = (await call(world, "POST", f"/issue/{key}/comment", {"body": text("mine")}))["id"]
    body = {"body": text("changed")}
    assert (await world.as_person(NORA, "PUT", f"{path}/comment/{comment}", json=body)).is_error
    assert (await world.as_person(PIA, "PUT", f"{path}/comment/{comment}", json=body)).is_success
    reporter = {"fields": {"reporter": {"accountId": GIA}}}
    assert (await world.as_person(NORA, "PUT", path, json=reporter)).status_code == 400
    assert (await world.as_person(PIA, "PUT", path, json=reporter)).status_code == 204
    assert (await world.as_person(NORA, "DELETE", path)).status_code == 403
    world.sandbox.site.remove_member("site-users", NORA)
    assert (await world.as_person(NORA, "GET", path)).status_code == 404


async def test_a_file_comes_back_as_it_was_sent_whole_and_in_parts(world: World) -> None:
    key, data = await new_issue(world), bytes(range(256)) * 5000
    path = f"{API}/issue/{key}/attachments"
    files = {"file": ("größe 1.bin", data, "application/x-thing")}
    sent = await world.as_person(ALICE, "POST", path, files=files, headers=NO_CHECK)
    bean = sent.json()[0]
    assert (bean["filename"], bean["size"], bean["mimeType"]) == (
        "größe 1.bin",
        len(data),
        "application/x-thing",
    )
    content = f"{bean['content']}?redirect=false"
    assert (await world.as_person(ALICE, "GET", content)).content == data
    part = await world.as_person(ALICE, "GET", content, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    redirected = await world.as_person(ALICE, "GET", bean["content"])
    assert redirected.status_code == 303
    assert (await world.http.get(redirected.headers["location"])).content == data


async def test_a_file_beyond_the_limit_is_413_and_none_is_kept(world: World) -> None:
    key = await new_issue(world)
    await world.http.post("/sandbox/api/conditions", json={"uploadLimit": 10})
    assert (await call(world, "GET", "/attachment/meta"))["uploadLimit"] == 10
    files = [("file", ("a", b"12345")), ("file", ("b", b"12345678901"))]
    sent = await world.as_person(
        ALICE, "POST", f"{API}/issue/{key}/attachments", files=files, headers=NO_CHECK
    )
    assert sent.status_code == 413
    assert (await call(world, "GET", f"/issue/{key}"))["fields"]["attachment"] == []


async def test_a_write_can_take_effect_and_its_answer_be_lost(world: World) -> None:
    world.sandbox.faults.add(Fault(FaultKind.AFTER_WRITE, "*/issue", method="POST", remaining=1))
    with pytest.raises(httpx.ReadTimeout):
        await new_issue(world)
    assert [issue.key for issue in world.sandbox.site.issues.all()] == ["PAY-1"]
    assert await new_issue(world) == "PAY-2"


async def test_writes_to_one_issue_are_limited_where_the_limit_is_on(world: World) -> None:
    key, other = await new_issue(world), await new_issue(world)
    await world.http.post("/sandbox/api/conditions", json={"limits": True})
    path, body = f"{API}/issue/{key}/comment", {"body": text("x")}
    answers = [await world.as_person(ALICE, "POST", path, json=body) for _ in range(21)]
    assert [a.status_code for a in answers] == [201] * 20 + [429]
    assert answers[-1].headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert int(answers[-1].headers["Retry-After"]) in (1, 2)
    await call(world, "POST", f"/issue/{other}/comment", body)


async def test_calls_a_second_of_one_endpoint_are_limited_where_the_limit_is_on(
    world: World,
) -> None:
    await new_issue(world)
    await world.http.post("/sandbox/api/conditions", json={"limits": True})
    world.sandbox.quota.reads.limits = ((5, 60.0),)
    statuses = [
        (await world.as_person(ALICE, "GET", f"{API}/issue/{name}")).status_code
        for name in ("PAY-1", "10000", "PAY-1", "PAY-1", "PAY-1", "PAY-1")
    ]
    assert statuses == [200, 200, 200, 200, 200, 429]
    assert (await world.as_person(ALICE, "GET", f"{API}/field")).status_code == 200


async def test_the_other_jira_opens_to_the_token_and_to_nothing_else() -> None:
    async with other_jira() as (http, site):
        assert (await http.get(f"{API}/myself")).json()["accountId"] == OLGA
        wrong = (OLGA_EMAIL, "wrong"), ("tom@example.net", OLGA_TOKEN), (OLGA_EMAIL, "")
        for auth in wrong:
            assert (await http.get(f"{API}/myself", auth=auth)).status_code == 401
        await http.post("/sandbox/api/api-token", json={"accountId": OLGA, "token": None})
        assert (await http.get(f"{API}/myself")).status_code == 401
        assert OLGA_TOKEN not in (await http.get("/sandbox/api/state")).text
        assert site.api_tokens == {}


def other_jira() -> "OtherJira":
    return OtherJira()


class OtherJira:
    """The second site, and a client that signs in as Olga."""

    async def __aenter__(self) -> tuple[httpx.AsyncClient, SiteState]:
        site = fresh_other_site("http://localhost:2991")
        self.nobody = httpx.AsyncClient()
        transport = httpx.ASGITransport(create_app(site, app_http=self.nobody))
        auth = (OLGA_EMAIL, OLGA_TOKEN)
        self.http = httpx.AsyncClient(transport=transport, base_url=site.base_url, auth=auth)
        return self.http, site

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self.nobody.aclose()


def test_the_seed_is_the_same_each_time_and_whole(a_site: dict[str, Any]) -> None:
    def seeded() -> SiteState:
        site = SiteState.from_json(a_site)
        seed_first_site(site)
        return site

    site = seeded()
    assert site.issues.to_json() == seeded().issues.to_json()
    assert [len(list(site.issues.all())), site.issues.find("PAY-220") is None] == [360, False]
    for issue in site.issues.all():
        documents = [issue.fields["description"], *(c.body for c in issue.comments)]
        assert all(adf.check(each) for each in documents if each is not None)
        for attachment in issue.attachments:
            assert len(site.issues.blobs.get(attachment.id)) == attachment.size


async def test_issues_and_files_survive_a_restart(tmp_path: Path, a_site: dict[str, Any]) -> None:
    path = tmp_path / "other.json"
    site = fresh_other_site("http://localhost:2991")
    flush = open_issues(path, site, seed_other_site)
    changed = site.issues.find("ENG-3")
    assert changed is not None
    made = site.issues.attach(changed, OLGA, "a.txt", "text/plain", b"kept")
    site.issues.add((10101, "ENG"), {"summary": "last"}, OLGA)
    flush()
    again = fresh_other_site("http://localhost:2991")
    open_issues(path, again, seed_other_site)
    assert again.issues.to_json() == site.issues.to_json()
    assert again.issues.blobs.get(made.id) == b"kept"
    assert again.issues.new_id() == site.issues.new_id()
    assert (tmp_path / "other.issues.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "other.issues.json").read_text())["issues"]
