"""Where things are on a developer's machine."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Elsewhere for a second, fresh one beside it, as dev/screenshots.py has.
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var")
