"""What the site asks of a descriptor before it installs it."""

from typing import Any

import httpx

from sandbox.modules import PAGE_KINDS


class InstallFailedError(Exception):
    """The app was not installed; the text is what an admin is shown."""


def checked(url: str, response: httpx.Response) -> dict[str, Any]:
    """The descriptor in this answer, or InstallFailedError."""
    if response.status_code != 200:
        raise InstallFailedError(
            f"The app host returned HTTP response code {response.status_code} "
            f"when we tried to fetch {url}."
        )
    try:
        descriptor = response.json()
    except ValueError:
        raise InstallFailedError("The app descriptor is not valid JSON.") from None
    if not isinstance(descriptor, dict):
        raise InstallFailedError("The app descriptor is not a JSON object.")
    wrong = _faults_of(url, descriptor)
    if wrong:
        raise InstallFailedError(f"The app descriptor is not valid: {'; '.join(wrong)}.")
    return descriptor


def _faults_of(url: str, descriptor: dict[str, Any]) -> list[str]:
    wrong = [f"{name} is missing" for name in ("key", "baseUrl") if not descriptor.get(name)]
    if not str(url).startswith(str(descriptor.get("baseUrl", ""))):
        wrong.append("baseUrl is not where the descriptor was found")
    if descriptor.get("authentication", {}).get("type") != "jwt":
        wrong.append("authentication.type must be jwt")
    if not descriptor.get("lifecycle", {}).get("installed"):
        wrong.append("lifecycle.installed is missing")
    if descriptor.get("apiMigrations", {}).get("signed-install") is not True:
        wrong.append("apiMigrations.signed-install must be true")
    return wrong + _faults_of_modules(descriptor.get("modules", {}))


def _faults_of_modules(modules: dict[str, Any]) -> list[str]:
    wrong, seen = [], set()
    for kind in PAGE_KINDS:
        entries = modules.get(kind, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            key = entry.get("key")
            if not key or not entry.get("url") or not entry.get("name", {}).get("value"):
                wrong.append(f"a module of {kind} lacks key, url or name")
            if key in seen:
                wrong.append(f"the module key {key} is used twice")
            seen.add(key)
    return wrong
