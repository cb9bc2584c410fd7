"""Every answer about issues, held against Atlassian's OpenAPI description."""

import copy
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from sandbox.main import ISSUE_PARTS
from sandbox.seed import ALICE, GIA, NORA
from sandbox.seed_issues import seed_projects
from sandbox.seed_texts import document, paragraph
from sandbox.site import SiteState
from tests.sandbox import openapi
from tests.sandbox.conftest import World, world_of

if not openapi.PATH.exists():  # the calls below are looked up in it already
    pytest.skip("Atlassian's OpenAPI is not here", allow_module_level=True)

TEXT = document(paragraph("Grüße aus der Kasse 💳"))
NEW = {"project": {"key": "PAY"}, "issuetype": {"name": "Task"}, "summary": "New"}
NO_CHECK = {"X-Atlassian-Token": "no-check"}
FILES = {"file": ("ü.txt", b"12345", "text/plain")}
LINK = {"globalId": "system=x&id=1", "object": {"url": "https://x.example/1", "title": "X"}}
WISH = {"events": ["jira:issue_created"], "jqlFilter": "project = PAY"}
REGISTRATION = {"url": "http://app.test/hook", "webhooks": [WISH]}


@dataclass(frozen=True)
class Call:
    """`{...}` in `path` are filled in from the issue that the test is about."""

    method: str
    path: str
    json: Any = None
    status: int = 200
    by: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


