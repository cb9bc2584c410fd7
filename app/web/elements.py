"""Pieces of HTML that the components use many times over, made in Python because it is quicker."""

import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any

from markupsafe import Markup, escape

from app.web.static_files import static_url

_PROCESS = secrets.token_hex(4)
_NUMBERS = count(1)


def uid() -> str:
    """An element id that no other piece of the same page has, whichever process rendered it."""
    return f"u{_PROCESS}-{next(_NUMBERS)}"


@cache
def svg(name: str, label: str = "") -> Markup:
    """An icon of the sprite: named by `label`, or without one hidden from screen readers."""
    named = Markup('role="img" aria-label="{}"').format(label) if label else 'aria-hidden="true"'
    source = f"{static_url('icons.svg')}#{escape(name)}"
    drawing = f'<svg class="icon" viewBox="0 0 24 24" {named}><use href="{source}"></use></svg>'
    return Markup(drawing)  # noqa: S704 - escaped above


def attributes(given: Mapping[str, object]) -> Markup:
    """Further attributes, each after a space; true is the bare name, false and none are omitted."""
    if not given:
        return Markup()
    written = (
        f" {escape(name)}" if value is True else f' {escape(name)}="{escape(value)}"'
        for name, value in given.items()
        if value is not None and value is not False
    )
    return Markup("".join(written))  # noqa: S704 - escaped above


def go(href: str) -> Markup:
    """The attributes of a link that swaps the content of the page."""
    address = escape(href)
    return Markup(f'href="{address}" hx-get="{address}" hx-target="#main" data-go')  # noqa: S704


def menu_items(list_id: str, items: Sequence[Mapping[str, Any]]) -> Markup:
    """The entries of a menu: `label`, `attrs`, `danger`; `disabled_reason` says why one is off."""
    told: dict[str, str] = {}
    made = [_menu_item(f"{list_id}-{number}", item, told) for number, item in enumerate(items)]
    return Markup("".join(made))  # noqa: S704 - escaped below


def _menu_item(reason_id: str, item: Mapping[str, Any], told: dict[str, str]) -> str:
    words = f"<span>{escape(item['label'])}"
    look = 'class="menu-item" role="menuitem" tabindex="-1"'
    if reason := item.get("disabled_reason"):
        # A reason that an entry above gave already is pointed at, not said again.
        first = told.setdefault(reason, reason_id)
        described = f'{look} aria-disabled="true" aria-describedby="{first}"'
        why = f'<small id="{reason_id}">{escape(reason)}</small>' if first == reason_id else ""
        return f'<button type="button" {described}>{words}{why}</span></button>'
    if item.get("danger"):
        look = look.replace("menu-item", "menu-item menu-item-danger", 1)
    given = attributes(item.get("attrs") or {})
    return f'<button type="button" {look}{given}>{words}</span></button>'
