"""A worker as a process of its own, with an engine that moves numbered pages.

How many there are stands in the integration's ``jql``. Each page is noted in ``test_pages`` when it
begins and when it ends, past the run's own transaction, so that a killed worker's are seen too.
"""

import asyncio
import os
import warnings
from collections.abc import Mapping
from pathlib import Path

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


def main(slice_s: float, environment: Mapping[str, str], log: Path) -> None:
    """The whole life of a process; what it has to say is added to ``log``."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    warnings.simplefilter("error")
    configure_logging("INFO")
    asyncio.run(work(load_settings(), engine_of, Pace(slice_s=slice_s, held_s=0.5)))
