"""Whole pages for a navigation, fragments for htmx."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

from starlette.responses import HTMLResponse

from app.web.templates import render

_MAIN = "\ue000"  # no text of ours or of Jira's holds such a sign
Tone = Literal["info", "warning", "error"]
Area = Literal["work", "administration"]


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the left menu; with `disabled_reason` it is shown but leads nowhere.

    With `dialog` it opens `href` in the dialog and leaves the page as it is. An entry is shown
    while a page of its `area` is open; one without an area always.
    """

    key: str
    label: str
    href: str
    icon: str
    disabled_reason: str | None = None
    dialog: bool = False
    area: Area | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """A message above every page, such as a lapsed licence."""

    kind: Tone
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """What surrounds the content of a page. `active` is the key of a NavItem.

    Told apart by identity: make one for all who see the same, and it is drawn once.
    """

    nav: tuple[NavItem, ...]
    bottom: tuple[NavItem, ...]
    active: str
    title: str
    ap_js_url: str | None
    workspace: str = ""
    banner: Banner | None = None
    brand: str = "Getint"

    @property
    def area(self) -> Area:
        """The area of the page that is open."""
        entries = (*self.nav, *self.bottom)
        return next((it.area for it in entries if it.key == self.active and it.area), "work")


@dataclass(frozen=True, slots=True)
class Flag:
    """A short message that comes and goes: Jira's own flag in the frame, ours elsewhere."""

    title: str
    body: str = ""
    kind: Literal["success", "info", "warning", "error"] = "success"


def document(shell: Shell, main: str, *, keep: bool = True) -> HTMLResponse:
    """A whole page around `main`, which is HTML that a template has rendered.

    With `keep`, what is written is kept in memory for whoever asks for the very same.
    """
    write = _written if keep else _written.__wrapped__
    return HTMLResponse(write(shell, main))


@lru_cache(128)
def _written(shell: Shell, main: str) -> bytes:
    before, after = _around_main(shell)
    return f"{before}{main}{after}".encode()


@lru_cache(512)
def _around_main(shell: Shell) -> tuple[str, str]:
    """What stands before and after `main`: drawn once for all who have the same shell."""
    before, _, after = render("web/base.html", shell=shell, main=_MAIN).partition(_MAIN)
    return before, after


def fragment(
    html: str,
    *,
    status: int = 200,
    flag: Flag | None = None,
    close_dialog: bool = False,
    events: Mapping[str, object] | None = None,
) -> HTMLResponse:
    """A piece of a page for htmx, with events for the browser in HX-Trigger.

    `events` maps an event's name to its detail; elements listen with
    `hx-trigger="getint:runs-changed from:body"`.
    """
    triggers = _triggers(flag, close_dialog, events or {})
    return HTMLResponse(html, status, {"HX-Trigger": json.dumps(triggers)} if triggers else None)


def _triggers(
    flag: Flag | None, close_dialog: bool, events: Mapping[str, object]
) -> dict[str, object]:
    triggers = dict(events)
    if flag is not None:
        triggers["getint:flag"] = asdict(flag)
    if close_dialog:
        triggers["getint:close-dialog"] = {}
    return triggers
