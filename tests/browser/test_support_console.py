"""Two browsers side by side: an admin in Jira who decides, an agent in the console who looks."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import BrowserContext, FrameLocator, expect

from app.encryption import ConsoleKeys
from app.settings import Settings
from app.support.console.main import create_console
from app.support.console.settings import ConsoleSettings
from app.support.console_role import prepare_role
from tests.browser.conftest import Person
from tests.browser.test_reporting import Written
from tests.browser.windows import Window, window
from tests.servers import free_port, serving
from tests.support.console.kit import SESSION_KEY, Operator, SignInOf
from tests.support.kit import SUPPORT_KEY
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
MESSAGE = "Changed the title."


class Agent(Window):
    """Sam in front of the console."""

    def signs_in(self, sign_in: SignInOf) -> None:
        self.goes("/sign-in")
        self.page.get_by_label("E-mail address").fill(sign_in.email)
        self.page.get_by_label("Password").fill(sign_in.password)
        self.page.get_by_label("Code of your authenticator").fill(sign_in.totp.now())
        self.page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def written(set_up_town: Town, settings: Settings, superuser: psycopg.Connection) -> Written:
    return Written(settings, superuser)


@pytest.fixture
def operator(superuser: psycopg.Connection) -> Operator:
    return Operator(superuser, ConsoleKeys([SESSION_KEY]))


@pytest.fixture
def sam(written: Written, migrated_url: str, context: BrowserContext) -> Iterator[Agent]:
    """A browser at a console that listens on a port of its own."""
    with psycopg.connect(migrated_url) as connection:
        prepare_role(connection, development=True)
    port = free_port()
    console = create_console(
        ConsoleSettings(
            app_env="development",
            support_base_url=f"http://localhost:{port}",
            support_database_url=migrated_url,
            support_private_keys=base64.b64encode(SUPPORT_KEY).decode(),
            support_session_keys=base64.b64encode(SESSION_KEY).decode(),
        )
    )
    with serving(console, port) as url, window(Agent, context, url) as agent:
        yield agent


def _account_access(person: Person) -> FrameLocator:
    frame = person.open("configure")
    frame.get_by_role("link", name="Account access").click()
    expect(person.heading).to_have_text("Account access")
    return frame


def _finds(sam: Agent, instance_id: object) -> None:
    sam.goes("/")
    sam.page.get_by_label("Instance ID").fill(str(instance_id))
    sam.page.get_by_role("button", name="Find", exact=True).click()


def _asks_for_access(sam: Agent) -> None:
    page = sam.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("There is no instance")
    assert sam.axe("no-such") == []
    page.get_by_role("link", name="Ask for access").last.click()
    page.get_by_label("Ticket").fill("T-77")
    assert sam.axe("ask") == []
    page.get_by_role("button", name="Ask for access").click()
    expect(page.get_by_text("Your request is on its way")).to_be_visible()
    assert sam.axe("asked") == []


def _approves(frame: FrameLocator) -> None:
    frame.get_by_role("button", name="Approve the request of Sam").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Until").select_option("day")
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(dialog).to_be_hidden()


def _shares(gia: Person) -> None:
    frame = gia.open()
    frame.get_by_role("link", name="Reporting").click()
    row = frame.get_by_role("row").filter(has_text="Payroll")
    row.get_by_role("button", name="Actions for the run").click()
    frame.get_by_role("menuitem", name="Share with Support").click()
    frame.get_by_role("dialog").get_by_role("button", name="Share", exact=True).click()
    expect(frame.get_by_role("dialog")).to_be_hidden()


def test_an_agent_signs_in_and_out(sam: Agent, operator: Operator) -> None:
    sign_in, page = operator.create(), sam.page
    sam.goes("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert sam.axe("sign-in") == []
    page.get_by_label("E-mail address").fill("nobody@vendor.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Code of your authenticator").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    assert sam.axe("sign-in-wrong") == []
    sam.signs_in(sign_in)
    expect(page.get_by_role("heading", level=1)).to_have_text("Find an instance")
    assert sam.axe("find") == []
    page.get_by_role("button", name="Sam Support").click()
    expect(page.get_by_role("dialog")).to_contain_text(sign_in.email)
    assert sam.axe("account") == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_customer_lets_support_in_sees_what_it_looks_at_and_shuts_it_out(
    written: Written, somebody: Somebody, sam: Agent, operator: Operator
) -> None:
    shared = written.run(written.integration("Payroll"))
    kept = written.run(written.integration("Salaries"))
    page, instance_id = sam.page, written.plain.instance_id
    sam.signs_in(operator.create())
    expect(page.get_by_role("heading", level=1)).to_have_text("Find an instance")
    _finds(sam, instance_id)
    _asks_for_access(sam)
    frame = _account_access(somebody("admin"))
    _approves(frame)

    _finds(sam, instance_id)
    expect(page.get_by_role("rowheader", name="Payroll")).to_be_visible()
    assert sam.axe("integrations") == []
    page.get_by_role("link", name="Payroll").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payroll")
    assert sam.axe("integration") == []
    looks = frame.get_by_role("table").filter(has_text="See an integration")
    expect(looks).to_contain_text("Sam Support (support)")

    _shares(somebody("gitlab"))
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("row").filter(has_text="Payroll")).to_contain_text("Shared")
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("row").filter(has_text="Salaries")).to_contain_text("Not shared")
    assert sam.axe("runs") == []
    sam.goes(f"/instances/{instance_id}/runs/{kept.id}")
    expect(page.get_by_text("You can't read this log")).to_be_visible()
    assert sam.axe("kept") == []
    sam.goes(f"/instances/{instance_id}/runs/{shared.id}")
    expect(page.get_by_text(MESSAGE)).to_be_visible()
    assert sam.axe("run") == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert b'"agent": "sam@vendor.example"' in Path(download.value.path()).read_bytes()
    read = frame.get_by_role("table").filter(has_text="Read a run's log and data")
    expect(read).to_contain_text("exported")

    frame.get_by_role("button", name="Revoke").click()
    expect(frame.get_by_role("status").filter(has_text="Not approved")).to_be_visible()
    page.get_by_label("Lines", exact=True).select_option("warning")
    expect(page.get_by_role("heading", level=1)).to_contain_text("There is no instance")
    expect(page.get_by_text(MESSAGE)).to_have_count(0)
