"""Public keys come from the one server in the settings, once."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connect import InstallKeys, KeyServerUnreachable, TokenProblem, TokenRefused
from tests.connect.kit import KID, RSA_KEY

URL = "https://keys.example.com/install"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class KeyServer:
    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.asked: list[str] = []
        self._answer = answer
        self.keys = InstallKeys(URL + "/", httpx.AsyncClient(transport=httpx.MockTransport(self)))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return self._answer(request)


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=pem(RSA_KEY))


async def test_a_key_is_fetched_once_from_the_pinned_server() -> None:
    server = KeyServer(good)
    first = await server.keys.get(KID)
    assert await server.keys.get(KID) is first
    assert first.public_numbers() == RSA_KEY.public_key().public_numbers()
    assert server.asked == [f"{URL}/{KID}"]


async def test_many_waiters_share_one_flight() -> None:
    server = KeyServer(good)
    await asyncio.gather(*(server.keys.get(KID) for _ in range(20)))
    assert len(server.asked) == 1


async def test_a_waiter_that_leaves_does_not_take_the_key_along() -> None:
    server = KeyServer(good)
    leaving = asyncio.create_task(server.keys.get(KID))
    staying = asyncio.create_task(server.keys.get(KID))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).key_size == 2048


@pytest.mark.parametrize("status", [404, 410])
async def test_an_unknown_key_is_refused_and_remembered_for_a_while(status: int) -> None:
    server = KeyServer(lambda _: httpx.Response(status))
    for _ in range(3):
        with pytest.raises(TokenRefused) as refused:
            await server.keys.get(KID)
        assert refused.value.reason is TokenProblem.UNKNOWN_KEY
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "kid",
    ["", "../x", "a/../b", "a/..", "..", "a..b", "/a", "a//b", "a/", "a/./b", "a b", "a?b", "a#b",
     "a%2e%2e", "a\\b", "https://evil.example/k", "a@evil.example", "a\n", "é", "a" * 201],
)  # fmt: skip
async def test_a_key_id_that_could_lead_elsewhere_is_refused_unasked(kid: str) -> None:
    server = KeyServer(good)
    with pytest.raises(TokenRefused) as refused:
        await server.keys.get(kid)
    assert refused.value.reason is TokenProblem.KEY_ID
    assert server.asked == []


async def test_a_key_id_may_have_several_parts() -> None:
    server = KeyServer(good)
    await server.keys.get("forge/invocation-token/wf-1")
    assert server.asked == [f"{URL}/forge/invocation-token/wf-1"]


def _refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


UNUSABLE: list[Callable[[httpx.Request], httpx.Response]] = [
    _refuse_connection,
    lambda _: httpx.Response(500),
    lambda _: httpx.Response(204),
    lambda _: httpx.Response(302, headers={"location": "https://evil.example/key"}),
    lambda _: httpx.Response(200, content=b"<html>"),
    lambda _: httpx.Response(200, content=pem(RSA_KEY) + b" " * 17_000),
]


@pytest.mark.parametrize("answer", UNUSABLE)
async def test_a_server_that_can_not_tell_is_neither_yes_nor_no(
    answer: Callable[[httpx.Request], httpx.Response],
) -> None:
    server = KeyServer(answer)
    for _ in range(2):
        with pytest.raises(KeyServerUnreachable):
            await server.keys.get(KID)
    assert server.asked == [f"{URL}/{KID}"] * 2


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
        ec.generate_private_key(ec.SECP256R1()),
    ],
    ids=["short", "elliptic"],
)
async def test_a_weak_or_foreign_kind_of_key_is_refused(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    server = KeyServer(lambda _: httpx.Response(200, content=pem(key)))
    with pytest.raises(TokenRefused) as refused:
        await server.keys.get(KID)
    assert refused.value.reason is TokenProblem.UNKNOWN_KEY


async def test_not_more_than_so_many_wait_for_a_key_server_that_hangs() -> None:
    answering = asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        await answering.wait()
        return httpx.Response(404)

    keys = InstallKeys(URL, httpx.AsyncClient(transport=httpx.MockTransport(hang)))
    waiting = [asyncio.create_task(keys.get(f"made-up-{number}")) for number in range(500)]
    for _ in range(20):
        await asyncio.sleep(0)
    at_once = [task for task in waiting if task.done()]
    assert len(at_once) > 400
    assert all(isinstance(task.exception(), KeyServerUnreachable) for task in at_once)
    answering.set()
    await asyncio.gather(*waiting, return_exceptions=True)
