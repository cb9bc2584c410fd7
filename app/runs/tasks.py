"""The tasks of the queue, as procrastinate is told them: which work is done when, and how often."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from uuid import UUID

import structlog
from procrastinate import App, JobContext, PsycopgConnector

from app.administration.mailing import AGAIN, deliver_link
from app.api.once import forget_old_keys
from app.house import House
from app.instances.erasure import erase_departed
from app.runs.queue import HOUSE, SEND, START, WAKE, WORK
from app.runs.rounds import destroy_expired_logs, refresh_licences, rescue, start_due
from app.runs.work import LOST, Work
from app.signing_in.rounds import forget_what_is_over
from app.support.rounds import end_support_access

EVERY_10_S = "* * * * * */10"
EVERY_MINUTE = "* * * * *"
EVERY_10_MINUTES = "*/10 * * * *"
EVERY_HOUR = "7 * * * *"
_log = structlog.stdlib.get_logger("app.queue")


def build_app(connector: PsycopgConnector, house: House, work: Work) -> App:
    """An app with all tasks. Each worker of procrastinate needs one of its own."""
    app = App(connector=connector)
    _add_runs(app, work)
    _add_rounds(app, house)
    _add_hourly(app, house)
    _add_mail(app, house)
    return app


def _add_runs(app: App, work: Work) -> None:
    @app.task(name=WORK.name, queue=WORK.queue, pass_context=True)
    async def work_on_run(context: JobContext, *, instance_id: str, run_id: str) -> None:
        turn = -context.job.priority
        await _try(work.take_turn(UUID(instance_id), UUID(run_id), turn), WORK.name)

    @app.task(name=WAKE.name, queue=WAKE.queue)
    async def wake_run(*, instance_id: str, run_id: str) -> None:
        await _try(work.wake(UUID(instance_id), UUID(run_id)), WAKE.name)

    @app.task(name=START.name, queue=START.queue)
    async def start_run(*, instance_id: str, integration_id: str, trigger: str) -> None:
        await _try(work.start(UUID(instance_id), UUID(integration_id), trigger), START.name)


def _add_rounds(app: App, house: House) -> None:
    database = house.database

    # The locks keep a round that is late from being done twice in a row.
    @app.periodic(cron=EVERY_10_S)
    @app.task(name="rescue", queue=HOUSE, queueing_lock="rescue")
    async def _rescue(timestamp: int) -> None:  # noqa: ARG001 - procrastinate's form
        await _try(rescue(app, database, house.settings.worker_lost_after_s), "rescue")

    @app.periodic(cron=EVERY_10_S)
    @app.task(name="start_due", queue=HOUSE, queueing_lock="start_due")
    async def _start_due(timestamp: int) -> None:  # noqa: ARG001
        await _try(start_due(database), "start_due")

    @app.periodic(cron=EVERY_MINUTE)
    @app.task(name="end_support_access", queue=HOUSE, queueing_lock="end_support_access")
    async def _end_support(timestamp: int) -> None:  # noqa: ARG001
        await _try(end_support_access(database), "end_support_access")

    @app.periodic(cron=EVERY_10_MINUTES)
    @app.task(name="destroy_expired_logs", queue=HOUSE, queueing_lock="destroy_expired_logs")
    async def _destroy(timestamp: int) -> None:  # noqa: ARG001
        await _try(destroy_expired_logs(database), "destroy_expired_logs")

    @app.periodic(cron=EVERY_10_MINUTES)
    @app.task(name="refresh_licences", queue=HOUSE, queueing_lock="refresh_licences")
    async def _refresh(timestamp: int) -> None:  # noqa: ARG001
        refreshing = refresh_licences(database, house.directory, house.licences)
        await _try(refreshing, "refresh_licences")


def _add_hourly(app: App, house: House) -> None:
    database = house.database

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name="forget_old_keys", queue=HOUSE, queueing_lock="forget_old_keys")
    async def _forget_keys(timestamp: int) -> None:  # noqa: ARG001
        await _try(forget_old_keys(database), "forget_old_keys")

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name="forget_what_is_over", queue=HOUSE, queueing_lock="forget_what_is_over")
    async def _forget_what_is_over(timestamp: int) -> None:  # noqa: ARG001
        await _try(forget_what_is_over(database), "forget_what_is_over")

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name="erase_departed", queue=HOUSE, queueing_lock="erase_departed")
    async def _erase(timestamp: int) -> None:  # noqa: ARG001
        await _try(erase_departed(database, house.changes, datetime.now(UTC)), "erase_departed")


def _add_mail(app: App, house: House) -> None:
    @app.task(name=SEND.name, queue=SEND.queue, pass_context=True, retry=AGAIN)
    async def send_link(
        context: JobContext, *, instance_id: str, account_id: str, link: str
    ) -> None:
        await deliver_link(house, UUID(instance_id), UUID(account_id), link, context.job.attempts)


async def _try(doing: Awaitable[object], name: str) -> None:
    """Do it; while the database is away there is nothing to do but to try again next time."""
    try:
        await doing
    except LOST as error:
        _log.warning("a task broke off", task=name, kind=type(error).__name__)
