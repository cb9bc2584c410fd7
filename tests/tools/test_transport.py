"""The client connects where it was checked, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from app.tools.addresses import AddressRefused, AddressRule
from app.tools.transport import new_tool_client
from tests.tools.conftest import HOST, LocalTool


class Names:
    """A resolver that answers by a script, and then with its last answer."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def plain_port() -> AsyncIterator[int]:
    """The port of a tool that speaks plain http."""
    tool = LocalTool()
    server = await asyncio.start_server(tool.serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def open_to(tool: LocalTool) -> AddressRule:
    return AddressRule.allowing([f"{HOST}:{tool.port}"])


async def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(
    local_tool: LocalTool,
) -> None:
    names = Names(["127.0.0.1"], ["10.255.255.1"])
    rule = AddressRule.allowing(["127.0.0.0/8"])
    async with new_tool_client(rule, resolver=names, context=local_tool.trusted) as client:
        answer = await client.get(local_tool.address)
    assert (answer.status_code, names.asked) == (200, 1)
    assert f"Host: {HOST}:{local_tool.port}".encode() in local_tool.asked[0]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]]
)
async def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(
    local_tool: LocalTool, addresses: list[str]
) -> None:
    client = new_tool_client(AddressRule(), resolver=Names(addresses), context=local_tool.trusted)
    async with client:
        with pytest.raises(AddressRefused):
            await client.get(local_tool.address, headers={"Authorization": "Bearer secret"})
    assert local_tool.asked == []


async def test_a_name_that_leads_inside_the_second_time_is_refused_then(
    local_tool: LocalTool,
) -> None:
    rule = AddressRule.allowing(["127.0.0.1/32"])
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    local_tool.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with new_tool_client(rule, resolver=names, context=local_tool.trusted) as client:
        await client.get(local_tool.address)
        with pytest.raises(AddressRefused):
            await client.get(local_tool.address)


async def test_a_redirect_is_not_followed(local_tool: LocalTool) -> None:
    local_tool.answer = (
        b"HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    )
    client = new_tool_client(
        open_to(local_tool), resolver=Names(["127.0.0.1"]), context=local_tool.trusted
    )
    async with client:
        assert (await client.get(local_tool.address)).status_code == 302
    assert len(local_tool.asked) == 1


async def test_only_https_is_spoken(local_tool: LocalTool) -> None:
    client = new_tool_client(
        open_to(local_tool), resolver=Names(["127.0.0.1"]), context=local_tool.trusted
    )
    async with client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get(local_tool.address.replace("https:", "http:"))
    assert local_tool.asked == []


async def test_a_certificate_of_an_unknown_authority_is_refused(local_tool: LocalTool) -> None:
    client = new_tool_client(open_to(local_tool), resolver=Names(["127.0.0.1"]))
    async with client:
        with pytest.raises(httpx.ConnectError):
            await client.get(local_tool.address)
    assert local_tool.asked == []


async def test_a_certificate_for_another_name_is_refused(local_tool: LocalTool) -> None:
    rule = AddressRule.allowing(["other.example.com"])
    client = new_tool_client(rule, resolver=Names(["127.0.0.1"]), context=local_tool.trusted)
    async with client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"https://other.example.com:{local_tool.port}")
    assert local_tool.asked == []


async def test_a_proxy_of_the_environment_is_passed_by(
    local_tool: LocalTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = new_tool_client(
        open_to(local_tool), resolver=Names(["127.0.0.1"]), context=local_tool.trusted
    )
    async with client:
        assert (await client.get(local_tool.address)).status_code == 200


async def test_http_to_this_machine_is_spoken_in_development_alone(plain_port: int) -> None:
    address = f"http://localhost:{plain_port}"
    async with new_tool_client(AddressRule.allowing([], loopback=True)) as client:
        assert (await client.get(address)).status_code == 200
    async with new_tool_client(AddressRule.allowing([f"localhost:{plain_port}"])) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get(address)


async def test_a_cookie_of_one_answer_is_in_no_further_request(local_tool: LocalTool) -> None:
    local_tool.answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: session=theirs\r\nConnection: close\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    client = new_tool_client(
        open_to(local_tool), resolver=Names(["127.0.0.1"]), context=local_tool.trusted
    )
    async with client:
        await client.get(local_tool.address)
        await client.get(local_tool.address)
    assert b"ookie" not in local_tool.asked[1]
