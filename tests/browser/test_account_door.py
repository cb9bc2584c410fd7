"""A partner without Jira: sets a password, signs in, builds, is refused the rest, is shut out."""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pyotp
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.acts import (
    OPS,
    PAY,
    begin_to_create,
    create_connection,
    create_integration,
    fill_in,
    go,
    kept_in_step,
    menu_of,
    names_listed,
    open_integration,
    reason_of,
    run_now,
    run_state,
)
from tests.browser.conftest import Person
from tests.browser.windows import Window, window
from tests.signing_in.fixtures import cheap_hashes
from tests.signing_in.kit import PASSWORD, Accounts, email_of
from tests.town import Town

__all__ = ["cheap_hashes"]
pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]
NEW = "seven green paper boats"


class Partner(Window):
    """Pat in front of the app, outside of Jira."""

    def signs_in(self, password: str = PASSWORD) -> None:
        self.page.get_by_label("E-mail address").fill(email_of("Pat Partner"))
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.fixture
def accounts(set_up_town: Town, superuser: psycopg.Connection[Any], cheap_hashes: None) -> Accounts:
    row = superuser.execute("SELECT id FROM instances").fetchone()
    assert row
    return Accounts(set_up_town.app, superuser, row[0])


@pytest.fixture
def pat(set_up_town: Town, context: BrowserContext) -> Iterator[Partner]:
    with window(Partner, context, set_up_town.app_url) as found:
        yield found


def _changed(accounts: Accounts) -> None:
    accounts.superuser.execute(
        "SELECT pg_notify('getint_changes', %s)", (f"facts {accounts.instance_id}",)
    )


def _list(accounts: Accounts, project_id: str) -> None:
    accounts.superuser.execute(
        "INSERT INTO workspace_projects (workspace_id, project_id, instance_id)"
        " VALUES (%s, %s, %s)",
        (accounts.first_workspace, project_id, accounts.instance_id),
    )
    _changed(accounts)