ISSUE = "/issue/{key}"
CALLS = [
    Call("GET", "/search/jql?jql=project%3DPAY&fields=*all&maxResults=5&expand=names,schema"),
    Call("GET", "/search/jql?jql=project%3DPAY"),
    Call("POST", "/search/jql", {"jql": "key = {key}", "fields": ["*all"], "properties": ["mark"]}),
    Call("POST", "/search/jql", {"jql": "project = NONE"}, 400),
    Call("POST", "/search/jql", {"jql": "order by key"}, 400),
    Call("POST", "/search/approximate-count", {"jql": "project = PAY"}),
    Call("POST", "/search/approximate-count", {"jql": "project ="}, 400),
    Call("POST", "/issue", {"fields": NEW}, 201),
    Call("POST", "/issue", {"fields": {**NEW, "description": TEXT, "labels": ["a"]}}, 201, NORA),
    Call("POST", "/issue", {"fields": {**NEW, "summary": "", "bogus": 1}}, 400),
    Call("POST", "/issue", {"fields": {}}, 400),
    Call("POST", "/issue/bulk", {"issueUpdates": [{"fields": NEW}, {"fields": {}}]}, 201),
    Call("POST", "/issue/bulk", {"issueUpdates": [{"fields": {}}]}, 400),
    Call("POST", "/issue/bulkfetch", {"issueIdsOrKeys": ["{key}", "PAY-9999"], "fields": ["id"]}),
    Call("POST", "/issue/bulkfetch", {"issueIdsOrKeys": []}, 400),
    Call("GET", ISSUE),
    Call("GET", f"{ISSUE}?fields=summary,-summary&expand=changelog,names,schema&properties=mark"),
    Call("GET", "/issue/PAY-9999", status=404),
    Call("PUT", ISSUE, {"fields": {"summary": "Other"}}, 204),
    Call("PUT", f"{ISSUE}?returnIssue=true", {"fields": {"summary": "Other"}}),
    Call("PUT", ISSUE, {"fields": {"status": {"name": "Done"}}}, 400),
    Call("PUT", f"{ISSUE}/assignee", {"accountId": GIA}, 204),
    Call("PUT", f"{ISSUE}/assignee", {"accountId": "nobody"}, 400),
    Call("DELETE", ISSUE, status=204),
    Call("DELETE", ISSUE, status=403, by=NORA),
    Call("GET", f"{ISSUE}/changelog"),
    Call("GET", f"{ISSUE}/editmeta"),
    Call("GET", f"{ISSUE}/transitions?expand=transitions.fields"),
    Call("POST", f"{ISSUE}/transitions", {"transition": {"id": "21"}}, 204),
    Call("POST", f"{ISSUE}/transitions", {"transition": {"id": "41"}}, 400),
    Call("POST", f"{ISSUE}/transitions", {}, 400),
    Call("GET", f"{ISSUE}/comment?orderBy=-created&maxResults=1&expand=properties"),
    Call("POST", f"{ISSUE}/comment", {"body": TEXT}, 201),
    Call("POST", f"{ISSUE}/comment", {"body": "text"}, 400),
    Call("GET", f"{ISSUE}/comment/{{comment}}"),
    Call("GET", f"{ISSUE}/comment/1", status=404),
    Call("PUT", f"{ISSUE}/comment/{{comment}}", {"body": TEXT}),
    Call("DELETE", f"{ISSUE}/comment/{{comment}}", status=204),
    Call("GET", "/comment/{comment}/properties"),
    Call("GET", "/comment/{comment}/properties/{mark}"),
    Call("PUT", "/comment/{comment}/properties/{mark}", {"id": 2}),
    Call("PUT", "/comment/{comment}/properties/new", "text", 201),
    Call("DELETE", "/comment/{comment}/properties/{mark}", status=204),
    Call("GET", "/comment/{comment}/properties/none", status=404),
    Call("POST", f"{ISSUE}/attachments", more={"files": FILES, "headers": NO_CHECK}),
    Call("POST", f"{ISSUE}/attachments", status=403, more={"files": FILES}),
    Call("GET", "/attachment/meta"),
    Call("GET", "/attachment/{attachment}"),
    Call("GET", "/attachment/1", status=404),
    Call("GET", "/attachment/content/{attachment}?redirect=false"),
    Call("GET", "/attachment/content/{attachment}", status=303),
    Call("DELETE", "/attachment/{attachment}", status=204),
    Call("DELETE", "/attachment/{attachment}", status=403, by=NORA),
    Call("GET", f"{ISSUE}/properties"),
    Call("GET", f"{ISSUE}/properties/{{mark}}"),
    Call("GET", f"{ISSUE}/properties/none", status=404),
    Call("PUT", f"{ISSUE}/properties/{{mark}}", {"id": 2}),
    Call("PUT", f"{ISSUE}/properties/new", ["any", "JSON"], 201),
    Call("DELETE", f"{ISSUE}/properties/{{mark}}", status=204),
    Call("GET", f"{ISSUE}/remotelink"),
    Call("GET", f"{ISSUE}/remotelink?globalId=known"),
    Call("POST", f"{ISSUE}/remotelink", LINK, 201),
    Call("POST", f"{ISSUE}/remotelink", {**LINK, "globalId": "known"}),
    Call("GET", f"{ISSUE}/remotelink/{{link}}"),
    Call("PUT", f"{ISSUE}/remotelink/{{link}}", LINK, 204),
    Call("DELETE", f"{ISSUE}/remotelink/{{link}}", status=204),
    Call("DELETE", f"{ISSUE}/remotelink?globalId=known", status=204),
    Call("GET", "/field"),
    Call("GET", "/issue/createmeta/PAY/issuetypes?maxResults=2"),
    Call("GET", "/issue/createmeta/PAY/issuetypes/10003?startAt=2"),
    Call("GET", "/project/PAY/statuses"),
    Call("GET", "/project/NONE/statuses", status=404),
    Call("GET", "/status"),
    Call("GET", "/issuetype"),
    Call("GET", "/priority"),
    Call("GET", "/priority/search?id=1&id=2&maxResults=1"),
    Call("GET", "/resolution"),
    Call("GET", "/label?maxResults=2"),
    Call("POST", "/webhook", REGISTRATION),
    Call("POST", "/webhook", {**REGISTRATION, "url": "http://elsewhere.test/"}, 400),
    Call("POST", "/webhook", REGISTRATION, 403, ALICE),
    Call("GET", "/webhook"),
    Call("PUT", "/webhook/refresh", {"webhookIds": [1]}),
    Call("DELETE", "/webhook", {"webhookIds": [1]}, 202),
]


@dataclass(frozen=True)
class Filled:
    """A site that holds an issue with one of everything; the values of `known` lead to it."""

    site: SiteState
    known: dict[str, str]

    def copied(self) -> SiteState:
        """The same site for one test; issues are values, so all of them may share those."""
        shared = {id(issue): issue for issue in self.site.issues.all()}
        return copy.deepcopy(self.site, shared)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(a_site: dict[str, Any]) -> Filled:
    """Filled once, as hundreds of issues take a tenth of a second."""
    site = SiteState.from_json(copy.deepcopy(a_site))
    seed_projects(site, "PAY")
    async with world_of(site) as world:
        known = await fill(world)
        await world.sandbox.webhooks.idle()
    site.issues.listeners.clear()
    return Filled(site, known)


