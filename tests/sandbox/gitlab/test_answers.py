"""What GitLab documents and a client library does not ask for: refusals, headers, webhooks."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.gitlab.main import create_app
from sandbox.gitlab.seed import OWNER_TOKEN
from sandbox.gitlab.state import GitLabState
from sandbox.tools.faults import Fault, FaultKind
from tests.sandbox.gitlab.conftest import HERE, URL, Place

ISSUES = f"{HERE}/issues"
NOBODY = {"PRIVATE-TOKEN": ""}

REFUSALS: list[tuple[str, str, Any, dict[str, str], int, Any]] = [
    ("GET", "/api/v4/user", None, {"PRIVATE-TOKEN": "x"}, 401, {"message": "401 Unauthorized"}),
    ("GET", "/api/v4/projects/9", None, {}, 404, {"message": "404 Project Not Found"}),
    ("GET", f"{ISSUES}/99999", None, {}, 404, {"message": "404 Not found"}),
    ("GET", "/api/v4/nowhere", None, {}, 404, {"error": "404 Not Found"}),
    ("POST", ISSUES, {}, {}, 400, {"error": "title is missing"}),
    ("POST", ISSUES, {"title": "x", "due_date": "soon"}, {}, 400, {"error": "due_date is invalid"}),
    (
        "POST",
        ISSUES,
        {"title": "x" * 256},
        {},
        400,
        {"message": {"title": ["is too long (maximum is 255 characters)"]}},
    ),
    (
        "PUT",
        f"{ISSUES}/1",
        {"description": "x" * 1_048_577},
        {},
        400,
        {"message": {"description": ["is too long (maximum is 1048576 characters)"]}},
    ),
    ("GET", f"{ISSUES}?sort=up", None, {}, 400, {"error": "sort does not have a valid value"}),
    ("GET", f"{ISSUES}?updated_after=x", None, {}, 400, {"error": "updated_after is invalid"}),
    ("POST", f"{ISSUES}/1/notes", {"body": " "}, {}, 400, {"error": "body is empty"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "url", "body", "headers", "status", "answer"), REFUSALS)
async def test_refusals_have_the_shape_that_gitlab_gives_them(
    place: Place,
    method: str,
    url: str,
    body: Any,
    headers: dict[str, str],
    status: int,
    answer: Any,
) -> None:
    response = await place.http.request(method, url, json=body, headers=headers)
    assert (response.status_code, response.json()) == (status, answer)


async def test_a_private_project_does_not_exist_for_nobody(place: Place) -> None:
    async with httpx.AsyncClient(transport=place.http._transport, base_url=URL) as nobody:
        response = await nobody.get(HERE)
    assert (response.status_code, response.json()["message"]) == (404, "404 Project Not Found")


async def test_pages_tell_where_the_next_one_is(place: Place) -> None:
    first = await place.http.get(ISSUES, params={"per_page": 25, "labels": ""})
    assert first.headers["x-next-page"] == "2"
    assert first.headers["x-total"] == "60"
    assert first.headers["x-total-pages"] == "3"
    last = await place.http.get(ISSUES, params={"per_page": 25, "page": 3})
    assert (len(last.json()), last.headers["x-next-page"]) == (10, "")
    assert "next" not in last.links
    many = await place.http.get(ISSUES, params={"per_page": 1000})
    assert many.headers["x-per-page"] == "100"


async def test_keyset_pages_neither_skip_nor_repeat_while_issues_are_made(place: Place) -> None:
    url, seen = f"{ISSUES}?pagination=keyset&per_page=9&order_by=created_at&sort=asc", []
    while url:
        answer = await place.http.get(url)
        seen += [issue["iid"] for issue in answer.json()]
        if len(seen) == 18:
            await place.http.post(ISSUES, json={"title": "new", "created_at": "2001-01-01"})
        url = answer.links.get("next", {}).get("url", "")
    assert seen == list(range(1, 61))


async def test_a_note_changes_when_its_issue_was_updated(place: Place) -> None:
    before = (await place.http.get(f"{ISSUES}/1")).json()["updated_at"]
    note = (await place.http.post(f"{ISSUES}/1/notes", json={"body": "hi"})).json()
    after = (await place.http.get(f"{ISSUES}/1")).json()["updated_at"]
    assert before < after == note["created_at"]
    same = (await place.http.get(f"{ISSUES}/1")).json()
    await place.http.put(f"{ISSUES}/1", json={"title": same["title"], "labels": same["labels"]})
    assert (await place.http.get(f"{ISSUES}/1")).json()["updated_at"] == after


async def test_quick_actions_in_a_text_are_obeyed_but_not_in_code(place: Place) -> None:
    text = "Done.\n/close\n```\n/reopen\n```"
    note = (await place.http.post(f"{ISSUES}/2/notes", json={"body": text})).json()
    assert note["body"] == "Done.\n```\n/reopen\n```"
    assert (await place.http.get(f"{ISSUES}/2")).json()["state"] == "closed"
    only = await place.http.post(f"{ISSUES}/2/notes", json={"body": "/reopen"})
    assert (only.status_code, only.json()["commands_changes"]) == (202, {"state_event": "reopen"})


async def test_webhooks_tell_what_changed_and_prove_who_tells(place: Place) -> None:
    await place.listen(issues_events=True, note_events=True)
    made = (await place.http.post(ISSUES, json={"title": "new", "labels": "a,b"})).json()
    await place.http.put(f"{ISSUES}/{made['iid']}", json={"title": "newer"})
    await place.http.put(f"{ISSUES}/{made['iid']}", json={"title": "newer"})
    await place.http.post(f"{ISSUES}/{made['iid']}/notes", json={"body": "words"})
    await place.http.put(f"{ISSUES}/{made['iid']}", json={"state_event": "close"})
    heard = await place.heard()
    attributes = [body["object_attributes"] for body in heard]
    assert [a["action"] for a in attributes] == ["open", "update", "create", "close"]
    assert heard[1]["changes"]["title"] == {"previous": "new", "current": "newer"}
    assert heard[2]["issue"]["iid"] == made["iid"]
    headers = [headers for headers, _ in place.listener.told]
    assert {h["x-gitlab-token"] for h in headers} == {"s3cret"}
    assert [h["x-gitlab-event"] for h in headers] == [
        "Issue Hook", "Issue Hook", "Note Hook", "Issue Hook",
    ]  # fmt: skip
    assert len({h["x-gitlab-event-uuid"] for h in headers}) == 4


async def test_a_signing_token_signs_and_is_not_sent(place: Place) -> None:
    token = "whsec_" + base64.b64encode(b"k" * 32).decode()
    await place.listen(token="", signing_token=token, issues_events=True)
    (hook,) = (await place.http.get(f"{HERE}/hooks")).json()
    tested = await place.http.post(f"{HERE}/hooks/{hook['id']}/test/issues_events")
    assert tested.status_code == 201
    assert [body["object_kind"] for body in await place.heard()] == ["issue"]
    headers, (delivery,) = place.listener.told[0][0], place.gitlab.deliveries.made
    second = headers["webhook-timestamp"]
    signed = f"{headers['webhook-id']}.{second}.".encode() + delivery.body
    digest = base64.b64encode(hmac.digest(b"k" * 32, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == headers["idempotency-key"]
    assert "x-gitlab-token" not in headers


async def test_confidential_issues_are_told_to_those_who_asked_for_them_only(place: Place) -> None:
    await place.listen(issues_events=True)
    await place.http.post(ISSUES, json={"title": "secret", "confidential": True})
    assert await place.heard() == []


async def test_webhooks_are_held_doubled_shuffled_and_lost_when_asked(place: Place) -> None:
    await place.listen(issues_events=True)
    place.gitlab.deliveries.hold = True
    for title in "abcd":
        await place.http.post(ISSUES, json={"title": title})
    assert await place.heard() == []
    place.gitlab.deliveries.copies = 2
    place.gitlab.deliveries.release(seed=1)
    titles = [body["object_attributes"]["title"] for body in await place.heard()]
    assert sorted(titles) == sorted("aabbccdd")
    assert titles != sorted(titles)
    place.gitlab.deliveries.hold, place.gitlab.deliveries.lose = False, 1
    await place.http.post(ISSUES, json={"title": "lost"})
    assert len(await place.heard()) == 8


FAULTS: list[tuple[FaultKind, int, str]] = [
    (FaultKind.RATE_LIMIT, 429, "Retry later"),
    (FaultKind.ERROR, 500, "500 Internal Server Error"),
    (FaultKind.BAD_GATEWAY, 502, "502"),
    (FaultKind.UNAUTHORIZED, 401, "401 Unauthorized"),
    (FaultKind.HTML, 200, "<!doctype html>"),
]


@pytest.mark.parametrize(("kind", "status", "text"), FAULTS)
async def test_it_fails_when_asked_and_only_so_often(
    place: Place, kind: FaultKind, status: int, text: str
) -> None:
    fault = {"kind": kind, "path": "*/issues*", "count": 1, "retryAfter": 7, "skip": 1}
    assert (await place.http.post("/sandbox/api/faults", json=fault)).status_code == 201
    assert (await place.http.get(f"{ISSUES}/1")).status_code == 200
    struck = await place.http.get(f"{ISSUES}/1")
    assert struck.status_code == status
    assert text in struck.text
    if status >= 400:
        assert struck.headers["retry-after"] == "7"
    assert (await place.http.get(f"{ISSUES}/1")).status_code == 200


async def test_a_lost_answer_leaves_what_was_written(place: Place) -> None:
    place.gitlab.faults.add(Fault(FaultKind.LOST_ANSWER, method="POST", remaining=1))
    with pytest.raises(httpx.ReadTimeout):
        await place.http.post(ISSUES, json={"title": "did it arrive?"})
    place.gitlab.faults.add(Fault(FaultKind.DROP, method="POST", remaining=1))
    with pytest.raises(httpx.RemoteProtocolError):
        await place.http.post(ISSUES, json={"title": "this did not"})
    found = (await place.http.get(ISSUES, params={"created_after": "2026-11-03"})).json()
    assert [issue["title"] for issue in found] == ["did it arrive?"]


async def test_the_clock_of_the_server_may_be_wrong(place: Place) -> None:
    await place.http.post("/sandbox/api/clock", json={"seconds": 600})
    made = await place.http.post(ISSUES, json={"title": "later"})
    ahead = datetime.fromisoformat(made.json()["created_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < ahead < timedelta(minutes=11)
    assert "Date" in made.headers


async def test_lists_may_lag_behind_changes(place: Place) -> None:
    place.gitlab.lag = timedelta(minutes=5)
    made = (await place.http.post(ISSUES, json={"title": "unseen"})).json()
    assert (await place.http.get(f"{ISSUES}/{made['iid']}")).status_code == 200
    assert (await place.http.get(ISSUES, params={"created_after": made["created_at"]})).json() == []
    place.gitlab.lag = timedelta()
    assert len((await place.http.get(ISSUES, params={"search": "unseen"})).json()) == 1


async def test_the_limit_is_told_before_it_is_reached(place: Place) -> None:
    await place.http.post("/sandbox/api/limit", json={"calls": 2, "windowSeconds": 3600})
    left = []
    for _ in range(3):
        answer = await place.http.get(f"{ISSUES}/1")
        left.append((answer.status_code, answer.headers["ratelimit-remaining"]))
    assert left == [(200, "1"), (200, "0"), (429, "0")]
    assert 1 <= int(answer.headers["retry-after"]) <= 3601


async def test_the_log_and_the_state_tell_no_token(place: Place) -> None:
    await place.listen(issues_events=True)
    await place.http.post(ISSUES, json={"title": "x"})
    await place.gitlab.deliveries.settle()
    told = [await place.http.get(f"/sandbox/api/{n}") for n in ("state", "requests", "deliveries")]
    text = json.dumps([answer.json() for answer in told])
    assert "s3cret" not in text
    assert OWNER_TOKEN not in text


async def test_a_person_edits_and_comments_in_a_page(place: Place) -> None:
    await place.listen(issues_events=True, note_events=True)
    front = await place.http.get("/")
    assert "acme/payments" in front.text
    form: dict[str, Any] = {"place": "acme/payments", "number": 6, "by": "zoe"}
    sheet = (await place.http.get("/item", params=form)).text
    assert "&lt;script&gt;" in (await place.http.get("/item?place=acme/payments&number=18")).text
    assert "<script>" not in sheet
    edited = {**form, "title": "By hand", "description": "a\r\nb", "state": "closed"}
    answer = await place.http.post("/item/edit", data=edited)
    assert answer.status_code == 303
    await place.http.post("/item/comment", data={**form, "text": "from a page"})
    issue = (await place.http.get(f"{ISSUES}/6")).json()
    assert (issue["title"], issue["description"]) == ("By hand", "a\nb")
    assert issue["state"] == "closed"
    heard = await place.heard()
    assert [body["user"]["username"] for body in heard] == ["zoe", "zoe"]


async def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "gitlab.json"
    app = create_app(GitLabState.fresh(URL, issues=20), keep_in=path)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        headers = {"PRIVATE-TOKEN": OWNER_TOKEN}
        async with httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as http:
            await http.post(ISSUES, json={"title": "kept 🚀"})
            await http.post(f"{HERE}/uploads", files={"file": ("a.bin", b"\xff\x00")})
    assert path.stat().st_mode & 0o777 == 0o600
    found = GitLabState.from_json(path.read_bytes())
    assert found == app.state.standin.state
    assert found.projects[0].uploads[-1].content == b"\xff\x00"


def test_the_seed_is_the_same_each_time() -> None:
    first = GitLabState.fresh(URL)
    assert first == GitLabState.fresh(URL)
    issues = first.projects[0].issues.values()
    assert len(issues) == 240
    assert max(len(issue.notes) for issue in issues) >= 60
    assert max(len(issue.description or "") for issue in issues) > 8000
