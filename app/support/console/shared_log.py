"""A shared run's log, opened with support's own key and read on only while it may be."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Refused, require
from app.encryption import CannotOpen
from app.errors import NotFound, NotSignedIn, Problem
from app.runs.reporting_log import whole_file
from app.runs.vault import LogReader
from app.support.console.customer import SharedOrNot, run_at
from app.support.console.looking import AgentVisit, Looking, NoSuchInstance
from app.support.console.parts import Console

FORMAT, VERSION = "getint-support-export", 1


class NotSealedForUs(Problem):
    """The run is shared, but not for a key that this console has."""

    status = 409
    slug = "not-sealed-for-us"
    default_title = "This console has no key for that log"


def reader_of(looking: Looking, at: SharedOrNot) -> LogReader:
    """The log of a run whose reading was granted; ``NotSealedForUs`` with what to do about it."""
    share = at.share
    assert share is not None  # noqa: S101 - the core grants nothing without one
    if share.sealed_key is None or share.sealed_for is None:
        raise NotSealedForUs(
            "The run is shared, but its key was not sealed for support: the app had no key of "
            "support at that time, or the log has expired.",
            mend="Ask the customer to stop sharing it and to share it again.",
        )
    try:
        key = looking.console.private_keys.open(
            share.sealed_key,
            share.sealed_for,
            instance_id=share.instance_id,
            run_id=share.run_id,
            share_id=share.id,
        )
    except CannotOpen:
        raise NotSealedForUs(
            f"Its key was sealed for the key {share.sealed_for} of support, which is not among "
            "SUPPORT_PRIVATE_KEYS of this console.",
            mend="Tell the operator of the console.",
        ) from None
    return LogReader(
        _WhileShared(looking, at.run.id, share.id), looking.instance_id, at.run.id, key
    )


@dataclass(frozen=True, slots=True)
class _WhileShared:
    """Transactions for reading on: each asks anew whether agent, grant and share still are."""

    looking: Looking
    run_id: UUID
    share_id: UUID

    @asynccontextmanager
    async def of_instance(self, instance_id: UUID) -> AsyncIterator[AsyncSession]:
        console: Console = self.looking.console
        async with console.database.of_instance(instance_id) as session:
            if not await console.sessions.is_alive(session, self.looking.agent):
                raise NotSignedIn("Your session has ended.", mend="Sign in again.")
            visit = AgentVisit(await self.looking.caller(session), Action.READ_LOG)
            if not visit.can(Action.OPEN_APP):
                raise NoSuchInstance
            at = await run_at(session, visit, str(self.run_id))
            require(visit.caller, Action.READ_LOG, at.place)
            if at.share is None or at.share.id != self.share_id:
                raise NotFound
            yield session


async def export_of(looking: Looking, at: SharedOrNot, reader: LogReader) -> AsyncIterator[bytes]:
    """JSON lines for the ticket: what this is and of whom, the log, and how it ended."""
    now = datetime.now(UTC)
    yield _line(
        format=FORMAT,
        version=VERSION,
        instance=str(looking.instance_id),
        run=str(at.run.id),
        integration=at.integration.name,
        state=at.run.state,
        agent=looking.agent.email,
        agent_id=str(looking.agent.agent_id),
        exported_at=now.isoformat(),
    )
    try:
        async for lines in whole_file(reader):
            yield lines
    except (Refused, Problem):
        yield _line(end="cut off", why="Sharing, support access or the session ended meanwhile.")
        return
    yield _line(end="complete")


def _line(**members: object) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode(errors="replace") + b"\n"
