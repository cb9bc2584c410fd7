"""What a conversion has to say, and the shape in which it says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rich:
    """Canonical HTML, and what of the source it could not express, for the log of the run."""

    html: str
    notes: tuple[str, ...] = ()


class Notes:
    """Collects notes, each once, in the order in which they came up."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def add(self, note: str) -> None:
        """Say it, unless it was said."""
        self._said[note] = None

    def told(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._said)
