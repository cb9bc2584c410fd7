"""What each process begins with."""

import sys
from collections.abc import Callable
from typing import TypeVar

from app.database import DatabaseUnusable, require_usable_database
from app.settings import Settings, SettingsMissing, load_settings

S = TypeVar("S")


def usable_settings() -> Settings:
    """Those of the environment; ends the process with one line where it can not work with them."""
    return usable(load_settings, require_usable_database)


def usable(load: Callable[[], S], require_database: Callable[[S], None]) -> S:
    """The same for a program that has settings of its own."""
    try:
        settings = load()
        require_database(settings)
    except (SettingsMissing, DatabaseUnusable) as problem:
        sys.exit(str(problem))
    return settings
