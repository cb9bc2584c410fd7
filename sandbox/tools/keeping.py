"""A stand-in's state in a file, so that a restart finds what people and programs did."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

PAUSE_S = 1.0


class Keeper:
    """Writes the file when something changed, at most once a second, and at the end."""

    def __init__(self, path: Path, picture: Callable[[], bytes]) -> None:
        self.path = path
        self.picture = picture
        self.is_due = False

    def mark(self) -> None:
        self.is_due = True

    @contextlib.asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Within the lifespan of the program."""
        writing = asyncio.create_task(self._keep_writing())
        try:
            yield
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
            self.write()

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            self.write()

    def write(self) -> None:
        """Written whole or not at all, readable by its owner alone: it holds tokens."""
        if not self.is_due:
            return
        self.is_due = False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(self.picture())
        Path(name).replace(self.path)
