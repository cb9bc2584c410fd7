"""What people do on the pages, click by click."""

import re

from playwright.sync_api import FrameLocator, Locator, Page, expect

from sandbox.gitlab.seed import PAYMENTS

PAY, OPS, WEB = "10001", "10002", "10003"
View = FrameLocator | Page
"""The app in Jira's frame, or by itself."""
SECRET = "glpat-Never-To-Be-Seen-Again"


def go(frame: View, entry: str) -> None:
    """Choose an entry of the app's own menu, and wait for what it opens to take the focus."""
    menu = frame.get_by_role("navigation", name="Getint")
    menu.get_by_role("link", name=entry, exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_be_focused()


def begin_to_create(frame: View) -> None:
    """Open the form of a new integration from the list, empty or not."""
    frame.get_by_role("link", name=re.compile(r"^Create( an integration)?$")).click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Create an integration")


def choose_tool(frame: View, label: str) -> None:
    frame.locator("#field-tool label").get_by_text(label, exact=True).click()


def create_integration(
    frame: View, name: str, tool: str, place: str, project: str | None = None
) -> None:
    """From the list to the page of the new integration."""
    begin_to_create(frame)
    fill_in(frame, name, tool, place, project)
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text(name)


def fill_in(frame: View, name: str, tool: str, place: str, project: str | None = None) -> None:
    choose_tool(frame, tool)
    frame.locator("#field-tool_place").fill(place)
    frame.get_by_role("textbox", name="Name", exact=True).fill(name)
    if project:
        frame.get_by_role("combobox", name="Jira project").select_option(project)


def create_connection(frame: View, name: str, address: str = "https://gitlab.com") -> None:
    """A connection to GitLab, by its own form."""
    go(frame, "Connections")
    frame.get_by_role("link", name=re.compile(r"^Create( a connection)?$")).click()
    frame.get_by_role("textbox", name="Name", exact=True).fill(name)
    choose_tool(frame, "GitLab")
    frame.get_by_label("Address of GitLab").fill(address)
    frame.get_by_label("Access token").fill(SECRET)
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("rowheader", name=name)).to_be_visible()


def kept_in_step(frame: View, address: str) -> None:
    """A connection, an integration, its mappings as they are proposed, and GitLab's news."""
    create_connection(frame, "Our GitLab", address)
    go(frame, "Integrations")
    begin_to_create(frame)
    fill_in(frame, "Payroll", "GitLab", PAYMENTS, PAY)
    frame.get_by_label("Connection to GitLab").select_option(label="Our GitLab")
    frame.get_by_role("button", name="Create", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Payroll")
    frame.get_by_role("button", name="Propose mappings").click()
    mappings = frame.get_by_role("region", name="Type mappings", exact=True)
    expect(mappings.get_by_role("rowheader", name="Task", exact=True)).to_be_visible()
    news = frame.get_by_role("region", name="Be told at once")
    news.get_by_role("button", name="Switch on").click()
    expect(news).to_contain_text("Made by Getint in GitLab")


def run_now(frame: View) -> None:
    """On an integration's page."""
    run = frame.get_by_role("region", name="Run", exact=True)
    run.get_by_role("button", name="Run now").click()


def run_state(frame: View) -> Locator:
    """How the run on the page is doing."""
    return frame.locator("#run-state").get_by_role("status")


def open_integration(frame: View, name: str) -> None:
    """From the list to one of its rows."""
    go(frame, "Integrations")
    frame.get_by_role("link", name=name, exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text(name)


def names_listed(frame: View) -> Locator:
    """The names in the table of the page."""
    return frame.get_by_role("rowheader")


def menu_of(frame: View, name: str) -> Locator:
    """Open the three dots of a row."""
    frame.get_by_role("button", name=f"Actions for {name}").click()
    menu = frame.get_by_role("menu", name=f"Actions for {name}")
    expect(menu).to_be_visible()
    return menu


def reason_of(control: Locator) -> str:
    """What a disabled control says of itself to whoever cannot see it."""
    told: str = control.evaluate(
        "it => it.getAttribute('aria-describedby').split(' ')"
        ".map(id => it.ownerDocument.getElementById(id).textContent).join(' ')"
    )
    return told


def told(frame: View, term: str) -> Locator:
    """What a list of facts says of a term."""
    return frame.locator("dt").get_by_text(term, exact=True).locator("xpath=following-sibling::dd")
