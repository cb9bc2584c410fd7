"""A configured site whose administrator has the office open."""

from collections.abc import Callable

import psycopg
import pytest

from app.house import House
from app.instances.facts import InstanceFacts
from sandbox.running import Sandbox
from tests.administration.kit import Office
from tests.people import Visitor
from tests.runs.conftest import app_of_queue
from tests.security.conftest import other_site


@pytest.fixture
def office(
    configured: Sandbox, as_: Callable[..., Visitor], superuser: psycopg.Connection
) -> Office:
    return Office(as_("admin"), superuser)


@pytest.fixture
async def facts(configured: Sandbox, house: House) -> InstanceFacts:
    found = await house.directory.find(configured.site.client_key)
    assert found is not None
    return found


__all__ = ["app_of_queue", "other_site"]
