"""The customer of the sandbox with runs, and support beside it."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from app.database import Database
from app.settings import Settings
from app.support.console_role import SUPPORT_ROLE, prepare_role
from tests.runs.conftest import reports
from tests.security.conftest import other_site
from tests.support.kit import Console, Desk


@pytest.fixture
def desk(superuser: psycopg.Connection) -> Desk:
    return Desk(superuser)


@pytest.fixture(scope="session")
def console_role(migrated_url: str) -> str:
    """The role of the console, as the operator's command makes it."""
    with psycopg.connect(migrated_url) as connection:
        prepare_role(connection, development=True)
    return SUPPORT_ROLE


@pytest.fixture
async def console(settings: Settings, console_role: str) -> AsyncIterator[Console]:
    database = Database(settings, console_role)
    yield Console(database)
    await database.close()


__all__ = ["other_site", "reports"]
