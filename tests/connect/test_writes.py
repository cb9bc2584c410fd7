"""Calls that change something: sent once, unless the first sending did certainly nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from connect import (
    Busy,
    Call,
    FilePart,
    Forbidden,
    Gone,
    JiraError,
    Quota,
    Rejected,
    Unanswered,
    Unauthorized,
    Unreachable,
)
from tests.connect.jira_site import SITE, Answer, Jira, again, ok
from tests.connect.kit import CLIENT_KEY

ENDPOINT = "/rest/api/3/issue"
CREATE = Call(ENDPOINT, ENDPOINT, body={"fields": {"summary": "s3cret"}}, change="POST")
OUTCOMES: list[tuple[Any, type[JiraError], int]] = [
    (again(400), Rejected, 1),
    (again(401), Unauthorized, 1),
    (again(403), Forbidden, 1),
    (again(404), Gone, 1),
    (again(409), Rejected, 1),
    (again(413), Rejected, 1),
    (again(429, retry_after="60"), Busy, 1),
    (again(429, retry_after="1"), Busy, 3),
    (again(500), Unanswered, 1),
    (again(502), Unanswered, 1),
    (again(503, retry_after="1"), Unanswered, 1),
    (httpx.ReadTimeout("slow"), Unanswered, 1),
    (httpx.RemoteProtocolError("dropped"), Unanswered, 1),
    (httpx.WriteError("reset"), Unanswered, 1),
    (httpx.ConnectError("refused"), Unreachable, 3),
    (httpx.ConnectTimeout("slow"), Unreachable, 3),
    (lambda _: httpx.Response(201, content=b"<html>"), Unanswered, 1),
]


@pytest.mark.parametrize(("answer", "error", "tries"), OUTCOMES)
async def test_a_change_is_sent_again_only_where_it_did_nothing(
    answer: Any, error: type[JiraError], tries: int
) -> None:
    jira = Jira(answer)
    with pytest.raises(JiraError) as failure:
        await jira.client.transport.write(SITE, CREATE)
    assert type(failure.value) is error
    assert len(jira.requests) == tries == jira.quota.calls()
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (lambda _: httpx.Response(201, json={"id": "1"}), {"id": "1"}),
        (lambda _: ok({"id": "1"}), {"id": "1"}),
        (again(204), None),
    ],
)
async def test_a_change_answers_what_jira_says(answer: Answer, result: Any) -> None:
    jira = Jira(answer)
    assert await jira.client.transport.write(SITE, CREATE) == result
    assert jira.requests[0].method == "POST"


async def test_what_jira_says_of_the_fields_is_kept_apart_from_the_message() -> None:
    said = {"errorMessages": ["No s3cret."], "errors": {"duedate": "s3cret is no date"}}
    jira = Jira(httpx.Response(400, json=said))
    with pytest.raises(Rejected) as rejected:
        await jira.client.transport.write(SITE, CREATE)
    assert rejected.value.fields == {"duedate": "s3cret is no date"}
    assert rejected.value.messages == ["No s3cret."]
    assert "s3cret" not in str(rejected.value)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"errors":[]}', b"[" * 100_000])
async def test_a_refusal_that_can_not_be_read_is_one_all_the_same(content: bytes) -> None:
    jira = Jira(httpx.Response(400, content=content))
    with pytest.raises(Rejected) as rejected:
        await jira.client.transport.write(SITE, CREATE)
    assert (rejected.value.fields, rejected.value.messages) == ({}, [])


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_file_is_streamed_as_a_form_with_its_length() -> None:
    jira = Jira(ok([]))
    file = FilePart('a "b"\r\n🎉.txt', "text/plain", 5, _pieces(b"he", b"llo"))
    path = "/rest/api/3/issue/7/attachments"
    await jira.client.transport.write(SITE, Call(path, path, change="POST", file=file))
    (request,) = jira.requests
    body = await request.aread()
    assert int(request.headers["content-length"]) == len(body)
    assert request.headers["x-atlassian-token"] == "no-check"
    assert b"transfer-encoding" not in dict(request.headers.raw)
    assert 'filename="a %22b%22🎉.txt"\r\n'.encode() in body
    assert b"\r\n\r\nhello\r\n--" in body


async def test_a_file_is_never_sent_twice() -> None:
    jira = Jira(httpx.ConnectError("refused"))
    file = FilePart("a", "text/plain", 1, _pieces(b"x"))
    with pytest.raises(Unreachable):
        await jira.client.transport.write(SITE, Call("/x", "/x", change="POST", file=file))
    assert len(jira.requests) == 1


async def test_a_download_comes_in_pieces_and_is_metered() -> None:
    jira = Jira(httpx.Response(200, content=b"x" * 5_000_000))
    pieces = [piece async for piece in jira.client.transport.download(SITE, Call("/f", "/f"))]
    assert sum(map(len, pieces)) == 5_000_000
    assert jira.quota.calls(CLIENT_KEY) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (again(303, location="https://evil.example"), Unreachable),
        (again(404), Gone),
        (again(500), Unreachable),
        (again(429, retry_after="1"), Busy),
        (httpx.ReadTimeout("slow"), Unreachable),
    ],
)
async def test_a_download_that_fails_says_how(answer: Any, error: type[JiraError]) -> None:
    jira = Jira(answer)
    with pytest.raises(error):
        async for _ in jira.client.transport.download(SITE, Call("/f", "/f")):
            pass
    assert len(jira.requests) == 1


def test_the_rest_of_a_spent_quota_is_for_people() -> None:
    quota = Quota(clock=lambda: 1_800_000_600.0)
    quota.check_background()
    quota.spend("a", 52_001)
    with pytest.raises(Busy) as busy:
        quota.check_background()
    assert busy.value.retry_after == 3000
