"""`python -m bench [names]`: measures, prints, and writes docs/*.md."""

import importlib
import sys
import time
from collections.abc import Sequence

from bench.figures import Figures, write

MEASUREMENTS = (
    "pages", "accounts", "shares", "reads", "decisions", "lists", "quota", "start", "sync",
    "reliability",
)  # fmt: skip


def main() -> None:
    """Run the named measurements, or all of them."""
    names = sys.argv[1:] or list(MEASUREMENTS)
    if unknown := set(names) - set(MEASUREMENTS):
        sys.exit(f"bench: no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    for name in names:
        print(f"\n{name}", flush=True)
        began = time.monotonic()
        found: Figures | Sequence[Figures] = importlib.import_module(f"bench.{name}").measure()
        tables = [found] if isinstance(found, Figures) else found
        for table in tables:
            print(table.markdown())
            write(table)
        print(f"({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
