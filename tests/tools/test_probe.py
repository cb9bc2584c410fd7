"""What the test button says."""

import base64
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from app.access import Tool
from app.tools import probe as module
from app.tools.addresses import AddressRule
from app.tools.catalogue import CATALOGUE
from app.tools.probe import ProbeResult, probe
from app.tools.transport import new_tool_client
from tests.tools.conftest import HOST, LocalTool

SECRET = "glpat-very-secret"
GITLAB = CATALOGUE[Tool.GITLAB]


async def on_this_machine(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def client(local_tool: LocalTool) -> AsyncIterator[httpx.AsyncClient]:
    rule = AddressRule.allowing([f"{HOST}:{local_tool.port}"])
    async with new_tool_client(
        rule, resolver=on_this_machine, context=local_tool.trusted
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("status", "ok", "said"),
    [
        ("200 OK", True, "accepted"),
        ("401 Unauthorized", False, "did not accept the credentials"),
        ("403 Forbidden", False, "lack the rights"),
        ("404 Not Found", False, "was not found at this address"),
        ("203 Sign in", False, "did not accept the credentials"),
        ("302 Found", False, "did not accept the credentials"),
        ("407 Proxy", False, "proxy"),
        ("418 Teapot", False, "HTTP 418"),
        ("429 Too Many Requests", False, "asks to wait"),
        ("503 Busy", False, "trouble of its own (HTTP 503)"),
    ],
)
async def test_each_answer_is_put_into_plain_words(
    local_tool: LocalTool, client: httpx.AsyncClient, status: str, ok: bool, said: str
) -> None:
    local_tool.answer = f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    result = await probe(client, GITLAB, local_tool.address, {"token": SECRET})
    assert result.ok is ok
    assert said in result.message
    assert SECRET not in result.message
    assert f"PRIVATE-TOKEN: {SECRET}".lower() in local_tool.asked[0].decode().lower()


async def test_an_answer_without_end_is_cut(
    local_tool: LocalTool, client: httpx.AsyncClient
) -> None:
    local_tool.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * module.MOST_BYTES * 3
    )
    assert (await probe(client, GITLAB, local_tool.address, {"token": SECRET})).ok


async def test_a_tool_that_never_answers_is_given_up(
    local_tool: LocalTool, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOTAL_S", 0.2)
    local_tool.hangs = True
    result = await probe(client, GITLAB, local_tool.address, {"token": SECRET})
    assert result == module.ProbeResult(False, "GitLab did not answer in time.")


async def test_an_untrusted_certificate_is_named(local_tool: LocalTool) -> None:
    rule = AddressRule.allowing([HOST])
    async with new_tool_client(rule, resolver=on_this_machine) as client:
        result = await probe(client, GITLAB, local_tool.address, {"token": SECRET})
    assert not result.ok
    assert "certificate" in result.message


async def test_an_unreachable_tool_is_named() -> None:
    rule = AddressRule.allowing([HOST])
    async with new_tool_client(rule, resolver=on_this_machine) as client:
        result = await probe(client, GITLAB, f"https://{HOST}:9", {"token": SECRET})
    assert result == module.ProbeResult(False, "GitLab cannot be reached at this address.")


async def test_a_private_address_is_named(local_tool: LocalTool) -> None:
    async with new_tool_client(AddressRule(), resolver=on_this_machine) as client:
        result = await probe(client, GITLAB, local_tool.address, {"token": SECRET})
    assert "private network" in result.message
    assert local_tool.asked == []


async def test_a_graphql_answer_with_errors_is_a_no(
    local_tool: LocalTool, client: httpx.AsyncClient
) -> None:
    body = b'{"errors":[{"message":"Not Authenticated"}]}'
    local_tool.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    result = await probe(client, CATALOGUE[Tool.MONDAY], local_tool.address, {"token": SECRET})
    assert not result.ok


async def test_names_beyond_ascii_reach_the_tool_as_utf_8(
    local_tool: LocalTool, client: httpx.AsyncClient
) -> None:
    credentials = {"username": "zoë", "password": "pässwörd"}
    await probe(client, CATALOGUE[Tool.SERVICENOW], local_tool.address, credentials)
    sent = base64.b64encode("zoë:pässwörd".encode())
    assert b"Basic " + sent in local_tool.asked[0]


@pytest.mark.parametrize("host", ["xn--0.example.com", "xn--a.xn--b.com"])
async def test_a_name_that_spells_nothing_is_said_to_be_none(host: str) -> None:
    async with new_tool_client(AddressRule()) as client:
        result = await probe(client, CATALOGUE[Tool.GITLAB], f"https://{host}", {"token": "x"})
    assert result == ProbeResult(False, "This is not the name of a host on the internet.")
