"""What each process of the app begins with."""

import sys

from app.database import DatabaseUnusable, require_usable_database
from app.settings import Settings, SettingsMissing, load_settings


def usable_settings() -> Settings:
    """Those of the environment; ends the process with one line where it can not work with them."""
    try:
        settings = load_settings()
        require_usable_database(settings)
    except (SettingsMissing, DatabaseUnusable) as problem:
        sys.exit(str(problem))
    return settings
