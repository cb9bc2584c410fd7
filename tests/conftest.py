"""A real PostgreSQL, the app and a sandbox Jira in one process, and people who use them."""

import base64
import copy
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import psycopg
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext

from app.database import Database
from app.house import House
from app.main import create_app
from app.settings import Settings
from dev.postgres import start_postgres
from sandbox.main import create_app as create_sandbox
from sandbox.running import Sandbox
from sandbox.site import SiteState
from tests.kept_contexts import KeptContexts
from tests.people import ACCOUNTS, APP_URL, JIRA_URL, Visitor
from tests.remembered import Installation
from tests.servers import kept_port, serving
from tests.support.kit import SUPPORT_KEY, public_half
from tests.town import Town

# The same examples each time, and no clock: a slow machine is no failure.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None)
hypothesis.settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]
MASTER_KEY = base64.b64encode(b"a master key of tests, 32 bytes.").decode()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright's loop stays in the thread, where no other can run."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_collection_finish() -> None:
    """What is there from now on to the end is looked through for garbage no more."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def base_url() -> None:
    """In place of pytest-playwright's own, which trips over warnings as errors."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which asks nobody but the test for anything.

    Its headless shell draws the same without the windows of a browser, in half of the time.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = (shutil.which(name) for name in names)
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM") or next(filter(None, found), None),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> KeptContexts:
    """Each with cookies and a cache of its own."""
    return KeptContexts(browser)


@pytest.fixture
def context(contexts: KeptContexts) -> Iterator[BrowserContext]:
    """The one of ``page``."""
    with contexts.one() as context:
        yield context


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL as its superuser: embedded, or the one of TEST_DATABASE_URL."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    folder = tempfile.mkdtemp(prefix="getint-pg-")
    server = start_postgres(Path(folder))
    yield server.get_uri()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_url(postgres_url: str) -> str:
    """The same database with the schema of today, made by Alembic as an operator would."""
    from alembic import command
    from alembic.config import Config

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _environment(postgres_url).items():
            patch.setenv(name, value)
        command.upgrade(Config(ROOT / "alembic.ini"), "head")
    return postgres_url


def _environment(url: str) -> dict[str, str]:
    return {
        "APP_ENV": "development",
        "APP_BASE_URL": APP_URL,
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": MASTER_KEY,
    }


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    """Settings of a developer's machine."""
    return Settings(
        app_env="development",
        app_base_url=APP_URL,
        database_url=migrated_url,
        encryption_keys=MASTER_KEY,
        connect_install_keys_url=f"{JIRA_URL}/install-keys",
        ap_js_url=f"{JIRA_URL}/atlassian-connect/all.js",
        support_public_keys=public_half(SUPPORT_KEY),
        database_pool_size=5,
    )


@pytest.fixture(scope="session")
def filled_tables(migrated_url: str) -> list[str]:
    """The tables that tests fill."""
    with psycopg.connect(migrated_url) as connection:
        return [table for (table,) in connection.execute(_FILLED_BY_TESTS)]


_FILLED_BY_TESTS = """
    WITH RECURSIVE filled (relid) AS (
        SELECT unnest(ARRAY[
            'instances', 'support_agents', 'used_lifecycle_tokens', 'sign_in_failures',
            'procrastinate_jobs'
        ]::regclass[])::oid
        UNION
        SELECT conrelid FROM pg_constraint JOIN filled ON confrelid = relid WHERE contype = 'f'
    )
    SELECT relid::regclass::text FROM filled
"""


@pytest.fixture(scope="session")
def emptying(filled_tables: list[str]) -> str:
    """SQL that empties them. Of a few rows, DELETE takes a fifth of TRUNCATE's time."""
    return ";".join(map("DELETE FROM {}".format, filled_tables))


@pytest.fixture(autouse=True)
def empty_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave no row of one test to the next."""
    if "migrated_url" not in request.fixturenames:
        yield
        return
    url, emptying = request.getfixturevalue("migrated_url"), request.getfixturevalue("emptying")
    yield
    with psycopg.connect(url, autocommit=True) as connection:
        # The audit trail refuses to be emptied by anybody less than this; nor does order matter.
        connection.execute("SET session_replication_role = replica")
        connection.execute(emptying.encode())


@pytest.fixture
def superuser(migrated_url: str) -> Iterator[psycopg.Connection]:
    """A connection that row-level security does not bind, to look behind the scenes."""
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def jobs(superuser: psycopg.Connection) -> Callable[[], list[str]]:
    """Which runs are about to be started, and why."""
    superuser.execute("DELETE FROM procrastinate_jobs")

    def waiting() -> list[str]:
        found = superuser.execute(
            "SELECT args ->> 'trigger' FROM procrastinate_jobs WHERE task_name = 'start_run'"
        )
        return [row[0] for row in found]

    return waiting


@pytest.fixture(scope="session")
def opened_site() -> SiteState:
    """A Jira site as it is opened; making its RSA key takes long, so it is made once."""
    return SiteState.fresh(JIRA_URL)


@pytest.fixture
def doors() -> dict[str, httpx.AsyncBaseTransport]:
    """Which program answers at which address; filled by ``app`` and ``jira``."""
    return {}


@pytest.fixture
async def http(doors: dict[str, httpx.AsyncBaseTransport]) -> AsyncIterator[httpx.AsyncClient]:
    """Reaches the app and the sandbox, and nothing else."""

    class ByAddress(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            address = f"{request.url.scheme}://{request.url.netloc.decode()}"
            if address not in doors:
                raise httpx.ConnectError("nobody answers there", request=request)
            return await doors[address].handle_async_request(request)

    async with httpx.AsyncClient(transport=ByAddress()) as client:
        yield client


@pytest.fixture
async def app(
    settings: Settings, http: httpx.AsyncClient, doors: dict[str, httpx.AsyncBaseTransport]
) -> AsyncIterator[FastAPI]:
    """The product, started, on the test's database."""
    app = create_app(settings, http)
    doors[APP_URL] = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def house(app: FastAPI) -> House:
    """The parts of the running app."""
    house: House = app.state.house
    return house


