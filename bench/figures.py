"""Tables of figures: printed, and written into a document between markers."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parents[1] / "docs"


@dataclass(frozen=True, slots=True)
class Figures:
    """One measurement's table in ``document``; ``notes`` are sentences below it.

    ``command`` is the measurement's name where it has several tables.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str] = ()
    document: str = "performance.md"
    command: str = ""

    def markdown(self) -> str:
        """The table and the notes, aligned so that the source reads well too."""
        cells = [[str(cell) for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(self.columns))]
        lines = [_line(row, widths) for row in cells]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join([*lines, "", *self.notes])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def machine() -> str:
    """What it was measured on, in a line."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({_processor()}), "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"Linux {platform.release().split('-')[0]}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def write(figures: Figures) -> None:
    """Replace what stands between this measurement's markers."""
    document = DOCUMENTS / figures.document
    text = document.read_text()
    begin, end = f"<!-- {figures.name}: begin -->", f"<!-- {figures.name}: end -->"
    command = f"make bench ARGS={figures.command or figures.name}"
    body = f"{begin}\n_Measured {machine()}, by `{command}`._\n\n"
    body += f"{figures.markdown().rstrip()}\n{end}"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    found, count = pattern.subn(lambda _: body, text)
    if count != 1:
        raise ValueError(f"{document.name} has no place for {figures.name}")
    document.write_text(found)
