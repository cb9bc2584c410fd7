"""Webhooks: who is told what, how it is signed, and how it goes wrong on demand."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.main import create_app
from sandbox.seed import ALICE
from sandbox.seed_other import OLGA_EMAIL, OLGA_TOKEN, fresh_other_site
from sandbox.seed_texts import document, paragraph
from sandbox.tokens import query_string_hash
from tests.sandbox.conftest import World

API = "/rest/api/3"
TASK = {"project": {"key": "PAY"}, "issuetype": {"name": "Task"}, "summary": "A task"}
BODY = {"body": document(paragraph("Hello"))}


@pytest.fixture
async def listening(world: World) -> AsyncIterator[World]:
    """The stub's descriptor asks for every event, at /lifecycle/hook."""
    module_list = [
        {"event": event, "url": "/lifecycle/hook?of={issue.key}"}
        for event in (
            "jira:issue_created",
            "jira:issue_updated",
            "jira:issue_deleted",
            "comment_created",
            "comment_updated",
            "comment_deleted",
        )
    ]
    world.sandbox.host.addon.descriptor["modules"]["webhooks"] = module_list
    world.stub.told.clear()
    yield world
    await world.sandbox.webhooks.close()


async def call(world: World, method: str, path: str, body: Any = None) -> Any:
    response = await world.as_person(ALICE, method, API + path, json=body)
    response.raise_for_status()
    return response.json() if response.content else None


async def new_issue(world: World, **fields: Any) -> str:
    made = await call(world, "POST", "/issue", {"fields": {**TASK, **fields}})
    return str(made["key"])


async def told(world: World) -> list[str]:
    await world.sandbox.webhooks.idle()
    return [each.body["webhookEvent"] for each in world.stub.told]


async def test_each_change_is_told_in_order_and_signed(listening: World) -> None:
    key = await new_issue(listening, description=BODY["body"])
    await call(listening, "PUT", f"/issue/{key}", {"fields": {"summary": "Other"}})
    comment = (await call(listening, "POST", f"/issue/{key}/comment", BODY))["id"]
    await call(listening, "PUT", f"/issue/{key}/comment/{comment}", BODY)
    await call(listening, "DELETE", f"/issue/{key}/comment/{comment}")
    await call(listening, "DELETE", f"/issue/{key}")
    assert await told(listening) == [
        "jira:issue_created",
        "jira:issue_updated",
        "comment_created",
        "comment_updated",
        "comment_deleted",
        "jira:issue_deleted",
    ]
    secret = listening.sandbox.host.addon.shared_secret
    for each in listening.stub.told:
        claims = jwt.decode(each.authorization.removeprefix("JWT "), secret, ["HS256"])
        assert claims["iss"] == listening.sandbox.site.client_key
        assert claims["qsh"] == query_string_hash("POST", "/lifecycle/hook", f"of={key}")
    created, updated, commented = (each.body for each in listening.stub.told[:3])
    assert created["issue"]["fields"]["description"] == "Hello"
    assert created["user"]["accountId"] == ALICE
    assert [item["toString"] for item in updated["changelog"]["items"]] == ["Other"]
    assert commented["comment"]["id"] == comment


async def test_the_apps_own_changes_are_told_too(listening: World) -> None:
    listening.sandbox.host.addon.descriptor["scopes"] = ["WRITE"]
    await listening.as_app("POST", f"{API}/issue", json={"fields": TASK})
    await told(listening)
    account = listening.stub.told[0].body["user"]["accountId"]
    assert account == listening.sandbox.host.addon.account_id


async def test_an_app_that_is_disabled_is_not_told(listening: World) -> None:
    await listening.sandbox.host.disable()
    listening.stub.told.clear()
    await new_issue(listening)
    assert await told(listening) == []


