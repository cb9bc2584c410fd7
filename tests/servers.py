"""Real uvicorn servers on loopback, for clients and browsers that can not be handed a transport."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from random import SystemRandom

import uvicorn
from starlette.types import ASGIApp

# Below those that systems give to whoever asks for any (RFC 6335, section 6, and Linux).
_NOT_GIVEN = (15_000, 30_000)
_random = SystemRandom()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def kept_port() -> int:
    """One that nobody is given while nothing listens there for a moment."""
    while True:
        port = _random.randrange(*_NOT_GIVEN)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def serving(app: ASGIApp, port: int) -> Iterator[str]:
    """The address at which the program answers, until the block ends."""
    config = uvicorn.Config(app, host="localhost", port=port, log_level="critical", loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert server.started
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
