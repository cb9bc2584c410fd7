"""Where a page's time goes: a profile of warm page loads, summed up by part."""

import asyncio
import cProfile
import pstats
import time
from collections.abc import Callable

import psycopg

from app.integrations.listing import ROWS
from app.web.logging import configure_logging
from bench import database as postgres_of
from bench.figures import Figures
from bench.pages import insert_integrations
from bench.quota import Site, site_in_process
from sandbox.seed import ALICE

TIMES = 400
WHOLE = "starlette/applications.py:__call__"
PARTS = (
    ("proof and standing", "app/identity/connect_door.py:enter"),
    ("reading the rows", "app/database.py:rows"),
    ("decisions and drawing of the rows", "app/integrations/pages.py:_drawn_list"),
    ("shell and answer", "app/web/show.py:show"),
)


def measure() -> Figures:
    """Shares of the time inside the app; the server and the kernel come on top."""
    configure_logging("ERROR")
    with postgres_of.postgres() as url:
        shares, drawing_us = asyncio.run(_measured(postgres_of.create(url, "quota"), url))
    rows = [(name, f"{share:.0%}") for name, share in shares.items()]
    notes = (
        "Of the time inside the app, by cProfile, which makes many small calls look dearer.",
        f"A page in which every row changed since it was drawn costs {drawing_us:,.0f} µs more.",
    )
    return Figures("shares", ("part", "share"), rows, notes)


async def _measured(database_url: str, postgres_url: str) -> tuple[dict[str, float], float]:
    async with site_in_process(database_url, postgres_url) as site:
        superuser_url = postgres_of.as_superuser(postgres_url, "quota")
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            insert_integrations(connection, ROWS)
            for _ in range(20):
                await site.open(ALICE)
            unchanged_us = await _cpu_us(site, lambda: None)
            changed_us = await _cpu_us(
                site, lambda: connection.execute("UPDATE integrations SET updated_at = now()")
            )
        profile = cProfile.Profile(time.perf_counter)
        for _ in range(TIMES):
            url = site.sandbox.host.frame_url(ALICE, "getint")
            profile.enable()
            await site.http.get(url)
            profile.disable()
    taken = _cumulative(profile)
    shares = {name: taken.get(place, 0.0) / taken[WHOLE] for name, place in PARTS}
    shares["FastAPI, Starlette and our middleware"] = 1 - sum(shares.values())
    return shares, changed_us - unchanged_us


async def _cpu_us(site: Site, before_each: Callable[[], object]) -> float:
    """Mean of a page, the client's work included."""
    used = 0.0
    for _ in range(TIMES):
        before_each()
        url = site.sandbox.host.frame_url(ALICE, "getint")
        began = time.process_time()
        await site.http.get(url)
        used += time.process_time() - began
    return used / TIMES * 1e6


def _cumulative(profile: cProfile.Profile) -> dict[str, float]:
    found: dict[str, float] = {}
    for (file, _, function), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        place = f"{'/'.join(file.split('/')[-3:])}:{function}"
        for known in (WHOLE, *(place for _, place in PARTS)):
            if place.endswith(known):
                found[known] = max(found.get(known, 0.0), row[3])
    return found