def test_a_partner_signs_in_builds_is_refused_the_rest_and_shut_out(  # noqa: PLR0915 - a story
    set_up_town: Town, accounts: Accounts, pat: Partner, somebody: Somebody
) -> None:
    alice = somebody("admin")
    create_integration(alice.open(), "Platform backlog", "Azure DevOps", "Platform", OPS)
    its = accounts.user()
    accounts.give(its, accounts.workspace("Second workspace"))
    _list(accounts, PAY)

    # In, from the app's own address.
    page = pat.page
    pat.goes("/")
    expect(pat.heading).to_have_text("You are not signed in")
    assert pat.axe("unproven") == []
    page.get_by_role("link", name="Sign in").click()
    expect(pat.heading).to_have_text("Sign in")
    assert pat.axe("sign-in") == []
    pat.signs_in("wrong wrong wrong")
    expect(page.get_by_role("alert")).to_contain_text("or the account is not enabled")
    assert pat.axe("sign-in-wrong") == []
    pat.signs_in()
    expect(pat.heading).to_have_text("Integrations")

    # What others have is seen, and not changed; the instance is not theirs.
    expect(names_listed(page)).to_have_text(["Platform backlog"])
    pause = menu_of(page, "Platform backlog").get_by_role("menuitem", name="Pause")
    assert "Only its owner" in reason_of(pause)
    page.keyboard.press("Escape")
    settings = page.get_by_role("button", name="Settings")
    assert "Only administrators" in reason_of(settings)
    assert pat.axe("integrations") == []

    # They build their own, in a project that the workspace lists.
    create_connection(page, "Our GitLab")
    go(page, "Integrations")
    begin_to_create(page)
    projects = page.get_by_role("combobox", name="Jira project")
    assert [it for it in projects.locator("option").all_text_contents() if "(" in it] == [
        "Payments (PAY)"
    ]
    fill_in(page, "Checkout bugs", "GitLab", "acme/checkout", PAY)
    page.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    assert pat.axe("form") == []
    page.get_by_role("button", name="Create", exact=True).click()
    expect(pat.heading).to_have_text("Checkout bugs")
    expect(page.get_by_role("main")).to_contain_text("Pat Partner")

    # The account icon: another workspace, and back.
    page.get_by_role("button", name="Account", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Pat Partner")).to_be_visible()
    expect(dialog.get_by_role("link", name="Getint Administration")).to_have_count(0)
    assert pat.axe("menu") == []
    dialog.get_by_role("button", name="Second workspace").click()
    expect(page.get_by_role("main")).to_contain_text("No integrations yet")
    expect(page.locator("#workspace")).to_have_text("Second workspace")
    page.reload()
    expect(page.locator("#workspace")).to_have_text("Second workspace")
    page.get_by_role("button", name="Account", exact=True).click()
    dialog.get_by_role("link", name="Your account").click()
    expect(pat.heading).to_have_text("Your account")
    expect(dialog).to_have_count(0)
    assert pat.axe("account") == []

    # Whoever shuts them out does so at once.
    frame = alice.open()
    frame.get_by_role("button", name="Account", exact=True).click()
    assert alice.axe() == []
    frame.get_by_role("link", name="Getint Administration").click()
    frame.get_by_role("link", name="Pat Partner").click()
    frame.get_by_role("button", name="Disable").click()
    frame.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(frame.get_by_role("button", name="Enable")).to_be_visible()
    page.get_by_role("link", name="Connections").click()
    expect(page.get_by_role("alert")).to_contain_text("You are not signed in")
    page.get_by_role("button", name="Sign in").click()
    expect(pat.heading).to_have_text("Sign in")
    pat.signs_in()
    expect(page.get_by_role("alert")).to_contain_text("or the account is not enabled")


def test_a_partner_runs_what_they_built_and_it_waits_once_they_are_shut_out(
    worker: None,
    gitlab: str,
    set_up_town: Town,
    accounts: Accounts,
    pat: Partner,
    somebody: Somebody,
) -> None:
    accounts.user()
    _list(accounts, PAY)
    page = pat.page
    pat.goes(accounts.base)
    pat.signs_in()
    expect(pat.heading).to_have_text("Integrations")
    kept_in_step(page, gitlab)
    run_now(page)
    expect(run_state(page)).to_have_text("Done", timeout=60_000)
    log = page.get_by_role("region", name="Lines of the log")
    expect(log).to_contain_text("The end of the log.")

    accounts.superuser.execute("UPDATE accounts SET enabled = false")
    _changed(accounts)
    frame = somebody("admin").open()
    open_integration(frame, "Payroll")
    run_now(frame)
    expect(run_state(frame)).to_have_text("Held", timeout=60_000)
    expect(frame.get_by_role("main")).to_contain_text("The owner's account is disabled or gone")


def test_a_link_sets_a_password_and_an_account_gets_its_second_factor(  # noqa: PLR0915 - a story
    accounts: Accounts, pat: Partner
) -> None:
    its = accounts.user(password=None)
    secret = "A" * 43
    accounts.superuser.execute(
        "INSERT INTO account_links (id, instance_id, account_id, purpose, token_hash, email_key,"
        " expires_at) VALUES (gen_random_uuid(), %s, %s, 'invitation', %s, %s,"
        " now() + interval '1 hour')",
        (
            accounts.instance_id,
            its,
            hashlib.sha256(secret.encode()).digest(),
            email_of("Pat Partner"),
        ),
    )
    page = pat.page
    pat.goes("/welcome")
    assert pat.axe("welcome-without") == []
    page.goto("about:blank")
    page.goto(f"{pat.url}/welcome#{accounts.instance_id.hex}.{secret}")
    expect(pat.heading).to_have_text("Welcome, Pat Partner")
    assert secret not in page.url
    assert pat.axe("welcome") == []
    page.get_by_label("New password").fill("password1234")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("main")).to_contain_text("among the first")
    assert pat.axe("welcome-wrong") == []
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("main")).to_contain_text("Your password is set")
    assert pat.axe("welcome-done") == []
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Forgotten your password?").click()
    assert pat.axe("forgotten") == []
    page.get_by_role("link", name="Back to the sign-in").click()
    pat.signs_in(NEW)
    expect(pat.heading).to_have_text("Integrations")

    # Their own account, by htmx.
    pat.goes("/account")
    page.get_by_role("button", name="Change password").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Old password").fill("wrong")
    dialog.get_by_label("New password").fill("short")
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog).to_contain_text("This is not your password.")
    assert pat.axe("password") == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Set up").click()
    key = dialog.get_by_text(re.compile(r"^[A-Z2-7]{32}$")).first.text_content()
    assert key
    assert pat.axe("second-factor") == []
    dialog.get_by_label("Code of your authenticator").fill("000000")
    dialog.get_by_role("button", name="Set up").click()
    expect(dialog).to_contain_text("The code is wrong")
    totp = pyotp.TOTP(key)
    dialog.get_by_label("Code of your authenticator").fill(totp.now())
    dialog.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("button", name="Remove")).to_be_visible()

    # Out, and in again with the code, which counts once.
    page.get_by_role("button", name="Account", exact=True).click()
    dialog.get_by_role("button", name="Sign out").click()
    expect(pat.heading).to_have_text("Sign in")
    pat.signs_in(NEW)
    expect(pat.heading).to_have_text("Enter your code")
    assert pat.axe("code") == []
    page.get_by_label("Code of your authenticator").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")


def test_a_second_factor_that_is_a_must_is_set_up_first(accounts: Accounts, pat: Partner) -> None:
    accounts.user()
    accounts.superuser.execute("UPDATE instances SET second_factor_required = true")
    _changed(accounts)
    page = pat.page
    pat.goes("/sign-in")
    pat.signs_in()
    expect(pat.heading).to_have_text("Set up a second factor")
    assert pat.axe("must") == []
    key = page.get_by_text(re.compile(r"^[A-Z2-7]{32}$")).first.text_content()
    assert key
    page.get_by_label("Code of your authenticator").fill(pyotp.TOTP(key).now())
    page.get_by_role("button", name="Set up and sign in").click()
    expect(pat.heading).to_have_text("Integrations")
