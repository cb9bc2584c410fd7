"""The load generator, a process of its own: HTTP/1.1 keep-alive over plain sockets.

`python -m bench.load HOST PORT CONNECTIONS SECONDS < paths`; prints one line of JSON. Every path
is asked for in turn, with the cookie of BENCH_COOKIE if there is one; an answer that is not 200
ends the run.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import cast

import uvloop

LONGEST_ANSWER_S = 10
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it was answered."""

    def __init__(self, requests: Iterator[bytes], until: float, done: asyncio.Future[None]) -> None:
        self.latencies: list[float] = []
        self.bytes = 0
        self._requests = requests
        self._until = until
        self._done = done
        self._buffer = bytearray()
        self._asked_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_HEAD_END)
        if head < 0:
            return
        found = _LENGTH.search(self._buffer, 0, head)
        if not self._buffer.startswith(b"HTTP/1.1 200") or found is None:
            self._fail(bytes(self._buffer[:300]).decode("latin-1"))
            return
        if len(self._buffer) < head + 4 + int(found[1]):
            return
        self.latencies.append(time.perf_counter() - self._asked_at)
        self.bytes = len(self._buffer) - head - 4
        self._buffer.clear()
        self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._done.done():
            self._fail("the server closed the connection")

    def _ask(self) -> None:
        assert self._transport is not None
        self._asked_at = time.perf_counter()
        if self._asked_at >= self._until:
            self._done.set_result(None)
            self._transport.close()
            return
        self._transport.write(next(self._requests))

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(why))


async def load(host: str, port: int, connections: int, seconds: float, paths: list[str]) -> str:
    """Ask for ``seconds`` and answer with the figures as JSON."""
    cookie = os.environ.get("BENCH_COOKIE", "")
    proof = f"Cookie: {cookie}\r\n" if cookie else ""
    head = f"HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/html\r\n{proof}\r\n"
    requests = cycle([f"GET {path} {head}".encode() for path in paths])
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    askers, ends = [], []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        asker = Asker(requests, began + seconds, done)
        await loop.create_connection(lambda asker=asker: asker, "127.0.0.1", port)  # type: ignore[misc]
        askers.append(asker)
        ends.append(done)
    async with asyncio.timeout(seconds + LONGEST_ANSWER_S):
        await asyncio.gather(*ends)
    taken = time.perf_counter() - began
    latencies = sorted(latency for asker in askers for latency in asker.latencies)
    return json.dumps(
        {
            "requests": len(latencies),
            "per_second": len(latencies) / taken,
            "p50_ms": latencies[len(latencies) // 2] * 1000,
            "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
            "bytes": askers[0].bytes,
        }
    )


if __name__ == "__main__":
    host, port, connections, seconds = sys.argv[1:]
    paths = sys.stdin.read().split()
    print(uvloop.run(load(host, int(port), int(connections), float(seconds), paths)))
