"""The modules of the installed descriptor, and the address that Jira frames for each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sandbox.site import Addon, NotOnThisSiteError, Person, Project
from sandbox.tokens import query_string_hash

PAGE_KINDS = (
    "generalPages",
    "adminPages",
    "jiraProjectAdminTabPanels",
    "jiraProjectPages",
    "configurePage",
    "postInstallPage",
)
HOST_VERSION = "1001.0.0-SNAPSHOT"
_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9._-]+)\}")


@dataclass(frozen=True, slots=True)
class Module:
    """One page of the app."""

    kind: str
    key: str
    name: str
    url: str
    weight: int
    location: str
    conditions: list[dict[str, Any]]


def modules_of(addon: Addon, *kinds: str) -> list[Module]:
    """The app's pages of these kinds (all kinds where none is named), by weight."""
    found: list[Module] = []
    declared = addon.descriptor.get("modules", {})
    for kind in kinds or PAGE_KINDS:
        entries = declared.get(kind, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            found.append(_module(kind, entry))
    return sorted(found, key=lambda module: module.weight)


def module_of(addon: Addon, key: str) -> Module:
    for module in modules_of(addon):
        if module.key == key:
            return module
    raise NotOnThisSiteError(f"the app has no page {key!r}")


def _module(kind: str, entry: Mapping[str, Any]) -> Module:
    return Module(
        kind=kind,
        key=str(entry["key"]),
        name=str(entry["name"]["value"]),
        url=str(entry["url"]),
        weight=int(entry.get("weight", 100)),
        location=str(entry.get("location", "")),
        conditions=list(entry.get("conditions", [])),
    )


def context_parameters(
    person: Person | None, project: Project | None, custom: Mapping[str, str]
) -> dict[str, str]:
    """What `{...}` in a module's URL may name; `custom` are the `ac.` parameters of the page."""
    values = {f"ac.{name}": value for name, value in custom.items()}
    if person is not None:
        values["user.accountId"] = person.account_id
    if project is not None:
        values["project.id"] = str(project.id)
        values["project.key"] = project.key
    return values


def framed_path(addon: Addon, module: Module, values: Mapping[str, str], host_url: str) -> str:
    """Path and query of the frame, all but its `jwt`; unknown placeholders become empty."""
    url = _PLACEHOLDER.sub(lambda match: quote(values.get(match[1], ""), safe=""), module.url)
    host = {
        "xdm_e": host_url,
        "xdm_c": f"channel-{addon.key}__{module.key}",
        "cp": "",
        "lic": "active" if addon.licence.active else "none",
        "cv": HOST_VERSION,
    }
    return f"{url}{'&' if '?' in url else '?'}{urlencode(host, quote_via=quote)}"


def path_hash(method: str, path: str) -> str:
    """`qsh` of a path (with its query) that is relative to the app's base URL."""
    parts = urlsplit(path)
    return query_string_hash(method, parts.path, parts.query)
