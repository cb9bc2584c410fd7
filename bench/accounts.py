"""People with an account: their pages beside Jira's, what signing in costs and whom it holds up."""

import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
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
from bench.pages import add_integrations
from bench.processes import OTHER_CORE, ROOT, cpu_seconds, python
from bench.stand import Stand, standing
from sandbox.seed import ALICE

PATHS = 4000
CONNECTIONS = 32
ROUNDS = 3
ROUND_S = float(os.environ.get("BENCH_ROUND_S", "8"))
FEW_CONNECTIONS = 4
AT_ONCE = (0, 1, 4, 16)
PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who exist for a minute
EMAIL = "person-{}@example.com"
PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Pages:
    """What a load of pages met with."""

    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    page_bytes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, and with which cookie."""

    paths: Sequence[str]
    cookie: str = ""


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
    sides = {
        "Connect: a signed address": Asked(stand.page_paths(ALICE, PATHS)),
        "Account: a session": Asked(
            [f"/integrations?visit={number}" for number in range(PATHS)], cookie
        ),
    }
    rounds: dict[str, list[Pages]] = defaultdict(list)
    for number in range(-1, ROUNDS):
        for name, asked in sides.items():
            found = _load(stand, pid, asked, CONNECTIONS, ROUND_S if number >= 0 else 3)
            if number >= 0:  # the first one warms up
                rounds[name].append(found)
    return Figures(
        "accounts-pages",
        ("door", "requests/s on a core", "CPU µs a request", "p50 ms", "p99 ms", "page bytes"),
        [_row(name, found) for name, found in rounds.items()],
        (f"Median of {ROUNDS} rounds of {ROUND_S:.0f} s in turns, {CONNECTIONS} connections.",),
        command="accounts",
    )


def _row(name: str, rounds: Sequence[Pages]) -> tuple[str, ...]:
    def middle(what: str) -> float:
        return statistics.median(float(getattr(each, what)) for each in rounds)

    return (
        name,
        f"{middle('per_second'):,.0f}",
        f"{middle('cpu_us'):,.0f}",
        f"{middle('p50_ms'):.1f}",
        f"{middle('p99_ms'):.1f}",
        f"{middle('page_bytes'):,.0f}",
    )


def _while_signing_in(stand: Stand, pid: int, cookie: str) -> Figures:
    rows, numbers, asked = [], count(1), Asked(["/integrations"], cookie)
    for people in AT_ONCE:
        with _signing_in(stand, people, numbers) as signed_in:
            pages = _load(stand, pid, asked, FEW_CONNECTIONS, ROUND_S)
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


def _load(stand: Stand, pid: int, asked: Asked, connections: int, seconds: float) -> Pages:
    before = cpu_seconds(pid)
    port = stand.app_url.rsplit(":", 1)[1]
    ran = subprocess.run(
        python("-m", "bench.load", "localhost", port, str(connections), str(seconds)),
        input="\n".join(asked.paths),
        text=True,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "BENCH_COOKIE": asked.cookie},
        check=False,
        timeout=seconds + 30,
        preexec_fn=lambda: os.sched_setaffinity(0, {OTHER_CORE}),
    )
    if ran.returncode:
        raise RuntimeError(f"the load ended: {ran.stderr[-500:]}")
    found = json.loads(ran.stdout)
    return Pages(
        found["per_second"],
        (cpu_seconds(pid) - before) / found["requests"] * 1e6,
        found["p50_ms"],
        found["p99_ms"],
        found["bytes"],
    )
