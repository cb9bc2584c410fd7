"""`python -m dev.screenshots`: the pictures of docs/images, from a site that is filled for them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import FrameLocator, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = 1280, 800
READY_WITHIN_S = 90
ALICE, GIA, AXEL, PIA = (f"5b10a2844c20165700ede2{end}" for end in ("1a", "2b", "3c", "4d"))
PAY, OPS, WEB = "10001", "10002", "10003"
_ID = re.compile(r"/(?:integrations|connections)/([0-9a-f-]{36})")

# Name, tool, address, credentials; each becomes its owner's.
CONNECTIONS = (
    (GIA, "GitLab of engineering", "gitlab", "https://gitlab.com", {"token": "an-example"}),
    (AXEL, "Contoso DevOps", "azure", "https://dev.azure.com/contoso", {"token": "an-example"}),
    (
        ALICE,
        "ServiceNow",
        "servicenow",
        "https://contoso.service-now.com",
        {"username": "getint", "password": "an-example"},
    ),
    (ALICE, "monday.com", "monday", "", {"token": "an-example"}),
)
# Owner, name, kind, tool, project, place, direction.
INTEGRATIONS = (
    (ALICE, "Service desk incidents", "integration", "servicenow", OPS, "incident", "to_jira"),
    (AXEL, "Move the old tracker", "migration", "azure", WEB, "Legacy Tracker", "to_jira"),
    (PIA, "Release board", "integration", "trello", PAY, "nC8QJJoZ", "both"),
    (AXEL, "Platform backlog", "integration", "azure", OPS, "Platform", "both"),
    (GIA, "Website issues", "integration", "gitlab", WEB, "contoso/website", "both"),
    (ALICE, "Marketing campaigns", "integration", "monday", WEB, "1234567890", "to_tool"),
    (AXEL, "Security findings", "integration", "azure", PAY, "Security", "to_jira"),
    (GIA, "Checkout bugs", "integration", "gitlab", PAY, "contoso/checkout", "both"),
)
PAUSED = "Marketing campaigns"


@dataclass(frozen=True)
class Site:
    """A running Jira with the app in it."""

    jira_url: str
    app_url: str

    def send(
        self, account_id: str, path: str, form: Mapping[str, str], project: str | None = None
    ) -> str:
        """Post a form as somebody's page would; answers with the page that came back."""
        asked = {"accountId": account_id, "projectKey": project}
        given = httpx.post(f"{self.jira_url}/sandbox/api/token", json=asked, timeout=20)
        headers = {"Authorization": f"JWT {given.json()['token']}", "HX-Request": "true"}
        answer = httpx.post(
            f"{self.app_url}{path}",
            data=form,
            headers=headers,
            timeout=20,
            follow_redirects=True,
        )
        answer.raise_for_status()
        return answer.text


def main() -> None:
    """Start a fresh site, fill it, take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with running() as site:
        fill(site)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM")
                or shutil.which("chromium")
                or shutil.which("chromium-headless-shell"),
                args=["--no-sandbox"],
            )
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            take(site, page)
            browser.close()


@contextmanager
def running() -> Iterator[Site]:
    """`make run` on free ports, with a database of its own."""
    port, sandbox_port = _free_port(), _free_port()
    site = Site(f"http://localhost:{sandbox_port}", f"http://localhost:{port}")
    with tempfile.TemporaryDirectory(prefix="getint-") as folder:
        ports = {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port), "VAR_DIR": folder}
        process = subprocess.Popen(
            [sys.executable, "-m", "dev.run"], cwd=ROOT, env={**os.environ, **ports}
        )
        try:
            _wait_until_installed(site, process)
            yield site
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def fill(site: Site) -> None:
    """Eight integrations and what they need, by four people."""
    site.send(ALICE, "/set-up", {"kind": "integration"})
    connections = {}
    for owner, name, tool, address, credentials in CONNECTIONS:
        secrets = {f"credential_{key}": value for key, value in credentials.items()}
        form = {"name": name, "tool": tool, "address": address, "others_may": "use", **secrets}
        connections[tool] = _id_in(site.send(owner, "/connections", form))
    for owner, name, kind, tool, project, place, direction in INTEGRATIONS:
        form = {
            "name": name,
            "kind": kind,
            "tool": tool,
            "project_id": project,
            "tool_place": place,
            "direction": direction,
            "connection_id": connections.get(tool, ""),
        }
        made = site.send(owner, "/integrations", form, project="PAY" if owner == PIA else None)
        if name == PAUSED:
            site.send(owner, f"/integrations/{_id_in(made)}/pause", {})


def take(site: Site, page: Page) -> None:
    """What an admin sees: the list, the groups, what somebody could do."""
    page.goto(f"{site.jira_url}/be/{ALICE}?next=/")
    frame = _opened(site, page, "getint")
    frame.get_by_role("rowheader", name="Checkout bugs").wait_for()
    _save(page, "integrations")
    frame = _opened(site, page, "getint-admin")
    _save(page, "access")
    frame.get_by_role("link", name="What could a person do?").click()
    frame.get_by_role("searchbox").press_sequentially("Gia")
    frame.get_by_role("listitem").get_by_role("link", name="Gia").click()
    frame.get_by_role("heading", name="Who they are here").wait_for()
    _save(page, "person")


def _opened(site: Site, page: Page, module: str) -> FrameLocator:
    page.goto(f"{site.jira_url}/plugins/servlet/ac/com.getint.jira/{module}")
    frame = page.frame_locator("#app-frame iframe")
    frame.locator("h1").wait_for()
    return frame


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, SIZE[1] - 1)
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    print(f"docs/images/{name}.png")


def _id_in(text: str) -> str:
    found = _ID.search(text)
    if found is None:
        raise ValueError("the answer names nothing that was made")
    return found[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_installed(site: Site, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not _is_installed(site):
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError("the site did not start: see what it said above")
        time.sleep(0.2)


def _is_installed(site: Site) -> bool:
    try:
        state = httpx.get(f"{site.jira_url}/sandbox/api/state", timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(state["addon"] and state["addon"]["enabled"])


if __name__ == "__main__":
    main()
