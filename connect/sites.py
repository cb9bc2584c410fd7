"""An installed Jira site as the protocol sees it, and the hosts that may be one."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_PLAIN_URL = re.compile(r"[!-~]{1,2048}")


@dataclass(frozen=True, slots=True)
class Site:
    """What the protocol needs to know of one installed Jira site.

    `base_url` is where REST calls go, `display_url` what people see (custom domains).
    `previous_secret_until` is aware, UTC: the moment of the change plus
    `connect.tokens.PREVIOUS_SECRET_GRACE`.
    """

    client_key: str
    base_url: str
    display_url: str
    secret: str = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)
    previous_secret_until: datetime | None = None

    def __post_init__(self) -> None:
        # An empty HMAC key would let anybody sign.
        if not self.secret or self.previous_secret == "":
            raise ValueError("a site needs a shared secret")


class AllowedHosts:
    """Which base URLs may name a Jira site: https, on a listed host, and nothing clever.

    `*.atlassian.net` matches every sub-domain and not the apex. With `allow_http_loopback`
    (development only) loopback hosts are accepted on any port, over http too.
    """

    def __init__(self, patterns: Sequence[str], allow_http_loopback: bool) -> None:
        lowered = [pattern.strip().lower() for pattern in patterns]
        for pattern in lowered:
            if not _HOST_NAME.fullmatch(pattern.removeprefix("*.")):
                raise ValueError(f"not a host pattern: {pattern!r}")
        self._suffixes = tuple(p.removeprefix("*") for p in lowered if p.startswith("*."))
        self._names = frozenset(p for p in lowered if not p.startswith("*."))
        self._allow_http_loopback = allow_http_loopback

    def accepts(self, url: str) -> bool:
        """True when `url` is a well-formed base URL on a host that is allowed."""
        host = self._host(url)
        if host is None:
            return False
        if self._allow_http_loopback and is_loopback(host):
            return True
        return host in self._names or host.endswith(self._suffixes)

    def well_formed(self, url: str) -> bool:
        """The same demands on the URL's shape, for any host (display URLs: custom domains)."""
        return self._host(url) is not None

    def _host(self, url: str) -> str | None:
        parts = _split(url)
        if parts is None or parts.hostname is None:
            return None
        host = parts.hostname
        if self._allow_http_loopback and is_loopback(host):
            return host if parts.scheme in {"http", "https"} else None
        # An IP address has no place in a list of names, so it fails the listing, not the shape.
        if (
            parts.scheme != "https"
            or parts.port not in {None, 443}
            or not _HOST_NAME.fullmatch(host)
        ):
            return None
        return host


def _split(url: str) -> SplitResult | None:
    # Printable ASCII only: international hosts must come as xn--, and no parser sees odd bytes.
    if not _PLAIN_URL.fullmatch(url) or any(mark in url for mark in "\\#?@;,'\""):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError beyond 65535
    except ValueError:
        return None
    tail = parts.netloc.rpartition("]")[2] if "]" in parts.netloc else parts.netloc
    if tail.endswith(":") or parts.netloc == "":
        return None
    return parts


def is_loopback(host: str) -> bool:
    """localhost, 127.0.0.0/8 or ::1, written plainly."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback


def origin_of(url: str) -> str:
    """Scheme, host and port of an absolute URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
