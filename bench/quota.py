"""What pages cost of Jira's quota: cold, warm, a hundred people at once, an hour of normal use."""

import asyncio
import base64
import copy
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import psycopg

from app.house import House
from app.main import create_app
from app.settings import Settings
from app.web.logging import configure_logging
from bench import database as postgres_of
from bench.figures import Figures
from connect.quota import APP_POINTS_PER_HOUR
from sandbox.main import create_app as create_sandbox
from sandbox.running import Sandbox
from sandbox.seed import ALICE, GIA
from sandbox.site import Person, SiteState

APP, JIRA = "http://localhost:8000", "http://localhost:2990"
PEOPLE = 100
ACTIVE, VISITS, CLICKS, BETWEEN_CLICKS_S = 50, 4, 8, 25


@dataclass(frozen=True, slots=True)
class Site:
    """The app and a Jira in this process, and a clock that can be moved on."""

    house: House
    sandbox: Sandbox
    http: httpx.AsyncClient
    clock: "Clock"

    async def open(self, account_id: str) -> None:
        """Open the general page as Jira frames it."""
        url = self.sandbox.host.frame_url(account_id, "getint")
        (await self.http.get(url, headers={"Accept": "text/html"})).raise_for_status()

    async def click(self, account_id: str) -> None:
        """Ask for the list, as an open page does."""
        headers = {
            "Authorization": f"JWT {self.sandbox.host.context_token(account_id)}",
            "HX-Request": "true",
        }
        (await self.http.get(f"{APP}/integrations", headers=headers)).raise_for_status()


class Clock:
    """Seconds that pass when we say so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def measure() -> Figures:
    """Calls and points by our own meter and by the sandbox's log."""
    configure_logging("ERROR")
    with postgres_of.postgres() as url:
        return asyncio.run(_measure(postgres_of.create(url, "quota"), url))


async def _measure(database_url: str, postgres_url: str) -> Figures:
    async with site_in_process(database_url, postgres_url) as site:
        people = [_new_person(site.sandbox.site, number) for number in range(PEOPLE)]
        rows = [
            await _cost(site, "cold page of an admin", lambda: site.open(ALICE)),
            await _cost(site, "warm page", lambda: site.open(ALICE)),
            await _cost(site, "the same 61 s later", lambda: _later(site, 61, ALICE)),
            await _cost(site, "cold page of a member", lambda: site.open(GIA)),
            await _cost(site, "100 people at once, all cold", lambda: _at_once(site, people)),
            await _cost(
                site,
                "1 person a hundred times at once, cold",
                lambda: _again(site, [people[0]] * PEOPLE),
            ),
            await _cost(site, "an hour of normal use", lambda: _an_hour(site, people[:ACTIVE])),
        ]
        return Figures(
            "quota",
            ("", "pages", "calls to Jira", "points", "points by Jira's log", "of the hour's quota"),
            rows,
            (
                f"Normal use: {ACTIVE} people of one site, each {VISITS} visits with {CLICKS} "
                f"clicks, {BETWEEN_CLICKS_S} s apart, on a simulated clock. The quota is "
                f"{APP_POINTS_PER_HOUR:,} points an hour for all customers together.",
            ),
        )


async def _cost(site: Site, name: str, do: Callable[[], Awaitable[int | None]]) -> list[object]:
    quota, log = site.house.quota, site.sandbox.log
    log.reset()
    log.entries = type(log.entries)(maxlen=None)
    calls, points = quota.calls(), quota.points()
    pages = await do() or 1
    spent = quota.points() - points
    by_jira = sum(entry.points for entry in log.matching("from app"))
    assert len(log.matching("from app")) == quota.calls() - calls
    share = f"{spent / APP_POINTS_PER_HOUR:.3%}"
    return [name, f"{pages:,}", f"{quota.calls() - calls:,}", f"{spent:,}", f"{by_jira:,}", share]


async def _later(site: Site, seconds: float, account_id: str) -> None:
    site.clock.now += seconds
    await site.open(account_id)


async def _at_once(site: Site, accounts: list[str]) -> int:
    await asyncio.gather(*(site.open(account_id) for account_id in accounts))
    return len(accounts)


async def _again(site: Site, accounts: list[str]) -> int:
    site.clock.now += 3600
    return await _at_once(site, accounts)


async def _an_hour(site: Site, accounts: list[str]) -> int:
    chance = random.Random(7)
    began = site.clock.now + 3600
    moments = []
    for account_id in accounts:
        for _ in range(VISITS):
            at = began + chance.uniform(0, 3600 - CLICKS * BETWEEN_CLICKS_S)
            moments.append((at, account_id, True))
            moments += [
                (at + BETWEEN_CLICKS_S * click, account_id, False) for click in range(1, CLICKS)
            ]
    for at, account_id, opens in sorted(moments):
        site.clock.now = at
        await (site.open(account_id) if opens else site.click(account_id))
    return len(moments)


def _new_person(site: SiteState, number: int) -> str:
    account_id = f"5b10a2844c2016570{number:07d}"
    site.people.append(Person(account_id, f"Person {number}", f"p{number}@example.com"))
    for group in ("site-users", "getint-jira-gitlab"):
        site.add_member(group, account_id)
    return account_id


class _ByAddress(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.doors: dict[str, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        address = f"{request.url.scheme}://{request.url.netloc.decode()}"
        return await self.doors[address].handle_async_request(request)


@asynccontextmanager
async def site_in_process(database_url: str, postgres_url: str) -> AsyncIterator[Site]:
    environment = {
        "APP_ENV": "development",
        "APP_BASE_URL": APP,
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": base64.b64encode(os.urandom(32)).decode(),
        "CONNECT_INSTALL_KEYS_URL": f"{JIRA}/install-keys",
    }
    postgres_of.migrate(environment)
    settings = Settings.model_validate({name.lower(): value for name, value in environment.items()})
    transport = _ByAddress()
    async with httpx.AsyncClient(transport=transport) as http:
        app = create_app(settings, http)
        program = create_sandbox(copy.deepcopy(SiteState.fresh(JIRA)), app_http=http)
        transport.doors = {APP: httpx.ASGITransport(app), JIRA: httpx.ASGITransport(program)}
        async with app.router.lifespan_context(app):
            sandbox: Sandbox = program.state.sandbox
            await sandbox.host.install(f"{APP}/atlassian-connect.json")
            superuser_url = postgres_of.as_superuser(postgres_url, "quota")
            with psycopg.connect(superuser_url, autocommit=True) as connection:
                connection.execute("UPDATE instances SET configured_at = now()")
            house: House = app.state.house
            house.directory.forget_everything()
            clock = Clock()
            house.standings._clock = clock
            yield Site(house, sandbox, http, clock)
