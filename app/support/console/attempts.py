"""How often somebody may try to sign in, counted the same for addresses that exist and not."""

import time
from collections.abc import Callable

from cachetools import TTLCache

from app.errors import Problem

_WINDOW_S = 15 * 60
_OF_ACCOUNT_AND_PLACE = 5
_OF_PLACE = 30
_OF_ACCOUNT = 50
_KEPT = 50_000


class TooMany(Problem):
    """It was tried too often."""

    status = 429
    slug = "too-many"
    default_title = "Too many attempts"


class Attempts:
    """Failures of the last quarter of an hour, of this process.

    An account is not locked for everybody by whoever fails at it from one place: it takes fifty
    from several.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures: TTLCache[tuple[str, ...], int] = TTLCache(_KEPT, _WINDOW_S, timer=clock)

    def require_room(self, email: str, place: str) -> None:
        """Raise ``TooMany`` where enough was tried."""
        for key, most in _counted(email, place):
            if self._failures.get(key, 0) >= most:
                raise TooMany(
                    "Signing in failed too often.",
                    mend="Wait a quarter of an hour, then try again.",
                    retry_after=_WINDOW_S,
                )

    def failed(self, email: str, place: str) -> None:
        """Count one more, before its outcome is known or after."""
        for key, _ in _counted(email, place):
            self._failures[key] = self._failures.get(key, 0) + 1

    def succeeded(self, email: str, place: str) -> None:
        """Forget what this person failed at from here."""
        self._failures.pop(("both", email, place), None)


def _counted(email: str, place: str) -> tuple[tuple[tuple[str, ...], int], ...]:
    return (
        (("both", email, place), _OF_ACCOUNT_AND_PLACE),
        (("place", place), _OF_PLACE),
        (("account", email), _OF_ACCOUNT),
    )
