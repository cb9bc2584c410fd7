"""The product and the sandbox on real ports, and people with a real browser."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    ConsoleMessage,
    Frame,
    FrameLocator,
    Locator,
    Page,
    expect,
)

from app.settings import Settings
from sandbox.gitlab.main import create_app
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import OWNER_TOKEN, fresh_gitlab
from tests.browser.acts import SECRET
from tests.kept_contexts import KeptContexts
from tests.people import ACCOUNTS, MODULES
from tests.servers import free_port, serving
from tests.town import Town

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
APP_KEY = "com.getint.jira"
LOOK = """async mode => {
    document.documentElement.dataset.colorMode = mode;
    // What fades in or changes colour has to be done before its contrast counts.
    const ends = it => it.effect.getComputedTiming().iterations !== Infinity;
    await Promise.allSettled(document.getAnimations().filter(ends).map(it => it.finished));
    const { violations } = await axe.run(document, {
        preload: false, resultTypes: ["violations"],
    });
    const wrong = violations.map(it => `${it.id}: ${it.nodes.map(node => node.target)}`);
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) wrong.push("scrolls sideways");
    return wrong;
}"""
expect.set_options(timeout=15_000)  # machines that build are busy


def looked_at(
    page: Page,
    document: Page | Frame,
    *,
    narrow: int,
    shoot: Callable[[str], object] = lambda _mode: None,
) -> list[str]:
    """What axe finds wrong, and what does not fit, light and wide and dark and narrow."""
    if not document.evaluate("'axe' in window"):
        document.evaluate(AXE.read_text())
    found: list[str] = []
    # Colours do not depend on the width, nor does the layout on the colours.
    for width, mode in ((1280, "light"), (narrow, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        wrong: list[str] = document.evaluate(LOOK, mode)
        found += [f"{mode} {width}: {each}" for each in wrong]
        shoot(mode)
    return found


def is_refusal(said: ConsoleMessage) -> bool:
    """Whether the browser notes by itself that a request was refused."""
    return "Failed to load resource: the server responded" in said.text


@dataclass
class Person:
    """Somebody in front of a browser."""

    town: Town
    page: Page
    account_id: str
    faults: list[str] = field(default_factory=list)

    def open(self, module: str = "general", *, project: str | None = None) -> FrameLocator:
        """Go straight to a page of the app inside Jira; returns its frame."""
        self.page.goto(self.address(module, project=project))
        return self.arrived()

    def address(self, module: str = "general", *, project: str | None = None) -> str:
        """Where Jira shows a page of the app."""
        path = f"/plugins/servlet/ac/{APP_KEY}/{MODULES[module]}"
        return f"{self.town.jira_url}{path}" + (f"?project.key={project}" if project else "")

    def begin(self) -> None:
        """Open Jira's first page, unless they are in Jira already."""
        if not self.page.url.startswith(self.town.jira_url):
            self.page.goto(self.town.jira_url)

    def open_from_apps(self) -> FrameLocator:
        """Apps > Getint."""
        self.begin()
        main = self.page.get_by_role("navigation", name="Main")
        main.get_by_text("Apps", exact=True).click()
        main.get_by_role("link", name="Getint").click()
        return self.arrived()

    def open_from_project(self, name: str) -> FrameLocator:
        """Projects > Project settings > Getint."""
        self.begin()
        main = self.page.get_by_role("navigation", name="Main")
        main.get_by_role("link", name="Projects").click()
        row = self.page.get_by_role("row").filter(has_text=name)
        row.get_by_role("link", name="Project settings").click()
        settings = self.page.get_by_role("navigation", name="Project settings")
        settings.get_by_role("link", name="Getint").click()
        return self.arrived()

    def open_from_administration(self) -> FrameLocator:
        """Jira administration > Apps > Getint."""
        self.administer("Apps")
        menu = self.page.get_by_role("navigation", name="Jira administration")
        menu.get_by_role("link", name="Getint").click()
        return self.arrived()

    def administer(self, entry: str) -> None:
        """Choose an entry of the gear: ``Apps`` is Manage apps, or ``User management``."""
        self.begin()
        self.page.get_by_label("Settings", exact=True).click()
        self.page.get_by_role("banner").get_by_role("link", name=entry, exact=True).click()

    def manage_apps(self, button: str) -> None:
        """Press a button of Manage apps and read that it was done."""
        self.administer("Apps")
        self.page.get_by_role("button", name=button, exact=True).click()
        expect(self.page.get_by_role("status")).to_be_visible()

    def arrived(self) -> FrameLocator:
        """Wait until the app has answered in its frame, with a page or with a refusal."""
        expect(self.frame.locator("h1")).to_be_visible()
        # Before the scripts have run, nothing on the page can be clicked.
        self.frame.locator("body").evaluate(
            "() => document.readyState === 'complete'"
            " || new Promise(go => addEventListener('load', go))",
            timeout=15_000,
        )
        return self.frame

    @property
    def frame(self) -> FrameLocator:
        """The app's frame on the page."""
        return self.page.frame_locator(f"iframe[src^='{self.town.app_url}']")

    @property
    def heading(self) -> Locator:
        """The title of what the app shows."""
        return self.frame.get_by_role("heading", level=1)

    @property
    def document(self) -> Frame:
        """The app's document, to run scripts in."""
        return next(it for it in self.page.frames if it.url.startswith(self.town.app_url))

    def axe(self) -> list[str]:
        """What axe finds wrong with the page as it is now, and what does not fit into it."""
        size = self.page.viewport_size
        found = looked_at(self.page, self.document, narrow=380)
        if size:
            self.page.set_viewport_size(size)
        return found


