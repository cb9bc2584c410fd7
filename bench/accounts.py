"""People with an account: their pages beside Jira's, what signing in costs and whom it holds up."""

import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from app.integrations.listing import ROWS
from app.signing_in.passwords import hash_of
from app.signing_in.sessions import COOKIE
from bench.database import postgres
from bench.figures import Figures
from bench.loads import CONNECTIONS, ROUND_S, Asked, in_turns, loaded
from bench.pages import add_integrations
from bench.stand import Stand, standing
from sandbox.seed import ALICE

PATHS = 4000
ROUNDS = 3
FEW_CONNECTIONS = 4
AT_ONCE = (0, 1, 4, 16)
PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who exist for a minute
EMAIL = "person-{}@example.com"
PEOPLE = 200


@dataclass(frozen=True, slots=True)
class SignIns:
    """What those met with who signed in meanwhile."""

    per_second: float
    p50_ms: float


def measure() -> Sequence[Figures]:
    """The app on one core, whoever asks and PostgreSQL on the other."""
    with (
        tempfile.TemporaryDirectory(prefix="getint-bench-") as folder,
        postgres() as postgres_url,
        standing(Path(folder), postgres_url) as stand,
    ):
        add_integrations(stand, ROWS)
        _add_people(stand)
        with stand.app() as pid:
            cookie = _signed_in(stand)
            return _by_door(stand, pid, cookie), _while_signing_in(stand, pid, cookie)


def _add_people(stand: Stand) -> None:
    hashed = hash_of(PASSWORD)
    with psycopg.connect(stand.superuser_url, autocommit=True) as connection:
        for number in range(PEOPLE):
            connection.execute(
                "INSERT INTO accounts (id, instance_id, name, email, email_key, enabled,"
                " is_administrator, password_hash) VALUES (%s, %s, %s, %s, %s, true, true, %s)",
                (
                    uuid4(), stand.instance_id, f"Person {number}",
                    EMAIL.format(number), EMAIL.format(number), hashed,
                ),
            )  # fmt: skip


def _sign_in_request(stand: Stand, number: int) -> dict[str, object]:
    """As from another address each time: a proxy in front names it."""
    return {
        "url": f"{stand.app_url}/sign-in/{stand.instance_id}",
        "data": {"email": EMAIL.format(number % PEOPLE), "password": PASSWORD},
        "headers": {
            "Origin": stand.app_url,
            "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        },
    }


def _signed_in(stand: Stand) -> str:
    answer = httpx.post(**_sign_in_request(stand, 0))  # type: ignore[arg-type]
    if answer.status_code != 303 or COOKIE not in answer.cookies:
        raise RuntimeError(f"nobody can sign in: {answer.status_code}")
    return f"{COOKIE}={answer.cookies[COOKIE]}"


def _by_door(stand: Stand, pid: int, cookie: str) -> Figures:
    visits = [f"/integrations?visit={number}" for number in range(PATHS)]
    sides = {
        "Connect: a signed address": Asked(pid, stand.app_port, stand.page_paths(ALICE, PATHS)),
        "Account: a session": Asked(pid, stand.app_port, visits, cookie),
    }
    return Figures(
        "accounts-pages",
        ("door", "requests/s on a core", "CPU µs a request", "p50 ms", "p99 ms", "page bytes"),
        [
            (name, *found.told(per_second=",.0f", cpu_us=",.0f", p50_ms=".1f", p99_ms=".1f",
                               page_bytes=",.0f"))
            for name, found in in_turns(sides, ROUNDS).items()
        ],
        (f"Median of {ROUNDS} rounds of {ROUND_S:.0f} s in turns, {CONNECTIONS} connections.",),
        command="accounts",
    )  # fmt: skip


def _while_signing_in(stand: Stand, pid: int, cookie: str) -> Figures:
    rows, numbers = [], count(1)
    asked = Asked(pid, stand.app_port, ["/integrations"], cookie)
    for people in AT_ONCE:
        with _signing_in(stand, people, numbers) as signed_in:
            pages = loaded(asked, FEW_CONNECTIONS, ROUND_S)
        told = signed_in[0] if people else None
        rows.append(
            (
                people,
                f"{told.per_second:.1f}" if told else "",
                f"{told.p50_ms:.0f}" if told else "",
                f"{pages.per_second:,.0f}",
                f"{pages.p50_ms:.1f}",
                f"{pages.p99_ms:.1f}",
            )
        )
    return Figures(
        "accounts-sign-in",
        (
            "signing in at once",
            "sign-ins/s",
            "p50 ms of it",
            "pages/s",
            "p50 ms",
            "p99 ms",
        ),
        rows,
        (
            f"Pages of {FEW_CONNECTIONS} connections that ask again as soon as they were answered, "
            f"{ROUND_S:.0f} s each; whoever signs in does so again and again.",
        ),
        command="accounts",
    )


@contextmanager
def _signing_in(stand: Stand, people: int, numbers: Iterator[int]) -> Iterator[list[SignIns]]:
    """People who sign in as long as the block lasts; what they met with is there after it."""
    found: list[SignIns] = []
    over = threading.Event()
    thread = threading.Thread(
        target=lambda: found.append(asyncio.run(_sign_in_until(over, stand, people, numbers)))
    )
    if people:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        if people:
            thread.join()


async def _sign_in_until(
    over: threading.Event, stand: Stand, people: int, numbers: Iterator[int]
) -> SignIns:
    taken: list[float] = []

    async def one(client: httpx.AsyncClient) -> None:
        while not over.is_set():
            began = time.perf_counter()
            answer = await client.post(**_sign_in_request(stand, next(numbers)))  # type: ignore[arg-type]
            if answer.status_code != 303:
                raise RuntimeError(f"a sign-in was answered by {answer.status_code}")
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(one(client) for _ in range(people)))
    spent = time.perf_counter() - began
    return SignIns(len(taken) / spent, statistics.median(taken) * 1000)
