"""The site in files, so that a restart finds the same keys, secret, groups and issues.

`state.json` holds the site and is written at each change; `state.issues.json` beside it holds the
issues, written a second after a change at most; `state.files/` holds the attachments.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.issues.store import Blobs
from sandbox.issues.tracker import Tracker
from sandbox.seed import fresh_site
from sandbox.site import SiteState

WRITE_PAUSE_S = 1.0


def open_site(
    path: Path, base_url: str, fresh: Callable[[str], SiteState] = fresh_site
) -> SiteState:
    """The site kept in `path`, or a fresh one that will be; changes are written there."""
    if path.exists():
        site = SiteState.from_json(json.loads(path.read_text()))
        # A renamed site keeps its name; a site moved to another port takes the new address.
        if urlsplit(site.base_url).port != urlsplit(base_url).port:
            site.base_url = base_url.rstrip("/")
    else:
        site = fresh(base_url)
    site.store = lambda state: write_site(path, state)
    site.save()
    return site


def open_issues(
    path: Path, site: SiteState, seed: Callable[[SiteState], None]
) -> Callable[[], None]:
    """Give the site its issues: those kept beside `path`, or the seed's.

    Answers a function that writes down what is not yet written, for the end of the program.
    """
    kept = path.with_suffix(".issues.json")
    site.issues = Tracker(Blobs(path.with_suffix(".files")))
    if kept.exists():
        site.issues.load(json.loads(kept.read_text()))
    else:
        seed(site)
        _write(kept, site.issues.to_json())
    writing = _LazyWriting(kept, site.issues)
    site.issues.on_write = writing.changed
    return writing.flush


class _LazyWriting:
    """Writes a tracker down some time after its first change since the last time."""

    def __init__(self, path: Path, tracker: Tracker) -> None:
        self._path = path
        self._tracker = tracker
        self._waiting: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        if self._waiting is None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(WRITE_PAUSE_S, self.flush)

    def flush(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
            _write(self._path, self._tracker.to_json())


def write_site(path: Path, site: SiteState) -> None:
    """Written whole or not at all, readable by its owner alone: it holds secrets."""
    _write(path, site.to_json(), indent=1)


def _write(path: Path, picture: dict[str, Any], indent: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(picture, indent=indent))
    Path(name).replace(path)
