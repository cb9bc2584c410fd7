"""The test of a connection, with a GitLab that listens on this machine."""

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.settings import Settings
from tests.browser.acts import SECRET, create_connection, menu_of
from tests.browser.conftest import Person
from tests.tools.conftest import HOST, certificate
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
__all__ = ["certificate"]


@dataclass
class GitLab:
    """Knows one token and refuses all others."""

    token: str = SECRET
    port: int = 0


@pytest.fixture
def gitlab(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    """A GitLab that the app finds and trusts."""
    found = GitLab()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers["PRIVATE-TOKEN"] == found.token else 401)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=str(certificate))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.socket = own.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    monkeypatch.setattr("app.tools.transport.trust", lambda: trusted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings: Settings, gitlab: GitLab) -> Settings:
    """The operator allows this one host of their own network."""
    return settings.model_copy(update={"tool_private_hosts": [f"{HOST}:{gitlab.port}"]})


async def on_this_machine(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def test_a_test_says_whether_a_connection_works_and_the_list_remembers_it(
    gitlab: GitLab, set_up_town: Town, somebody: Somebody
) -> None:
    state = set_up_town.app.state
    state.house = replace(state.house, look_up=on_this_machine)
    gia = somebody("gitlab")
    frame = gia.open()
    create_connection(frame, "Our GitLab", address=f"https://{HOST}:{gitlab.port}")
    row = frame.get_by_role("row").filter(has_text="Our GitLab")
    expect(row).to_contain_text("Not tested")
    menu_of(frame, "Our GitLab").get_by_role("menuitem", name="Test").click()
    expect(gia.page.get_by_text("Our GitLab works")).to_be_visible()
    expect(gia.page.get_by_text("GitLab accepted the credentials.")).to_be_visible()
    expect(row).to_contain_text("Works")

    gitlab.token = "another, since this one was revoked"
    menu_of(frame, "Our GitLab").get_by_role("menuitem", name="Test").click()
    expect(gia.page.get_by_text("Our GitLab does not work")).to_be_visible()
    expect(row).to_contain_text("Failed")
    expect(row).to_contain_text("GitLab did not accept the credentials.")
    assert SECRET not in frame.locator("body").inner_text()
