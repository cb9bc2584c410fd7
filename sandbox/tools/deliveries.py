"""Webhooks on their way: sent at once, or held, doubled, shuffled and lost when a test asks."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import httpx

TIMEOUT_S = 10.0
KEPT = 1000
TAKEN = range(200, 300)
REFUSED = set(range(400, 500)) - {408, 429}


@dataclass(slots=True)
class Delivery:
    """One POST of a webhook; `status` is 0 until it was answered."""

    url: str
    event: str
    body: bytes
    headers: dict[str, str] = field(repr=False)
    status: int = 0
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Without headers, for they hold the secret, and without the body."""
        return {"url": self.url, "event": self.event, "status": self.status, "note": self.note}


class Deliveries:
    """`hold`: keep them until `release`. `copies`: send each so often. `lose`: drop the next n.

    `retries`: how often one that failed is sent again; without the minutes that tools wait.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.hold = False
        self.copies = 1
        self.lose = 0
        self.retries = 0
        self.held: list[Delivery] = []
        self.made: list[Delivery] = []
        self._http = http
        self._under_way: set[asyncio.Task[None]] = set()

    def add(self, delivery: Delivery) -> None:
        """Called within the event loop; the answer is not waited for, as the tools do not."""
        self.made = [*self.made[-KEPT:], delivery]
        if self.lose:
            self.lose -= 1
            delivery.note = "lost"
        elif self.hold:
            self.held.append(delivery)
        else:
            self._send(delivery)

    def release(self, seed: int | None = None) -> None:
        """Send what was held, in an order shuffled by `seed` where one is given."""
        waiting, self.held = self.held, []
        if seed is not None:
            random.Random(seed).shuffle(waiting)  # noqa: S311 - disorder that can be repeated
        for delivery in waiting:
            self._send(delivery)

    async def settle(self) -> None:
        """Until everything sent was answered or gave up."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    def _send(self, delivery: Delivery) -> None:
        for _ in range(self.copies):
            task = asyncio.get_running_loop().create_task(self._post(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _post(self, delivery: Delivery) -> None:
        for _ in range(1 + self.retries):
            try:
                response = await self._http.post(
                    delivery.url, content=delivery.body, headers=delivery.headers, timeout=TIMEOUT_S
                )
                delivery.status, delivery.note = response.status_code, ""
            except httpx.HTTPError as failed:
                delivery.note = type(failed).__name__
            if delivery.status in TAKEN or delivery.status in REFUSED:
                return
