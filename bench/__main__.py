"""`python -m bench [names]`: measures, prints, and writes docs/performance.md."""

import importlib
import sys
import time

from bench.figures import Figures, write

MEASUREMENTS = ("pages", "shares", "reads", "decisions", "lists", "quota", "start")


def main() -> None:
    """Run the named measurements, or all of them."""
    names = sys.argv[1:] or list(MEASUREMENTS)
    if unknown := set(names) - set(MEASUREMENTS):
        sys.exit(f"bench: no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    for name in names:
        print(f"\n{name}", flush=True)
        began = time.monotonic()
        found: Figures = importlib.import_module(f"bench.{name}").measure()
        print(found.markdown())
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
        write(found)


if __name__ == "__main__":
    main()
