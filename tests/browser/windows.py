"""A browser at pages of ours that stand by themselves, outside of Jira."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.browser.conftest import is_refusal, looked_at


@dataclass
class Window:
    """Somebody in front of ``url``."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    @property
    def heading(self) -> Locator:
        """The title of what is shown."""
        return self.page.get_by_role("heading", level=1)

    def goes(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")
        expect(self.heading).to_be_visible()
        self.page.wait_for_load_state()

    def axe(self, name: str) -> list[str]:
        """What axe finds wrong with the page, light and wide and dark and narrow."""
        page = self.page

        def shoot(mode: str) -> None:
            if folder := os.environ.get("LOOKS"):
                page.screenshot(path=Path(folder) / f"{name}-{mode}.png")

        found = looked_at(page, page, narrow=400, shoot=shoot)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate("document.documentElement.dataset.colorMode = 'light'")
        return found


W = TypeVar("W", bound=Window)


@contextmanager
def window(kind: type[W], context: BrowserContext, url: str) -> Iterator[W]:
    """A window in which no fault may show until the block ends."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    found = kind(page, url)
    page.on("pageerror", lambda error: found.faults.append(str(error)))
    page.on("console", lambda said: found.faults.extend(_fault(said)))
    yield found
    assert found.faults == []


def _fault(said: ConsoleMessage) -> list[str]:
    return [said.text] if said.type in {"error", "warning"} and not is_refusal(said) else []
