import json
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template, UndefinedError
from markupsafe import Markup

from app.web.elements import uid
from app.web.pages import Banner, Flag, NavItem, Shell, document, fragment
from app.web.static_files import content_hash, static_url
from app.web.templates import compile_all, environment, template_names

USE = '{% import "web/components.html" as ui %}'


@cache
def compiled(call: str) -> Template:
    return environment().from_string(USE + call)


def component(call: str, **values: object) -> str:
    return compiled(call).render(values)


def shell(**changes: object) -> Shell:
    values: dict[str, object] = {
        "nav": (
            NavItem("list", "Integrations", "/integrations", "integrations"),
            NavItem("later", "Reporting", "/reporting", "reporting", "Comes with runs."),
        ),
        "bottom": (NavItem("help", "Help", "/help", "question", dialog=True),),
        "active": "list",
        "title": "Integrations",
        "ap_js_url": None,
    }
    return Shell(**{**values, **changes})  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Collects start tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def page(**changes: object) -> str:
    return bytes(document(shell(**changes), "<h1>Hello</h1>").body).decode()


def test_every_template_compiles() -> None:
    compile_all()
    assert "web/base.html" in template_names()


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody_gave_this }}").render()


@given(st.text(min_size=1))
def test_what_people_typed_is_escaped_in_text_and_attributes(text: str) -> None:
    html = component("{{ ui.field('n', words, value=words, help=words, error=words) }}", words=text)
    plain = component("{{ ui.field('n', 'w', value='w', help='w', error='w') }}")
    assert [tag for tag, _ in Tags(html).found] == [tag for tag, _ in Tags(plain).found]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_attributes_given_by_pages_keep_their_value(text: str) -> None:
    html = component("{{ ui.button('Go', attrs={'data-x': words, 'off': false}) }}", words=text)
    ((_, attributes), *_) = Tags(html).found
    assert attributes["data-x"] == text
    assert "off" not in attributes


def test_a_disabled_button_stays_reachable_and_is_described_by_its_reason() -> None:
    html = component(
        "{{ ui.button('Delete', disabled_reason='Not yours', attrs={'hx-get': '/'}) }}"
    )
    (button, *_, tooltip) = [attributes for _, attributes in Tags(html).found]
    assert button["aria-disabled"] == "true"
    assert "disabled" not in button
    assert "hx-get" not in button
    assert button["aria-describedby"] == tooltip["id"]
    assert "Not yours" in html


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_a_menu_escapes_its_entries_and_describes_what_is_off(text: str) -> None:
    items = [
        {"label": text, "attrs": {"hx-get": text}},
        {"label": text, "disabled_reason": text, "attrs": {"hx-get": "/never"}},
        {"label": text, "danger": True},
    ]
    html = component("{{ ui.menu('Actions', items) }}", items=items)
    entries = [given for _, given in Tags(html).found if given.get("role") == "menuitem"]
    ids = [given["id"] for _, given in Tags(html).found if "id" in given]
    assert [entry.get("hx-get") for entry in entries] == [text, None, None]
    assert entries[1]["aria-disabled"] == "true"
    assert entries[1]["aria-describedby"] in ids
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in Tags(html).found].count("small") == 1


def test_a_field_in_error_is_described_by_the_error_and_the_help() -> None:
    html = component("{{ ui.field('n', 'Name', error='Empty', help='Shown') }}")
    ids = [attributes["id"] for _, attributes in Tags(html).found if "id" in attributes]
    (entry,) = [attributes for tag, attributes in Tags(html).found if tag == "input"]
    assert entry["aria-invalid"] == "true"
    assert entry["aria-describedby"] == "field-n-error field-n-help"
    assert set(entry["aria-describedby"].split()) <= set(ids)


def test_ids_are_never_given_twice() -> None:
    assert len({uid() for _ in range(1000)}) == 1000


def test_a_page_has_nothing_inline() -> None:
    html = page(ap_js_url="https://jira.example/all.js", banner=Banner("warning", "Lapsed"))
    for tag, attributes in Tags(html).found:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith(("on", "hx-on"))]


def test_the_bridge_is_loaded_in_jira_only() -> None:
    assert "all.js" in page(ap_js_url="https://jira.example/all.js")
    assert "data-options" not in page()


def test_the_menu_marks_where_one_is_and_says_why_an_entry_is_off() -> None:
    html = page()
    entries = {
        attributes.get("data-key"): attributes
        for _, attributes in Tags(html).found
        if attributes.get("class") == "side-item"
    }
    assert entries["list"]["aria-current"] == "page"
    assert entries["later"]["aria-disabled"] == "true"
    assert "Comes with runs." in html
    assert entries[None]["hx-target"] == "#dialog"


def test_a_fragment_tells_the_browser_what_happened() -> None:
    answer = fragment(
        "<p></p>",
        status=201,
        flag=Flag("Saved “Grüße”", kind="info"),
        close_dialog=True,
        events={"getint:list-changed": {}},
    )
    triggers = json.loads(answer.headers["HX-Trigger"])
    assert triggers["getint:flag"] == {"title": "Saved “Grüße”", "body": "", "kind": "info"}
    assert set(triggers) == {"getint:flag", "getint:close-dialog", "getint:list-changed"}
    assert answer.status_code == 201


def test_a_fragment_without_news_has_no_such_headers() -> None:
    assert not [name for name in fragment(Markup("")).headers if name.startswith("hx-")]


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    from app.web.static_files import STATIC_DIR
    from app.web.templates import _APP

    drawn = set(re.findall(r'symbol id="([^"]+)"', (STATIC_DIR / "icons.svg").read_text()))
    named = {
        icon
        for path in _APP.glob("*/templates/**/*.html")
        for icon in re.findall(r'\b(?:icon|svg)\("([a-z-]+)"|\bicon="([a-z-]+)"', path.read_text())
        for icon in icon
        if icon
    }
    assert named
    assert named <= drawn


def test_a_static_address_changes_with_the_content() -> None:
    assert static_url("app.css") == f"/static/app.css?v={content_hash('app.css')}"
    assert content_hash("app.css") != content_hash("icons.svg")