@pytest.fixture
def somebody(contexts: KeptContexts, town: Town) -> Iterator[Callable[..., Person]]:
    """``somebody("admin")``: a person with a browser of their own, in which no fault may show."""
    people: list[Person] = []
    taken = ExitStack()

    def be(person: str, *, width: int = 1280, dark: bool = False) -> Person:
        context = taken.enter_context(contexts.one(width, dark=dark))
        cookies = {town.sandbox.site.person_cookie: ACCOUNTS[person]}
        if dark:
            cookies["sandbox_theme"] = "dark"
        context.add_cookies(
            [
                {"name": name, "value": value, "url": town.jira_url}
                for name, value in cookies.items()
            ]
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        found = Person(town, page, ACCOUNTS[person])
        page.on("pageerror", lambda error: found.faults.append(str(error)))
        page.on("console", lambda said: found.faults.extend(_fault(said, town)))
        people.append(found)
        return found

    with taken:
        yield be
    assert [fault for person in people for fault in person.faults] == []


def _fault(said: ConsoleMessage, town: Town) -> list[str]:
    """An error or warning of ours: Jira has its own."""
    ours = said.location["url"].startswith(town.app_url)
    # Atlassian's bridge asks for a web font that a machine without a network cannot have.
    is_bridge = "atl-paas.net" in said.text
    if said.type not in ("error", "warning") or is_refusal(said) or is_bridge:
        return []
    return [said.text] if ours or "Content Security Policy" in said.text else []


@pytest.fixture
def worker(settings: Settings, set_up_town: Town, tmp_path: Path) -> Iterator[None]:
    """The real worker, as a process of its own."""
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.worker"],
            cwd=ROOT,
            env={
                **os.environ,
                "APP_ENV": "development",
                "APP_BASE_URL": set_up_town.app_url,
                "DATABASE_URL": settings.libpq_url,
                "ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
                "CONNECT_INSTALL_KEYS_URL": f"{set_up_town.jira_url}/install-keys",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    yield
    process.kill()
    process.wait(10)
    print((tmp_path / "worker.log").read_text())  # noqa: T201 - shown where the test failed


@pytest.fixture
def gitlab() -> Iterator[str]:
    """The address of a GitLab with nothing in its project; it knows the token that people enter."""
    port = free_port()
    program = create_app(fresh_gitlab(f"http://localhost:{port}", 0))
    found: GitLab = program.state.standin
    found.state.tokens[SECRET] = found.state.tokens[OWNER_TOKEN]
    with serving(program, port) as address:
        yield address
