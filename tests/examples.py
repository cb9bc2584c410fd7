"""How many examples a property is tried with."""

import os

_TIMES = int(os.environ.get("EXAMPLES_TIMES") or "1")


def many(usual: int) -> int:
    """``usual``, or as many times that as EXAMPLES_TIMES says: for a night, or a new machine."""
    return usual * _TIMES
