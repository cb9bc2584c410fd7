"""Atlassian's public keys for `installed` and `uninstalled`, from the one server in the settings.

Keys never change for a `kid` (Atlassian staff, 2021), so what was found is kept; what was not is
remembered for half a minute, so that nobody can make us hammer the key server with one bad id.
"""

import asyncio
import re

import httpx
from cachetools import LRUCache, TTLCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connect.refusals import KeyServerUnreachable, TokenProblem, TokenRefused

MIN_KEY_BITS = 2048
MAX_ANSWER_BYTES = 16 * 1024
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}").fullmatch
_FORBIDDEN_SEGMENTS = {"", ".", ".."}
_TIMEOUT = httpx.Timeout(3.0)
_TOTAL_TIMEOUT_S = 5.0
_PARALLEL_FETCHES = 4
# Anybody can name a key: those who wait must not fill the memory, or wait for a minute.
_WAITING_AT_MOST = 64


def check_key_id(kid: object) -> str:
    """The `kid` of a token's header if it may go into a URL. Raises TokenRefused(key_id)."""
    if (
        not isinstance(kid, str)
        or not _KEY_ID(kid)
        or not _FORBIDDEN_SEGMENTS.isdisjoint(kid.split("/"))
        or ".." in kid
    ):
        raise TokenRefused(TokenProblem.KEY_ID, "The token names no usable key id.")
    return kid


class InstallKeys:
    """Looks up public keys at `url`/<kid>: cached, one flight a key, no redirects."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._found: LRUCache[str, RSAPublicKey] = LRUCache(maxsize=64)
        self._unknown: TTLCache[str, bool] = TTLCache(maxsize=1024, ttl=30)
        self._flights: dict[str, asyncio.Task[RSAPublicKey]] = {}
        self._slots = asyncio.Semaphore(_PARALLEL_FETCHES)

    async def get(self, kid: str) -> RSAPublicKey:
        """The key called `kid`.

        Raises TokenRefused (key_id, unknown_key) and KeyServerUnreachable.
        """
        check_key_id(kid)
        if (key := self._found.get(kid)) is not None:
            return key
        if kid in self._unknown:
            raise _unknown_key()
        flight = self._flights.get(kid)
        if flight is None:
            if len(self._flights) >= _WAITING_AT_MOST:
                raise KeyServerUnreachable("too many keys are being asked for")
            flight = asyncio.create_task(self._fetch(kid))
            self._flights[kid] = flight
            flight.add_done_callback(lambda landed: self._land(kid, landed))
        # One caller that hangs up must not take the answer from the others.
        return await asyncio.shield(flight)

    def _land(self, kid: str, flight: asyncio.Task[RSAPublicKey]) -> None:
        self._flights.pop(kid, None)
        if not flight.cancelled():
            flight.exception()  # seen, also when every waiter has left

    async def _fetch(self, kid: str) -> RSAPublicKey:
        try:
            async with self._slots, asyncio.timeout(_TOTAL_TIMEOUT_S):
                pem = await self._read(kid)
        except (httpx.HTTPError, TimeoutError) as error:
            raise KeyServerUnreachable("the install key server did not answer") from error
        if pem is None:
            self._unknown[kid] = True
            raise _unknown_key()
        key = _rsa_key(pem)
        self._found[kid] = key
        return key

    async def _read(self, kid: str) -> bytes | None:
        async with self._http.stream(
            "GET", f"{self._url}/{kid}", timeout=_TIMEOUT, follow_redirects=False
        ) as response:
            if response.status_code in {404, 410}:
                return None
            if response.status_code != 200:
                raise KeyServerUnreachable(
                    f"the install key server answered {response.status_code}"
                )
            pem = bytearray()
            async for chunk in response.aiter_bytes():
                pem += chunk
                if len(pem) > MAX_ANSWER_BYTES:
                    raise KeyServerUnreachable("the install key server's answer is too long")
            return bytes(pem)


def _rsa_key(pem: bytes) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem)
    except Exception as error:
        raise KeyServerUnreachable("the install key server's answer is no public key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise TokenRefused(
            TokenProblem.UNKNOWN_KEY, "The token's key is no RSA key of at least 2048 bits."
        )
    return key


def _unknown_key() -> TokenRefused:
    return TokenRefused(TokenProblem.UNKNOWN_KEY, "The key server does not know the token's key.")
