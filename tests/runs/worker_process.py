"""A worker as a process of its own, with an engine that moves numbered pages.

How many there are stands in the integration's ``jql``. Each page is noted in ``test_pages`` when it
begins and when it ends, past the run's own transaction, so that a killed worker's are seen too.
"""

import asyncio
import os
import sys

import psycopg
from sqlalchemy import select

from app.house import House
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.runs.life import locked
from app.runs.slices import FINISHED, MORE, Engine, SliceOutcome, Turn
from app.runs.work import Pace
from app.settings import load_settings
from app.web.logging import configure_logging
from app.worker import work

PAGE_S = 0.05


def engine_of(house: House) -> Engine:
    """The engine of the tests, on the database of the house."""

    async def engine(_facts: InstanceFacts, turn: Turn) -> SliceOutcome:
        while True:
            async with house.database.of_instance(turn.instance_id) as session:
                run = await locked(session, turn.run_id)
                assert run is not None
                jql = await session.scalar(
                    select(Integration.jql).where(Integration.id == turn.integration_id)
                )
                page = int(run.step.get("page", 0))
            if page >= int(jql or 0):
                return FINISHED
            await _move(house, turn, page)
            async with house.database.of_instance(turn.instance_id) as session:
                run = await locked(session, turn.run_id)
                assert run is not None
                run.step = {"page": page + 1}
                run.created += 1
                goes_on = run.state == "running"
            if not goes_on or turn.is_time_up():
                return MORE

    return engine


async def _move(house: House, turn: Turn, page: int) -> None:
    async with await psycopg.AsyncConnection.connect(
        house.settings.libpq_url, autocommit=True
    ) as connection:
        noted = await connection.execute(
            "INSERT INTO test_pages (run_id, instance_id, page, pid) VALUES (%s, %s, %s, %s)"
            " RETURNING id",
            (turn.run_id, turn.instance_id, page, os.getpid()),
        )
        row = await noted.fetchone()
        await asyncio.sleep(PAGE_S)
        assert row is not None
        await connection.execute("UPDATE test_pages SET ended_at = now() WHERE id = %s", row)


def main() -> None:
    """``python -m tests.runs.worker_process SLICE_S``."""
    configure_logging("INFO")
    pace = Pace(slice_s=float(sys.argv[1]), held_s=0.5)
    asyncio.run(work(load_settings(), engine_of, pace))


if __name__ == "__main__":
    main()