async def fill(world: World) -> dict[str, str]:
    world.sandbox.host.addon.descriptor["scopes"] = ["ADMIN"]
    mark = {"key": "mark", "value": {"id": 1}}
    more = {"issuetype": {"name": "Bug"}, "description": TEXT, "labels": ["x", "y"]}
    fields = {**NEW, **more, "customfield_10030": {"value": "Major"}, "duedate": "2026-12-01"}
    made = await said(world, "POST", "/issue", {"fields": fields, "properties": [mark]})
    here = f"/issue/{made['key']}"
    comment = await said(world, "POST", f"{here}/comment", {"body": TEXT, "properties": [mark]})
    link = await said(world, "POST", f"{here}/remotelink", {**LINK, "globalId": "known"})
    sent = await world.as_app(
        "POST", f"/rest/api/3{here}/attachments", files=FILES, headers=NO_CHECK
    )
    return {
        "key": made["key"],
        "mark": "mark",
        "comment": comment["id"],
        "link": str(link["id"]),
        "attachment": sent.json()[0]["id"],
    }


@pytest.fixture
def first_site(filled: Filled) -> SiteState:
    """In place of the empty one."""
    return filled.copied()


@pytest.fixture
async def known(world: World, filled: Filled) -> AsyncIterator[dict[str, str]]:
    """The values that fill the calls in."""
    world.sandbox.host.addon.descriptor["scopes"] = ["ADMIN"]
    yield filled.known
    await world.sandbox.webhooks.idle()


async def said(world: World, method: str, path: str, json: Any = None) -> Any:
    response = await world.as_app(method, f"/rest/api/3{path}", json=json)
    response.raise_for_status()
    return response.json()


async def made(world: World, call: Call, known: dict[str, str]) -> httpx.Response:
    url = f"/rest/api/3{call.path.format(**known)}"
    json = call.json
    if isinstance(json, dict) and "jql" in json:
        json = {**json, "jql": json["jql"].format(**known)}
    if call.by is None:
        return await world.as_app(call.method, url, json=json, **call.more)
    response: httpx.Response = await world.as_person(
        call.by, call.method, url, json=json, **call.more
    )
    return response


def template_of(call: Call) -> str:
    """The path in the description that this call is an example of."""
    path = re.sub(r"\{\w+\}", "x", call.path.partition("?")[0])
    fits = [
        template
        for template, operations in openapi.description()["paths"].items()
        if call.method.lower() in operations
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), f"/rest/api/3{path}")
    ]
    return str(min(fits, key=lambda template: template.count("{")))


def call_id(call: Call) -> str:
    return f"{call.method} {call.path} {call.status} {call.by or 'app'}"


@pytest.mark.parametrize("call", CALLS, ids=call_id)
async def test_an_answer_has_the_shape_that_atlassian_describes(
    world: World, known: dict[str, str], call: Call
) -> None:
    response = await made(world, call, known)
    assert response.status_code == call.status, response.text
    try:
        body = response.json()
    except ValueError:
        body = None
    assert openapi.faults_of(call.method, template_of(call), call.status, body) == []
    if body is not None and call.status >= 400 and call.path != "/issue/bulk":
        assert body["errorMessages"] or body["errors"]


def endpoints() -> set[tuple[str, str]]:
    return {
        (method, re.sub(r"\{\w+\}", "{}", f"/rest/api/3{route.path}"))
        for part in ISSUE_PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_every_endpoint_is_held_against_the_description() -> None:
    called = {
        (call.method, re.sub(r"\{\w+\}", "{}", template_of(call)))
        for call in CALLS
        if call.status < 400
    }
    assert called == endpoints()


ONE_LESS = {"READ": "NONE", "WRITE": "READ", "DELETE": "WRITE"}
GOOD = {(call.method, template_of(call)): call for call in reversed(CALLS) if call.status < 400}


@pytest.mark.parametrize("call", GOOD.values(), ids=call_id)
async def test_an_app_needs_the_scope_that_atlassian_describes(
    world: World, known: dict[str, str], call: Call
) -> None:
    described = openapi.operation(call.method, template_of(call))["x-atlassian-connect-scope"]
    world.sandbox.host.addon.descriptor["scopes"] = [ONE_LESS[described]]
    assert (await made(world, call, known)).status_code == 403
    world.sandbox.host.addon.descriptor["scopes"] = [described]
    assert (await made(world, call, known)).status_code == call.status
