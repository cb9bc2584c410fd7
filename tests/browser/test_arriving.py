"""The moments between a page that is seen and its scripts that have run."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.acts import go
from tests.browser.conftest import Person
from tests.town import Town

pytestmark = pytest.mark.browser
Somebody = Callable[..., Person]


def seen_without_scripts(person: Person, held: Callable[[Route], None]) -> None:
    """Open Getint and hand each of its scripts to ``held`` instead of to the page."""
    scripts = re.compile(re.escape(person.town.app_url) + r"/static/.*\.js")
    person.page.route(scripts, held)
    person.page.goto(person.address(), wait_until="domcontentloaded")
    expect(person.heading).to_be_visible()


def test_no_click_or_key_leads_away_before_the_scripts_have_come_and_then_all_works(
    set_up_town: Town, somebody: Somebody
) -> None:
    gia, scripts = somebody("gitlab"), list[Route]()

    def hold(route: Route) -> None:
        scripts.append(route)

    seen_without_scripts(gia, hold)
    address = gia.document.url
    link = gia.frame.get_by_text("Connections", exact=True)
    place = link.bounding_box()
    assert place is not None
    gia.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    gia.document.evaluate("document.querySelector('.side-item[data-key=connections]').focus()")
    for key in ("Enter", "Tab", "Tab", "Enter"):
        gia.page.keyboard.press(key)
    for route in scripts:
        route.continue_()
    gia.arrived()
    assert gia.document.url.removesuffix("#main") == address
    expect(gia.heading).to_have_text("Integrations")
    go(gia.frame, "Connections")
    expect(gia.heading).to_have_text("Connections")


def test_a_page_whose_scripts_never_come_says_so(set_up_town: Town, somebody: Somebody) -> None:
    gia = somebody("gitlab")
    seen_without_scripts(gia, lambda route: route.abort())
    expect(gia.frame.get_by_text("If this stays, reload the page.")).to_be_visible()
    gia.faults.clear()  # the browser tells the console of each
