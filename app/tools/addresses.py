"""Which addresses the app may call for a customer: public https, or what the operator allowed.

Checked when an address is saved and again, on what its name resolves to, at every connect.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import SplitResult, urlsplit

from connect.sites import is_loopback

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST: Final = 500
_PORTS: Final = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]{1,200})*")
_LAST_LABEL_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "test", "invalid")

# What `is_global` of Python lets pass, or judged otherwise in other releases of Python.
_REFUSED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # RFC 6598, shared by carriers
        "168.63.129.16/32",  # Azure's host, reachable from every machine there
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",  # RFC 3056, carries an IPv4 address
        "3fff::/20",
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")  # leaves out mapped, NAT64, local and multicast


class AddressRefused(Exception):  # noqa: N818 - says what happened
    """The address may not be called; the text says why, for the person who entered it."""


def is_public(address: Address) -> bool:
    """Whether an address is on the internet, and on it alone."""
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    if isinstance(address, IPv6Address) and (
        address.scope_id is not None or address not in _GLOBAL_UNICAST_V6
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True, slots=True)
class AddressRule:
    """What is allowed beside the internet: hosts, hosts with a port, and networks.

    With ``loopback`` (development only) this machine may be called too, over http as well.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def allowing(cls, private_hosts: Iterable[str], *, loopback: bool = False) -> "AddressRule":
        """From ``TOOL_PRIVATE_HOSTS``; whatever is no network is a host, with or without a port."""
        hosts, networks = set(), []
        for entry in private_hosts:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks), loopback)

    def normalised(self, text: str) -> str:
        """The address as it is stored: lower-case host, no default port, no slash at the end.

        Raises ``AddressRefused`` for anything but a plain https address that may be called.
        """
        text = text.strip()
        parts = _split(text)
        host, port = _host_and_port(parts)
        if not self.allows_scheme(parts.scheme, host):
            raise AddressRefused("The address has to begin with https://.")
        self._check_host(host, port)
        shown = f"[{host}]" if ":" in host else host
        shown_port = "" if port == _PORTS[parts.scheme] else f":{port}"
        return f"{parts.scheme}://{shown}{shown_port}{parts.path.rstrip('/')}"

    def allows_scheme(self, scheme: str, host: str) -> bool:
        """Whether a host may be spoken to in this way."""
        return scheme == "https" or (scheme == "http" and self._is_this_machine(host))

    def check_resolved(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Refuse a name if any of the addresses behind it may not be called."""
        if self._allows_host(host, port):
            return
        for address in map(ip_address, addresses):
            if not (self._is_this_machine(host) and address.is_loopback):
                self._check_address(address)

    def _check_host(self, host: str, port: int) -> None:
        if self._allows_host(host, port) or self._is_this_machine(host):
            return
        try:
            literal = ip_address(host)
        except ValueError:
            _check_name(host)
        else:
            self._check_address(literal)

    def _allows_host(self, host: str, port: int) -> bool:
        return host in self.hosts or f"{host}:{port}" in self.hosts

    def _is_this_machine(self, host: str) -> bool:
        return self.loopback and is_loopback(host)

    def _check_address(self, address: Address) -> None:
        if not is_public(address) and not any(
            address in network for network in self.networks if network.version == address.version
        ):
            raise AddressRefused(
                "This address leads into a private network, which Getint may not call. "
                "The operator of Getint can allow it (TOOL_PRIVATE_HOSTS)."
            )


def host_and_port(address: str) -> tuple[str, int]:
    """Of an address that was normalised before."""
    return _host_and_port(urlsplit(address))


def _split(text: str) -> SplitResult:
    if len(text) > LONGEST or not text.isascii() or not text.isprintable() or "\\" in text:
        raise AddressRefused("Enter an address such as https://tool.example.com.")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise AddressRefused("Enter an address such as https://tool.example.com.") from None
    if parts.scheme not in _PORTS:
        raise AddressRefused("The address has to begin with https://.")
    if "@" in parts.netloc:
        raise AddressRefused("Leave user name and password out of the address.")
    if "?" in text or "#" in text:
        raise AddressRefused("Leave out everything from the ? or # on.")
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise AddressRefused("The part after the host name has signs that cannot be used.")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        port = parts.port
    except ValueError:
        raise AddressRefused("The port has to be a number up to 65535.") from None
    host = (parts.hostname or "").lower()
    if not host or port == 0 or parts.netloc.endswith(":"):
        raise AddressRefused("Enter an address such as https://tool.example.com.")
    return host, _PORTS[parts.scheme] if port is None else port


def _check_name(host: str) -> None:
    if len(host) > 253 or not _NAME.fullmatch(host) or _LAST_LABEL_IS_A_NUMBER.fullmatch(host):
        raise AddressRefused("This is not the name of a host on the internet.")
    inner = any(host == name or host.endswith(f".{name}") for name in _INNER_NAMES)
    if inner or "." not in host:
        raise AddressRefused(
            "This name belongs to a private network, which Getint may not call. "
            "The operator of Getint can allow it (TOOL_PRIVATE_HOSTS)."
        )
