"""What Azure DevOps documents and a client library does not ask for: rules, refusals, hooks."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.azure.main import create_app
from sandbox.azure.seed import OTHER_TOKEN, TOKEN
from sandbox.azure.state import AzureState
from sandbox.tools.faults import Fault, FaultKind
from tests.sandbox.azure.conftest import PATCH, URL, Place

ITEMS = "/Payments/_apis/wit/workitems"


def put(name: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{name}", "value": value}


async def test_who_has_no_good_token_is_sent_to_sign_in(place: Place) -> None:
    for auth in (("", "wrong"), ("somebody", "")):
        answer = await place.call("GET", f"{ITEMS}/1", auth=auth)
        assert answer.status_code == 203
        assert "Sign In" in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    suppressed = {"X-TFS-FedAuthRedirect": "Suppress"}
    answer = await place.call("GET", f"{ITEMS}/1", auth=("", "wrong"), headers=suppressed)
    assert answer.status_code == 401


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("Bug", {"System__State": "Closed"}, "TF401320: Rule Error for field State."),
    ("Bug", {"System__Title": ""}, "Error code: Required, InvalidEmpty"),
    ("Bug", {"System__Title": "x" * 256}, "InvalidTooLong"),
    ("Bug", {"System__Nope": "x"}, "TF51535: Cannot find field System.Nope."),
    ("Epic", {"Custom__RootCause": "Code"}, "TF51535"),
    ("Bug", {"Custom__RootCause": "Bad luck"}, "LimitedToValues"),
    ("Bug", {"Microsoft__VSTS__Common__Priority": 9}, "Rule Error for field Priority"),
    ("Bug", {"System__AssignedTo": "nobody@example.org"}, "Rule Error for field Assigned To"),
    ("Bug", {"System__CreatedDate": "2020-01-01T00:00:00Z"}, "ReadOnly"),
    ("Bug", {"System__AreaPath": "Payments\\Nowhere"}, "TF401347"),
    ("Bug", {"Microsoft__VSTS__Scheduling__DueDate": "soon"}, "InvalidType"),
]


@pytest.mark.parametrize(("kind", "fields", "words"), BROKEN)
async def test_rules_of_the_process_are_kept(
    place: Place, kind: str, fields: dict[str, Any], words: str
) -> None:
    before = len(place.azure.state.items)
    answer = await place.make(kind, **fields)
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert len(place.azure.state.items) == before


async def test_states_go_only_the_ways_that_there_are(place: Place) -> None:
    bug = (await place.make()).json()["id"]
    closed = await place.change(bug, put("System.State", "Closed"))
    assert "Microsoft.VSTS.Common.ClosedDate" in closed.json()["fields"]
    refused = await place.change(bug, put("System.State", "Resolved"))
    assert refused.status_code == 400
    rule = refused.json()["customProperties"]["RuleValidationErrors"][0]
    assert rule["fieldReferenceName"] == "System.State"
    assert (await place.change(bug, put("System.State", "Active"))).status_code == 200


async def test_a_state_may_demand_a_field(place: Place) -> None:
    bug = (await place.make(project="Website")).json()["id"]
    refused = await place.change(bug, put("System.State", "Closed"))
    assert "Root Cause" in refused.json()["message"]
    both = (put("System.State", "Closed"), put("Custom.RootCause", "Code"))
    assert (await place.change(bug, *both)).status_code == 200


async def test_a_change_of_what_has_changed_meanwhile_is_refused_whole(place: Place) -> None:
    rev = (await place.call("GET", f"{ITEMS}/2")).json()["rev"]
    test = {"op": "test", "path": "/rev", "value": rev}
    assert (await place.change(2, test, put("System.Title", "first"))).status_code == 200
    late = await place.change(2, test, put("System.Title", "second"))
    assert (late.status_code, late.json()["typeKey"]) == (412, "TestPatchOperationFailedException")
    item = (await place.call("GET", f"{ITEMS}/2")).json()
    assert (item["rev"], item["fields"]["System.Title"]) == (rev + 1, "first")
    same = await place.change(2, put("System.Title", "first"))
    assert same.json()["rev"] == rev + 1


async def test_with_rules_bypassed_the_past_can_be_written(place: Place) -> None:
    body = [
        put("System.Title", "old"),
        put("System.State", "Closed"),
        put("System.CreatedDate", "2020-01-02T03:04:05.5Z"),
        put("System.CreatedBy", "gia@example.com"),
    ]
    made = await place.call("POST", f"{ITEMS}/$Bug?bypassRules=true", json=body, headers=PATCH)
    fields = made.json()["fields"]
    assert fields["System.CreatedDate"] == "2020-01-02T03:04:05.5Z"
    assert fields["System.CreatedBy"]["displayName"] == "Gia Gitlab"
    back = put("System.ChangedDate", "2020-01-01T00:00:00Z")
    answer = await place.change(made.json()["id"], back, query="?bypassRules=true")
    assert "VS402625" in answer.json()["message"]


async def test_only_trying_changes_nothing(place: Place) -> None:
    before = len(place.azure.state.items)
    tried = await place.call(
        "POST", f"{ITEMS}/$Bug?validateOnly=true", json=[put("System.Title", "x")], headers=PATCH
    )
    assert tried.status_code == 200
    await place.change(1, put("System.Title", "tried"), query="?validateOnly=true")
    assert len(place.azure.state.items) == before
    item = (await place.call("GET", f"{ITEMS}/1")).json()
    assert item["fields"]["System.Title"] != "tried"


async def test_parents_and_children_know_each_other_and_make_no_circle(place: Place) -> None:
    ids = [(await place.make("User Story")).json()["id"] for _ in range(3)]

    async def link(child: int, parent: int) -> httpx.Response:
        url = f"{URL}/acme/_apis/wit/workItems/{parent}"
        value = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url}
        return await place.change(child, {"op": "add", "path": "/relations/-", "value": value})

    assert (await link(ids[0], ids[1])).json()["fields"]["System.Parent"] == ids[1]
    parent = (await place.call("GET", f"{ITEMS}/{ids[1]}?$expand=relations")).json()
    assert parent["relations"][0]["rel"] == "System.LinkTypes.Hierarchy-Forward"
    assert parent["rev"] == 1
    assert "TF201036" in (await link(ids[0], ids[2])).json()["message"]
    assert "TF201035" in (await link(ids[1], ids[0])).json()["message"]
    assert (await place.change(ids[0], {"op": "remove", "path": "/relations/0"})).status_code == 200
    parent = (await place.call("GET", f"{ITEMS}/{ids[1]}?$expand=relations")).json()
    assert "relations" not in parent


REFUSED: list[tuple[str, str, str, Any, int, str]] = [
    ("GET", "/Nowhere/_apis/wit/fields", "7.1", None, 404, "TF200016"),
    ("GET", f"{ITEMS}/99999", "7.1", None, 404, "TF401232"),
    ("GET", f"{ITEMS}/1/comments", "7.1", None, 400, "under preview"),
    ("POST", f"{ITEMS}/1/comments", "", {"text": "x"}, 400, "No api-version was supplied"),
    ("POST", f"{ITEMS}batch", "7.1", {"ids": [*range(201)]}, 400, "limit of 200"),
    ("POST", f"{ITEMS}batch", "7.1", {"ids": [1], "fields": ["System.Id"], "$expand": "all"}, 400,
     "can not be used with the fields parameter"),
    ("POST", f"{ITEMS}/$Bug", "7.1", [put("System.Title", "x")], 415, "json-patch+json"),
    ("PATCH", f"{ITEMS}/1/comments/1", "7.1-preview.4", {"text": "x"}, 404, "VS403436"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "version", "body", "status", "words"), REFUSED)
async def test_refusals(
    place: Place, method: str, path: str, version: str, body: Any, status: int, words: str
) -> None:
    answer = await place.call(method, path, version=version, json=body)
    assert (answer.status_code, words in answer.json()["message"]) == (status, True)
    assert answer.json()["$id"] == "1"


async def test_words_of_others_are_not_changed(place: Place) -> None:
    version, path = "7.1-preview.4", f"{ITEMS}/1/comments"
    other = ("", OTHER_TOKEN)
    made = await place.call("POST", path, version=version, json={"text": "mine"}, auth=other)
    path = f"{path}/{made.json()['id']}"
    answer = await place.call("PATCH", path, version=version, json={"text": "yours"})
    assert answer.status_code == 403


async def test_what_is_not_there_keeps_its_place_in_a_batch(place: Place) -> None:
    body = {"ids": [2, 99999, 1], "errorPolicy": "omit"}
    value = (await place.call("POST", f"{ITEMS}batch", json=body)).json()["value"]
    assert [each and each["id"] for each in value] == [2, None, 1]
    body["errorPolicy"] = "fail"
    assert (await place.call("POST", f"{ITEMS}batch", json=body)).status_code == 404


async def test_addresses_are_the_same_in_any_case(place: Place) -> None:
    for path in ("/PAYMENTS/_apis/WIT/WorkItems/1", "/payments/_apis/wit/workItems/1"):
        assert (await place.call("GET", path)).json()["id"] == 1


async def test_hooks_tell_what_changed_and_prove_who_tells(place: Place) -> None:
    for event in ("created", "updated", "commented", "deleted"):
        made = await place.listen(f"workitem.{event}", projectId="")
    assert made.json()["consumerInputs"]["basicAuthPassword"] == "********"
    item_id = (await place.make(System__AssignedTo="gia@example.com")).json()["id"]
    await place.change(item_id, put("System.Title", "newer"))
    await place.change(item_id, put("System.Title", "newer"))
    await place.change(item_id, put("System.History", "<b>words</b>"))
    await place.call("DELETE", f"{ITEMS}/{item_id}")
    heard = await place.heard()
    assert [body["eventType"].removeprefix("workitem.") for body in heard] == [
        "created", "updated", "commented", "updated", "deleted",
    ]  # fmt: skip
    assert heard[0]["resource"]["fields"]["System.AssignedTo"] == "Gia Gitlab <gia@example.com>"
    change = heard[1]["resource"]["fields"]["System.Title"]
    assert change == {"oldValue": "A title", "newValue": "newer"}
    assert heard[1]["resource"]["workItemId"] == item_id
    assert heard[2]["resource"]["fields"]["System.History"] == "<b>words</b>"
    headers = [headers for headers, _ in place.listener.told]
    assert {h["authorization"] for h in headers} == {"Basic Z2V0aW50OnMzY3JldA=="}


async def test_hooks_send_no_more_than_they_were_asked_for(place: Place) -> None:
    for how_much in ("minimal", "none"):
        await place.listen("workitem.created", resourceDetailsToSend=how_much)
    item_id = (await place.make()).json()["id"]
    minimal, none = await place.heard()
    assert (minimal["resource"].keys(), minimal["resource"]["id"]) == ({"id", "url"}, item_id)
    assert none["resource"] is None
    assert none["eventType"] == "workitem.created"


async def test_a_hook_that_failed_comes_again_and_one_that_was_refused_does_not(
    place: Place,
) -> None:
    await place.listen("workitem.created")
    place.listener.answers = [503, 429]
    await place.make()
    assert len({str(body) for body in await place.heard()}) == 1
    assert len(place.listener.told) == 3
    place.listener.answers = [401]
    await place.make()
    assert len(await place.heard()) == 4


async def test_hooks_tell_only_of_what_they_were_made_for(place: Place) -> None:
    await place.listen("workitem.updated", projectId=place.azure.state.projects[1].id)
    await place.listen("workitem.updated", workItemType="Epic")
    await place.listen("workitem.updated", changedFields="System.State")
    item_id = (await place.make()).json()["id"]
    await place.change(item_id, put("System.Title", "newer"))
    assert await place.heard() == []
    await place.change(item_id, put("System.State", "Active"))
    assert len(await place.heard()) == 1
    known = (await place.call("GET", "/_apis/hooks/subscriptions")).json()["value"]
    for each in known:
        await place.call("DELETE", f"/_apis/hooks/subscriptions/{each['id']}")
    await place.change(item_id, put("System.State", "New"))
    assert len(await place.heard()) == 1


FAULTS: list[tuple[FaultKind, int, str]] = [
    (FaultKind.RATE_LIMIT, 429, "TF400733"),
    (FaultKind.ERROR, 500, "TF400898"),
    (FaultKind.UNAVAILABLE, 503, "TF400733"),
    (FaultKind.HTML, 200, "<!doctype html>"),
]


@pytest.mark.parametrize(("kind", "status", "text"), FAULTS)
async def test_it_fails_when_asked(place: Place, kind: FaultKind, status: int, text: str) -> None:
    fault = {"kind": kind, "path": "*/wit/*", "count": 1, "retryAfter": 7}
    assert (await place.http.post("/sandbox/api/faults", json=fault)).status_code == 201
    struck = await place.call("GET", f"{ITEMS}/1")
    assert (struck.status_code, text in struck.text) == (status, True)
    assert (await place.call("GET", f"{ITEMS}/1")).status_code == 200


async def test_a_lost_answer_leaves_what_was_written(place: Place) -> None:
    place.azure.faults.add(Fault(FaultKind.LOST_ANSWER, method="POST", remaining=1))
    before = len(place.azure.state.items)
    with pytest.raises(httpx.ReadTimeout):
        await place.make()
    assert len(place.azure.state.items) == before + 1


async def test_the_limit_is_told_before_it_is_reached(place: Place) -> None:
    await place.http.post("/sandbox/api/limit", json={"calls": 1, "windowSeconds": 3600})
    first = await place.call("GET", f"{ITEMS}/1")
    assert (first.status_code, first.headers["x-ratelimit-remaining"]) == (200, "0")
    second = await place.call("GET", f"{ITEMS}/1")
    assert second.status_code == 429
    assert int(second.headers["retry-after"]) >= 1


async def test_a_clock_that_goes_back_still_writes_revisions_forward(place: Place) -> None:
    first = (await place.make()).json()
    await place.http.post("/sandbox/api/clock", json={"seconds": -600})
    second = (await place.change(first["id"], put("System.Title", "x"))).json()
    before, after = (
        datetime.fromisoformat(each["fields"]["System.ChangedDate"]) for each in (first, second)
    )
    assert before < after
    other = (await place.make()).json()["fields"]["System.CreatedDate"]
    behind = datetime.now(UTC) - datetime.fromisoformat(other)
    assert timedelta(minutes=9) < behind < timedelta(minutes=11)


async def test_queries_may_lag_behind_changes(place: Place) -> None:
    place.azure.lag = timedelta(minutes=5)
    made = (await place.make()).json()["id"]
    found = (await place.ask("[System.Id] > 0")).json()["workItems"]
    assert made not in {each["id"] for each in found}
    assert (await place.call("GET", f"{ITEMS}/{made}")).status_code == 200


async def test_a_person_edits_and_comments_in_a_page(place: Place) -> None:
    await place.listen("workitem.updated")
    assert "Payments" in (await place.http.get("/")).text
    made = (await place.make(System__Title="<script>alert(1)</script>")).json()["id"]
    form: dict[str, Any] = {"place": "Payments", "number": made, "by": "zoe"}
    assert "<script>" not in (await place.http.get("/item", params=form)).text
    edited = {**form, "title": "By hand", "description": "<p>a</p>", "state": "Active"}
    assert (await place.http.post("/item/edit", data=edited)).status_code == 303
    await place.http.post("/item/comment", data={**form, "text": "from a page"})
    item = (await place.call("GET", f"{ITEMS}/{made}")).json()["fields"]
    assert (item["System.Title"], item["System.State"]) == ("By hand", "Active")
    assert item["System.ChangedBy"]["uniqueName"] == "zoe@example.com"
    assert len(await place.heard()) == 2


async def test_the_log_and_the_state_tell_no_secret(place: Place) -> None:
    await place.listen("workitem.created")
    await place.make()
    await place.azure.deliveries.settle()
    told = [await place.http.get(f"/sandbox/api/{n}") for n in ("state", "requests", "deliveries")]
    text = json.dumps([answer.json() for answer in told])
    assert "s3cret" not in text
    assert TOKEN not in text


async def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "azure.json"
    app = create_app(AzureState.fresh(URL, items=20), keep_in=path)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=URL, auth=("", TOKEN)) as http:
            await http.patch(
                "/acme/_apis/wit/workitems/1?api-version=7.1",
                json=[put("System.Title", "kept 🚀")],
                headers=PATCH,
            )
            await http.post(
                "/acme/_apis/wit/attachments?api-version=7.1&fileName=a", content=b"\xff\x00"
            )
    assert path.stat().st_mode & 0o777 == 0o600
    assert AzureState.from_json(path.read_bytes()) == app.state.standin.state


def test_the_seed_is_the_same_each_time() -> None:
    first = AzureState.fresh(URL)
    assert first == AzureState.fresh(URL)
    assert len(first.items) == 330
    assert max(item.comment_count for item in first.items.values()) >= 60