async def test_a_registered_webhook_hears_what_its_filter_lets_through(world: World) -> None:
    wish = {"events": ["jira:issue_created"], "jqlFilter": "project = PAY"}
    bad = {"events": ["jira:issue_created"], "jqlFilter": "summary ~ x"}
    body = {"url": "http://app.test/lifecycle/hook", "webhooks": [wish, bad]}
    answer = (await world.as_app("POST", f"{API}/webhook", json=body)).json()
    number = answer["webhookRegistrationResult"][0]["createdWebhookId"]
    assert "not supported" in answer["webhookRegistrationResult"][1]["errors"][0]
    world.stub.told.clear()
    await new_issue(world, project={"key": "OPS"})
    key = await new_issue(world)
    await call(world, "DELETE", f"/issue/{key}")
    assert await told(world) == ["jira:issue_created"]
    assert world.stub.told[0].body["matchedWebhookIds"] == [number]
    world.sandbox.site.issues.clock_skew_ms = 31 * 24 * 3600 * 1000
    await new_issue(world)
    assert len(await told(world)) == 1, "a webhook ends after 30 days"
    await world.as_app("PUT", f"{API}/webhook/refresh", json={"webhookIds": [number]})
    await new_issue(world)
    assert len(await told(world)) == 2
    await world.as_app("DELETE", f"{API}/webhook", json={"webhookIds": [number]})
    await new_issue(world)
    assert len(await told(world)) == 2


@pytest.mark.parametrize(
    ("kind", "latency_ms", "order"),
    [
        (FaultKind.WEBHOOK_DROP, 0, ["PAY-2", "PAY-3"]),
        (FaultKind.WEBHOOK_DUPLICATE, 0, ["PAY-1", "PAY-1", "PAY-2", "PAY-3"]),
        (FaultKind.WEBHOOK_REORDER, 0, ["PAY-2", "PAY-1", "PAY-3"]),
        (FaultKind.WEBHOOK_DELAY, 200, ["PAY-2", "PAY-3", "PAY-1"]),
    ],
)
async def test_webhooks_go_wrong_on_demand(
    listening: World, kind: FaultKind, latency_ms: int, order: list[str]
) -> None:
    path = "jira:issue_created"
    fault = {"kind": kind, "count": 1, "latencyMs": latency_ms, "path": path}
    await listening.http.post("/sandbox/api/faults", json=fault)
    for _ in range(3):
        await new_issue(listening)
    await told(listening)
    assert [each.body["issue"]["key"] for each in listening.stub.told] == order


async def test_what_is_held_back_is_sent_on_demand(listening: World) -> None:
    listening.sandbox.faults.add(Fault(FaultKind.WEBHOOK_REORDER))
    await new_issue(listening)
    assert await told(listening) == []
    await listening.http.post("/sandbox/api/webhooks/release")
    assert await told(listening) == ["jira:issue_created"]


async def test_a_fault_of_webhooks_spares_calls(listening: World) -> None:
    listening.sandbox.faults.add(Fault(FaultKind.WEBHOOK_DROP))
    assert (await listening.as_app("GET", f"{API}/serverInfo")).status_code == 200


async def test_an_app_that_is_away_stops_nobody(listening: World) -> None:
    listening.stub.refuse.add("hook")
    assert await new_issue(listening) == "PAY-1"
    await told(listening)
    assert listening.sandbox.log.matching("to app", "/lifecycle/hook")[0].status == 400


async def test_an_admins_webhook_is_signed_with_its_secret() -> None:
    heard: list[httpx.Request] = []

    def hear(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200)

    receiver = httpx.AsyncClient(transport=httpx.MockTransport(hear))
    app = create_app(fresh_other_site("http://localhost:2991"), app_http=receiver)
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://localhost:2991",
        auth=(OLGA_EMAIL, OLGA_TOKEN),
    )
    hook = {
        "name": "Getint",
        "url": "http://app.test/hooks/jira",
        "events": ["jira:issue_created"],
        "filters": {"issue-related-events-section": "project = ENG"},
        "secret": "a secret of the receiver",
    }
    async with receiver, http:
        made = await http.post("/rest/webhooks/1.0/webhook", json=hook)
        assert made.status_code == 201
        assert "secret of" not in made.text
        for project in ("DEMO", "ENG"):
            fields = {**TASK, "project": {"key": project}}
            await http.post(f"{API}/issue", json={"fields": fields})
        await app.state.sandbox.webhooks.idle()
        assert len((await http.get("/rest/webhooks/1.0/webhook")).json()) == 1
        assert (await http.delete(made.json()["self"])).status_code == 204
        assert (await http.get("/rest/webhooks/1.0/webhook")).json() == []
    assert [json.loads(each.content)["issue"]["key"] for each in heard] == ["ENG-1"]
    digest = hmac.new(b"a secret of the receiver", heard[0].content, hashlib.sha256).hexdigest()
    assert heard[0].headers["X-Hub-Signature"] == f"sha256={digest}"
