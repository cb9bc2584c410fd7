"""What changes on one machine is known on all of them, at once, through PostgreSQL's NOTIFY.

Whoever keeps something in memory registers a function that drops it. While the channel is down
nothing kept may be trusted: ``is_listening`` is then false and caches have to be passed by.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

CHANNEL = "getint_changes"
_RECONNECT_S = 1.0
_log = structlog.stdlib.get_logger("app.changes")

Topic = Literal["facts", "standing"]
Forget = Callable[[UUID | None], None]


class Changes:
    """Announces that an instance changed, and tells those who remember things about it."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._forgetters: dict[Topic, list[Forget]] = {"facts": [], "standing": []}
        self._listener: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    @property
    def is_listening(self) -> bool:
        """Whether changes made elsewhere would reach this process now."""
        return self._listening.is_set()

    def on_change(self, topic: Topic, forget: Forget) -> None:
        """Call ``forget`` with the instance that changed, or None when any may have."""
        self._forgetters[topic].append(forget)

    async def announce(
        self, session: AsyncSession, instance_id: UUID, topic: Topic = "facts"
    ) -> None:
        """Tell everybody once the transaction of ``session`` is committed; this process first."""
        await session.execute(
            text("SELECT pg_notify(:channel, :payload)"),
            {"channel": CHANNEL, "payload": f"{topic} {instance_id}"},
        )

        def forget(_session: Any) -> None:
            self._forget(topic, instance_id)

        event.listen(session.sync_session, "after_commit", forget, once=True)

    async def start(self) -> None:
        """Begin to listen; returns once the channel is open, or after the first failure."""
        self._listener = asyncio.create_task(self._listen_forever())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listening.wait(), timeout=5)

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                _log.warning("change channel lost", kind=type(error).__name__)
            finally:
                self._listening.clear()
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            # A listener only listens: without these a connection that died quietly goes unnoticed.
            keepalives_idle=20,
            keepalives_interval=5,
            keepalives_count=3,
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            for topic in self._forgetters:
                self._forget(topic, None)  # whatever happened while nobody listened
            self._listening.set()
            async for notice in connection.notifies():
                self._hear(notice.payload)

    def _hear(self, payload: str) -> None:
        topic, _, instance_id = payload.partition(" ")
        if topic not in self._forgetters:  # a newer release may know more topics
            return
        try:
            changed = UUID(instance_id)
        except ValueError:  # any role of the database may write into the channel
            return
        self._forget(topic, changed)

    def _forget(self, topic: Topic, instance_id: UUID | None) -> None:
        for forget in self._forgetters[topic]:
            forget(instance_id)
