"""A support with keys and an agent, and what its console's role finds in the database."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from app.database import Database
from app.runs.log_lines import Line
from app.runs.vault import LogReader
from app.support.keys import SupportPrivateKeys
from app.support.models import RunShare

SUPPORT_KEY = b"the private key of tests' suppor"
ANOTHER_KEY = b"a key that support has got later"


def public_half(*private: bytes) -> str:
    """As SUPPORT_PUBLIC_KEYS has it."""
    halves = (X25519PrivateKey.from_private_bytes(key).public_key() for key in private)
    return ",".join(base64.b64encode(half.public_bytes_raw()).decode() for half in halves)


@dataclass(frozen=True)
class Console:
    """What the console of support has: a connection of its role, and private keys."""

    database: Database

    async def log_of(self, instance_id: UUID, run_id: UUID, *keys: bytes) -> list[Line]:
        """The lines of a shared run; LookupError if nothing of it is to be seen."""
        async with self.database.of_instance(instance_id) as session:
            share = await session.scalar(select(RunShare).where(RunShare.run_id == run_id))
        if share is None or share.sealed_key is None or share.sealed_for is None:
            raise LookupError
        key = SupportPrivateKeys(keys or (SUPPORT_KEY,)).open(
            share.sealed_key,
            share.sealed_for,
            instance_id=instance_id,
            run_id=run_id,
            share_id=share.id,
        )
        reader = LogReader(self.database, instance_id, run_id, key)
        return [line async for chunk in reader.chunks() for line in chunk.lines]


@dataclass(frozen=True)
class Desk:
    """Looks at the tables past row-level security, and makes agents."""

    superuser: psycopg.Connection[Any]

    def agent(self, name: str = "Sam Support", state: str = "active") -> UUID:
        agent_id = uuid4()
        self.superuser.execute(
            "INSERT INTO support_agents (id, email, display_name, state) VALUES (%s, %s, %s, %s)",
            (agent_id, f"{agent_id}@example.com", name, state),
        )
        return agent_id

    def ask(
        self, agent_id: UUID, instance_id: UUID, ticket: str = "T-1", message: str = ""
    ) -> None:
        self.superuser.execute(
            "SELECT ask_for_support_access(%s, %s, %s, %s)",
            (agent_id, instance_id, ticket, message),
        )

    def requests(self) -> list[tuple[UUID, str]]:
        return self.superuser.execute(
            "SELECT id, state FROM support_requests ORDER BY asked_at"
        ).fetchall()

    def grants(self) -> list[tuple[Any, ...]]:
        """Approved by, whether it is over, by whom."""
        return self.superuser.execute(
            "SELECT approved_by, ended_at IS NOT NULL, ended_by FROM support_grants"
            " ORDER BY approved_at"
        ).fetchall()

    def shares(self) -> list[tuple[Any, ...]]:
        """Shared by, whether it is over, by whom, and whether there is a key."""
        return self.superuser.execute(
            "SELECT shared_by, ended_at IS NOT NULL, ended_by, sealed_key IS NOT NULL"
            " FROM run_shares ORDER BY shared_at"
        ).fetchall()

    def trail(self) -> list[tuple[str, str, str, bool, dict[str, Any]]]:
        """Account, door, action, allowed, details of all that is about support."""
        return self.superuser.execute(
            "SELECT account, door, action, allowed, details FROM audit_entries"
            " WHERE action LIKE '%support%' ORDER BY id"
        ).fetchall()

    def clock(self) -> datetime:
        row = self.superuser.execute("SELECT now()").fetchone()
        assert row
        found: datetime = row[0]
        return found.astimezone(UTC)
