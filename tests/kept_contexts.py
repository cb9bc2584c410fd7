"""Contexts of a browser that are used again: scripts they have loaded stay in their cache."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext


class KeptContexts:
    """Whoever gets one finds no cookie, permission, page or store of whoever had it before."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: defaultdict[tuple[int, bool], list[BrowserContext]] = defaultdict(list)

    @contextmanager
    def one(self, width: int = 1280, *, dark: bool = False) -> Iterator[BrowserContext]:
        """A context until the block ends, in which all its pages are closed."""
        free = self._free[width, dark]
        context = free.pop() if free else self._new(width, dark)
        yield context
        _emptied(context)
        free.append(context)

    def _new(self, width: int, dark: bool) -> BrowserContext:
        return self._browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )


def _emptied(context: BrowserContext) -> None:
    for page in context.pages:
        browser = context.new_cdp_session(page)
        for address in {
            urlsplit(frame.url) for frame in page.frames if frame.url.startswith("http")
        }:
            origin = {"origin": f"{address.scheme}://{address.netloc}", "storageTypes": "all"}
            browser.send("Storage.clearDataForOrigin", origin)
        page.close()
    context.clear_cookies()
    context.clear_permissions()
