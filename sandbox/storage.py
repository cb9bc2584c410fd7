"""The site in a file, so that a restart finds the same keys, secret and groups."""

import json
import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.seed import fresh_site
from sandbox.site import SiteState


def open_site(path: Path, base_url: str) -> SiteState:
    """The site kept in `path`, or a fresh one that will be; changes are written there."""
    if path.exists():
        site = SiteState.from_json(json.loads(path.read_text()))
        # A renamed site keeps its name; a site moved to another port takes the new address.
        if urlsplit(site.base_url).port != urlsplit(base_url).port:
            site.base_url = base_url.rstrip("/")
    else:
        site = fresh_site(base_url)
    site.store = lambda state: write_site(path, state)
    site.save()
    return site


def write_site(path: Path, site: SiteState) -> None:
    """Written whole or not at all, readable by its owner alone: it holds secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        json.dump(site.to_json(), file, indent=1)
    Path(name).replace(path)
