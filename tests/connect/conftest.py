from collections.abc import AsyncIterator

import pytest

from tests.connect import kit
from tests.connect.lifecycle_app import App, body


@pytest.fixture
async def routes() -> AsyncIterator[App]:
    """The lifecycle routes; no site is installed."""
    app = App()
    yield app
    await app.http.aclose()


@pytest.fixture
async def installed_routes(routes: App) -> App:
    """The same, after one site has installed."""
    answer = await routes.send("installed", kit.install_token("installed"), body("installed"))
    assert answer.status_code == 204
    routes.asked_keys.clear()
    routes.store.applied.clear()
    return routes
