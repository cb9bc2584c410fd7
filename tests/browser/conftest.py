"""The product and the sandbox on real ports, and people with a real browser."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

from app.main import create_app
from app.settings import Settings
from sandbox.main import create_app as create_sandbox
from sandbox.running import Sandbox
from sandbox.site import SiteState
from tests.people import ACCOUNTS, MODULES
from tests.servers import free_port, serving

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
APP_KEY = "com.getint.jira"


@dataclass
class Town:
    """A Jira site and the app in it, as they are on the web."""

    jira_url: str
    app_url: str
    sandbox: Sandbox

    def control(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Use the sandbox's remote control."""
        url = f"{self.jira_url}/sandbox/api{path}"
        response = httpx.request(method, url, json=json, timeout=20)
        response.raise_for_status()
        return response


@pytest.fixture
def town(settings: Settings, opened_site: SiteState) -> Iterator[Town]:
    """The app installed in a Jira site, not yet set up."""
    app_port, jira_port = free_port(), free_port()
    app_url, jira_url = f"http://localhost:{app_port}", f"http://localhost:{jira_port}"
    live = settings.model_copy(
        update={
            "app_base_url": app_url,
            "connect_install_keys_url": f"{jira_url}/install-keys",
            "ap_js_url": f"{jira_url}/atlassian-connect/all.js",
        }
    )
    site = copy.deepcopy(opened_site)
    site.base_url = jira_url
    jira = create_sandbox(site, app_http=httpx.AsyncClient(), close_http=True)
    with serving(create_app(live), app_port), serving(jira, jira_port):
        found = Town(jira_url, app_url, jira.state.sandbox)
        found.control("POST", "/install", {"url": f"{app_url}/atlassian-connect.json"})
        yield found


@pytest.fixture
def set_up_town(town: Town, superuser: psycopg.Connection) -> Town:
    """The same, with the admin's set-up behind it."""
    superuser.execute("UPDATE instances SET configured_at = now()")
    superuser.execute("SELECT pg_notify('getint_changes', 'facts ' || id::text) FROM instances")
    return town


@dataclass
class Person:
    """Somebody in front of a browser."""

    town: Town
    page: Page
    account_id: str

    def open(self, module: str = "general", *, project: str | None = None) -> FrameLocator:
        """Go to a page of the app inside Jira; returns its frame."""
        if module == "project":
            path = f"/plugins/servlet/ac/{APP_KEY}/{MODULES[module]}?project.key={project}"
        else:
            path = f"/plugins/servlet/ac/{APP_KEY}/{MODULES[module]}"
        self.page.goto(f"{self.town.jira_url}{path}")
        return self.frame

    @property
    def frame(self) -> FrameLocator:
        """The app's frame on the page."""
        return self.page.frame_locator(f"iframe[src^='{self.town.app_url}']")


@pytest.fixture
def somebody(browser: Browser, town: Town) -> Iterator[Callable[..., Person]]:
    """``somebody("admin")``: a person with a browser of their own."""
    contexts: list[BrowserContext] = []

    def be(person: str, *, width: int = 1280, dark: bool = False) -> Person:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{town.jira_url}/be/{ACCOUNTS[person]}?next=/")
        return Person(town, page, ACCOUNTS[person])

    yield be
    for context in contexts:
        context.close()