@pytest.fixture
def database(house: House) -> Database:
    """The running app's database."""
    return house.database


@pytest.fixture
def sandbox(
    opened_site: SiteState,
    http: httpx.AsyncClient,
    doors: dict[str, httpx.AsyncBaseTransport],
) -> Sandbox:
    """A Jira site of this test alone."""
    site = copy.deepcopy(opened_site)
    program = create_sandbox(site, app_http=http)
    transport = httpx.ASGITransport(program)
    for address in (JIRA_URL, JIRA_URL.replace("localhost", "127.0.0.1")):
        doors[address] = transport
    found: Sandbox = program.state.sandbox
    return found


@pytest.fixture(scope="session")
def remembered() -> list[Installation]:
    """Real installations of this session; filled by ``installed``."""
    return []


@pytest.fixture
async def installed(
    app: FastAPI,
    sandbox: Sandbox,
    settings: Settings,
    superuser: psycopg.Connection,
    filled_tables: list[str],
    remembered: list[Installation],
) -> Sandbox:
    """The sandbox with the app installed, licensed as a trial; not yet set up by an admin.

    The first is installed for real, and every later one is that one again.
    """
    for known in remembered:
        if known.fits(sandbox, settings):
            known.put_back(sandbox, superuser)
            return sandbox
    await sandbox.host.install(f"{APP_URL}/atlassian-connect.json")
    remembered.append(Installation.of(sandbox, settings, superuser, filled_tables))
    return sandbox


@pytest.fixture
async def configured(installed: Sandbox, superuser: psycopg.Connection, house: House) -> Sandbox:
    """The app installed and set up."""
    superuser.execute("UPDATE instances SET configured_at = now()")
    house.directory.forget_everything()
    return installed


@pytest.fixture
async def client(http: httpx.AsyncClient, app: FastAPI) -> httpx.AsyncClient:
    """Somebody who proves nothing."""
    http.base_url = httpx.URL(APP_URL)
    return http


@pytest.fixture
def as_(sandbox: Sandbox, client: httpx.AsyncClient) -> Callable[..., Visitor]:
    """``as_("gitlab")`` or ``as_("project", from_project="PAY")``: a person with their browser."""

    def visitor(person: str, *, from_project: str | None = None) -> Visitor:
        return Visitor(sandbox, client, ACCOUNTS[person], from_project)

    return visitor


@pytest.fixture(scope="session")
def town_ports() -> tuple[int, int]:
    """Of the app and of Jira; always the same, so that browsers know their scripts by then."""
    return kept_port(), kept_port()


@pytest.fixture
def town(settings: Settings, opened_site: SiteState, town_ports: tuple[int, int]) -> Iterator[Town]:
    """The app installed in a Jira site, not yet set up."""
    app_port, jira_port = town_ports
    app_url, jira_url = f"http://localhost:{app_port}", f"http://localhost:{jira_port}"
    live = settings.model_copy(
        update={
            "app_base_url": app_url,
            "connect_install_keys_url": f"{jira_url}/install-keys",
            "ap_js_url": f"{jira_url}/atlassian-connect/all.js",
        }
    )
    site = copy.deepcopy(opened_site)
    site.base_url = jira_url
    jira = create_sandbox(site, app_http=httpx.AsyncClient(), close_http=True)
    product = create_app(live)
    with serving(product, app_port), serving(jira, jira_port):
        found = Town(jira_url, app_url, jira.state.sandbox, product)
        found.control("POST", "/install", {"url": f"{app_url}/atlassian-connect.json"})
        yield found


@pytest.fixture
def set_up_town(town: Town, superuser: psycopg.Connection) -> Town:
    """The same, with the admin's set-up behind it."""
    superuser.execute("UPDATE instances SET configured_at = now()")
    superuser.execute("SELECT pg_notify('getint_changes', 'facts ' || id::text) FROM instances")
    return town
