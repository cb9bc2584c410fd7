"""The security headers of every answer."""

import re
from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Scope

from app.web.static_files import STATIC_PATH
from connect.sites import origin_of

# Where the bridge loads themes and fonts from: AP.theming in Atlassian's all.js.
THEME_HOST = "https://connect-cdn.atl-paas.net"
FONT_HOST = "https://ds-cdn.prod-east.frontend.public.atl-paas.net"

_FEATURES = ("camera", "geolocation", "microphone", "payment", "usb", "serial")
FIXED_HEADERS = {
    # The address of a frame carries Jira's token, so not even we are told more than the origin.
    "Referrer-Policy": "strict-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "X-Permitted-Cross-Domain-Policies": "none",
}
NOT_KEPT = "no-cache, no-store"

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?=/|$)")
RawHeader = tuple[bytes, bytes]
_FIXED = [(name.lower().encode(), value.encode()) for name, value in FIXED_HEADERS.items()]


def content_security_policy(ap_js_url: str | None) -> str:
    """The policy but for `frame-ancestors`, which differs from one site to another."""
    bridge = [origin_of(ap_js_url)] if ap_js_url else []
    themes = [*dict.fromkeys([*bridge, THEME_HOST, FONT_HOST])] if ap_js_url else []
    fonts = [FONT_HOST] if ap_js_url else []
    directives: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *bridge],
        "style-src": ["'self'", *themes],
        "img-src": ["'self'", "data:", "https:", *bridge],  # avatars of a local Jira come by http
        "font-src": ["'self'", *fonts],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


class SecurityHeaders:
    """Writes the headers; `request.state.frame_ancestors` names who may frame this answer.

    A door puts the origins of the verified site there. Without them nobody may.
    """

    def __init__(self, ap_js_url: str | None) -> None:
        self._policy = content_security_policy(ap_js_url)

    def around(self, given: Iterable[RawHeader], scope: Scope) -> list[RawHeader]:
        """An answer's own headers, and ours."""
        sites = scope["state"].get("frame_ancestors", ())
        kept_by_browsers = scope["path"].startswith(f"{STATIC_PATH}/")
        return [
            *_without_cache_control(given, keep=kept_by_browsers),
            *_FIXED,
            (b"content-security-policy", _with_ancestors(self._policy, sites)),
        ]


def _without_cache_control(headers: Iterable[RawHeader], *, keep: bool) -> list[RawHeader]:
    """The route's headers, with our Cache-Control in place of its own unless that is kept."""
    kept = [(name, value) for name, value in headers if keep or name != b"cache-control"]
    if not any(name == b"cache-control" for name, _ in kept):
        kept.append((b"cache-control", NOT_KEPT.encode()))
    return kept


@lru_cache(1024)
def _with_ancestors(policy: str, sites: tuple[str, ...]) -> bytes:
    """Names the origins of the sites, but for what is no plain origin: it could end the policy."""
    found = [match.group() for site in sites if (match := _ORIGIN.match(site))]
    origins = " ".join(dict.fromkeys(found)) or "'none'"
    return f"{policy}; frame-ancestors {origins}".encode("latin-1")
