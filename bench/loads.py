"""Pages asked for again and again by a process of its own, and what a server needs for them."""

import json
import os
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.processes import OTHER_CORE, ROOT, cpu_seconds, python, resident_mb

CONNECTIONS = 32
ROUND_S = float(os.environ.get("BENCH_ROUND_S", "8"))
_WARM_S = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, at which server, and with which cookie."""

    pid: int
    port: int
    paths: Sequence[str]
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What a load of pages met with."""

    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    page_bytes: int
    mb: float


class Rounds:
    """What one of several sides did, by medians."""

    def __init__(self) -> None:
        self.loads: list[Load] = []

    def middle(self, what: str) -> float:
        """The median of this figure."""
        return statistics.median(float(getattr(each, what)) for each in self.loads)

    def told(self, **formats: str) -> tuple[str, ...]:
        """The medians of these figures, each in its format."""
        return tuple(format(self.middle(what), style) for what, style in formats.items())


def in_turns(sides: Mapping[str, Asked], rounds: int) -> Mapping[str, Rounds]:
    """Each side so many times, one after the other, so that none has a better time of the day."""
    found: defaultdict[str, Rounds] = defaultdict(Rounds)
    for number in range(-1, rounds):
        for name, asked in sides.items():
            load = loaded(asked, CONNECTIONS, ROUND_S if number >= 0 else _WARM_S)
            if number >= 0:  # the first one warms up
                found[name].loads.append(load)
                print(f"  {name}: {load.per_second:.0f}/s, {load.cpu_us:.0f} us", flush=True)
    return found


def loaded(asked: Asked, connections: int, seconds: float) -> Load:
    """One load, from another core than the server's. RuntimeError where an answer is no page."""
    before = cpu_seconds(asked.pid)
    ran = subprocess.run(
        python("-m", "bench.load", "localhost", str(asked.port), str(connections), str(seconds)),
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
    return Load(
        per_second=found["per_second"],
        cpu_us=(cpu_seconds(asked.pid) - before) / found["requests"] * 1e6,
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        page_bytes=found["bytes"],
        mb=resident_mb(asked.pid),
    )
