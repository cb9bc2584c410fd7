"""The runs of the last days as a small bar chart: SVG with classes, so that no style is inline."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.runs.reporting_list import Day

HEIGHT = 100
STEP, WIDTH = 10, 7
_LEAST = 2
"""Units high that one run is at least, so that it is seen beside hundreds."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a day's bar; ``kind`` is its class."""

    kind: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws; ``top`` is how many runs the full height stands for."""

    width: int
    bars: Sequence[Bar]
    top: int
    summary: str


def chart_of(days: Sequence[Day]) -> Chart:
    """Bars of the days, oldest first, and what they say in words."""
    top = max((day.runs for day in days), default=0)
    bars = [bar for number, day in enumerate(days) for bar in _bars(number, day, max(top, 1))]
    return Chart(len(days) * STEP, bars, top, _summary(days))


def _bars(number: int, day: Day, top: int) -> list[Bar]:
    parts = (
        ("chart-well", day.well),
        ("chart-failures", day.with_failures),
        ("chart-other", day.other),
    )
    x, y, bars = number * STEP + (STEP - WIDTH) // 2, HEIGHT, []
    for kind, runs in parts:
        if runs:
            height = max(_LEAST, round(runs / top * (HEIGHT - 3 * _LEAST)))
            y -= height
            bars.append(Bar(kind, x, y, height))
    return bars


def _summary(days: Sequence[Day]) -> str:
    runs = sum(day.runs for day in days)
    if not runs:
        return f"No runs in the last {len(days)} days."
    well = sum(day.well for day in days)
    with_failures = sum(day.with_failures for day in days)
    words = f"{runs} {'run' if runs == 1 else 'runs'} in the last {len(days)} days"
    parts = [f"{well} went well", f"{with_failures} had failures"]
    if other := runs - well - with_failures:
        parts.append(f"{other} open or cancelled")
    return f"{words}: {', '.join(parts)}."
