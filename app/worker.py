"""The worker: `python -m app.worker`, any number of them on any number of machines."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException

from app.database import (
    APP_ROLE,
    BYPASSES_ROW_SECURITY,
    must_step_down,
)
from app.errors import Problem
from app.health import router as health
from app.house import House, build_house
from app.runs.holds import Holds
from app.runs.queue import HOUSE, MAIL, RUNS
from app.runs.right import RightToRun
from app.runs.slices import Engine
from app.runs.tasks import build_app
from app.runs.work import Pace, Work
from app.settings import Settings
from app.starting import usable_settings
from app.sync.engine import engine_of
from app.web.logging import configure_logging
from connect import new_http_client

DRAIN_S = 25.0
"""How long a slice may go on after the worker was asked to end."""
_HOUSE_AT_ONCE = 4
_MAIL_AT_ONCE = 2
_CONNECTIONS = 6
_POLL_S = 5.0
_HOUSE_POLL_S = 1.0
"""What is to start in some seconds is found by looking: nobody tells that its time has come."""
_RETURN_AFTER_S = 1.0
_log = structlog.stdlib.get_logger("app.worker")


class Worker:
    """Works on slices and on the house's rounds until it is asked to leave."""

    def __init__(self, house: House, engine: Engine, pace: Pace | None = None) -> None:
        self._house = house
        self._settings = house.settings
        self._leaving = asyncio.Event()
        self._holds = Holds(house.settings.libpq_url)
        self._connector = _connector(house.settings)
        self._work = Work(
            house.database,
            RightToRun(house.settings, house.directory, house.licences, house.doors),
            self._holds,
            engine,
            pace=pace or Pace(),
            is_leaving=self._leaving.is_set,
        )

    def leave(self) -> None:
        """End after the slices that are under way, within ``DRAIN_S``."""
        self._leaving.set()

    async def run(self) -> None:
        """Work until ``leave``; a database that went away is waited for."""
        try:
            # Rounds have their own workers: a dead one must be noticed also while all are busy.
            await asyncio.gather(
                self._keep_working(RUNS, self._settings.worker_slices),
                self._keep_working(HOUSE, _HOUSE_AT_ONCE, _HOUSE_POLL_S),
                self._keep_working(MAIL, _MAIL_AT_ONCE),
            )
        finally:
            await self._holds.close()
            await self._connector.close_async()

    async def _keep_working(self, queue: str, at_once: int, poll_s: float = _POLL_S) -> None:
        while not self._leaving.is_set():
            try:
                await self._work_until_leaving(queue, at_once, poll_s)
            except (ConnectorException, psycopg.Error, OSError) as error:
                _log.warning("the queue is away", queue=queue, kind=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), _RETURN_AFTER_S)

    async def _work_until_leaving(self, queue: str, at_once: int, poll_s: float) -> None:
        await self._connector.open_async()
        lost_after_s = self._settings.worker_lost_after_s
        app = build_app(self._connector, self._house, self._work)
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[queue],
                name=queue,
                concurrency=at_once,
                fetch_job_polling_interval=poll_s,
                shutdown_graceful_timeout=DRAIN_S,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=lost_after_s / 3,
                stalled_worker_timeout=lost_after_s,
            )
        )
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working


def _connector(settings: Settings) -> PsycopgConnector:
    """procrastinate's own connections, of the same role as all others."""

    async def step_down(connection: psycopg.AsyncConnection[Any]) -> None:
        found = await (await connection.execute(BYPASSES_ROW_SECURITY)).fetchone()
        if found and must_step_down(found[0], development=settings.is_development):
            await connection.execute(f"SET ROLE {APP_ROLE}")
        await connection.commit()

    return PsycopgConnector(
        conninfo=settings.libpq_url,
        configure=step_down,
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=10,
    )


async def work(
    settings: Settings, engine_of: Callable[[House], Engine], pace: Pace | None = None
) -> None:
    """Be a worker until SIGTERM or SIGINT."""
    house = build_house(settings, new_http_client())
    await house.open()
    worker = Worker(house, engine_of(house), pace)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.leave)
    try:
        async with _watchable(house):
            _log.info("worker started")
            await worker.run()
    finally:
        await house.close()
    _log.info("worker left")


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the worker, which ends this server itself."""
        yield


@contextlib.asynccontextmanager
async def _watchable(house: House) -> Any:
    """Health and metrics on ``WORKER_PORT``, where there is one."""
    port = house.settings.worker_port
    if port is None:
        yield
        return
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.house = house
    app.include_router(health)

    @app.exception_handler(Problem)
    async def _refuse(_request: Request, problem: Problem) -> Response:
        return Response(status_code=problem.status)

    server = _Server(uvicorn.Config(app, host="0.0.0.0", port=port, access_log=False))  # noqa: S104
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def main() -> None:
    """Run a worker with the settings of the environment; exits with one line if that cannot be."""
    settings = usable_settings()
    configure_logging(settings.log_level)
    asyncio.run(work(settings, engine_of))


if __name__ == "__main__":
    main()
