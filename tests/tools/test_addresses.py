"""Which addresses may be called for a customer."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tools.addresses import AddressRefused, AddressRule, host_and_port, is_public

PUBLIC = AddressRule()

REFUSED = [
    "http://gitlab.com",
    "ftp://gitlab.com",
    "gitlab.com",
    "//gitlab.com",
    "",
    "https://",
    "https://:443",
    "https://user@gitlab.com",
    "https://user:password@gitlab.com",
    "https://gitlab.com@127.0.0.1",
    "https://gitlab.com?x=1",
    "https://gitlab.com?",
    "https://gitlab.com#x",
    "https://gitlab.com/#",
    "https://gitlab.com\\@127.0.0.1",
    "https://gitlab.com/a b",
    "https://gitlab.com/%2e%2e/",
    "https://gitlab.com/../x",
    "https://gitlab.com/a/./b",
    "https://gitlab.com//x",
    "https://gitlab.com:0",
    "https://gitlab.com:",
    "https://gitlab.com:65536",
    "https://gitlab.com:4x",
    "https://gitlab.com\x00.example.com",
    "https://gitlab.com\n.example.com",
    "https://gıtlab.com",
    "https://localhost",
    "https://LOCALHOST",
    "https://localhost.",
    "https://foo.localhost",
    "https://intranet",
    "https://printer.local",
    "https://metadata.google.internal",
    "https://router.home.arpa",
    "https://-x.com",
    "https://x_y.com",
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0177.0.0.1",
    "https://0",
    "https://foo.0x7f",
    "https://0.0.0.0",
    "https://10.0.0.1",
    "https://172.16.0.1",
    "https://172.31.255.255",
    "https://192.168.1.1",
    "https://169.254.169.254",
    "https://100.64.0.1",
    "https://100.100.100.200",
    "https://168.63.129.16",
    "https://192.0.0.192",
    "https://192.88.99.1",
    "https://198.18.0.1",
    "https://192.0.2.1",
    "https://224.0.0.1",
    "https://240.0.0.1",
    "https://255.255.255.255",
    "https://[::1]",
    "https://[::]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:8.8.8.8]",
    "https://[::127.0.0.1]",
    "https://[64:ff9b::7f00:1]",
    "https://[64:ff9b::808:808]",
    "https://[64:ff9b:1::1]",
    "https://[fe80::1]",
    "https://[fe80::1%25eth0]",
    "https://[2606:4700::1111%25eth0]",
    "https://[fec0::1]",
    "https://[fc00::1]",
    "https://[fd00:ec2::254]",
    "https://[ff02::1]",
    "https://[2001:db8::1]",
    "https://[2001::1]",
    "https://[2002:7f00:1::]",
    "https://[100::1]",
    "https://[::1",
    "https://" + "a" * 64 + ".com",
    "https://example.com/" + "a" * 600,
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_plain_public_https_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        PUBLIC.normalised(address)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("entered", "stored"),
    [
        ("https://gitlab.com", "https://gitlab.com"),
        ("  https://GitLab.com/  ", "https://gitlab.com"),
        ("https://gitlab.com:443/", "https://gitlab.com"),
        ("https://gitlab.com:8443", "https://gitlab.com:8443"),
        ("https://example.com/Gitlab/", "https://example.com/Gitlab"),
        ("https://dev.azure.com/my-org", "https://dev.azure.com/my-org"),
        ("https://8.8.8.8", "https://8.8.8.8"),
        ("https://[2606:4700:4700::1111]:8443/x", "https://[2606:4700:4700::1111]:8443/x"),
        ("https://xn--bcher-kva.example.com", "https://xn--bcher-kva.example.com"),
    ],
)
def test_a_public_https_address_is_stored_in_one_form(entered: str, stored: str) -> None:
    assert PUBLIC.normalised(entered) == stored
    assert PUBLIC.normalised(stored) == stored


@pytest.mark.parametrize(
    ("allowed", "address", "is_allowed"),
    [
        ("gitlab.corp", "https://gitlab.corp", True),
        ("gitlab.corp", "https://GITLAB.corp:8443", True),
        ("gitlab.corp:8443", "https://gitlab.corp:8443", True),
        ("intranet", "https://intranet", True),
        ("intranet:8443", "https://intranet", False),
        ("127.0.0.1:8443", "https://127.0.0.1:8443", True),
        ("127.0.0.1:8443", "https://127.0.0.1", False),
        ("10.1.0.0/16", "https://10.1.2.3", True),
        ("10.1.0.0/16", "https://10.2.2.3", False),
        ("fd00::/8", "https://[fd12::1]", True),
        ("fd00::/8", "https://[fe80::1]", False),
        ("intranet", "http://intranet", False),
        ("intranet", "https://user@intranet", False),
    ],
)
def test_the_operator_opens_hosts_ports_and_networks_and_nothing_else(
    allowed: str, address: str, is_allowed: bool
) -> None:
    rule = AddressRule.allowing([allowed])
    if is_allowed:
        assert rule.normalised(address) == address.lower()
    else:
        with pytest.raises(AddressRefused):
            rule.normalised(address)


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("http://localhost:2991", True),
        ("http://127.0.0.1:2991/gitlab", True),
        ("http://[::1]:2991", True),
        ("http://localhost", True),
        ("https://localhost:2991", True),
        ("http://gitlab.com", False),
        ("http://10.0.0.1", False),
        ("http://intranet", False),
        ("http://foo.localhost:2991", False),
        ("http://127.1:2991", False),
        ("https://10.0.0.1", False),
        ("ftp://localhost", False),
        ("http://user@localhost:2991", False),
    ],
)
def test_in_development_alone_this_machine_may_be_called_and_over_http(
    address: str, is_allowed: bool
) -> None:
    rule = AddressRule.allowing([], loopback=True)
    if is_allowed:
        assert rule.normalised(address) == address
    else:
        with pytest.raises(AddressRefused):
            rule.normalised(address)
    if address.startswith("http:") or is_allowed:
        with pytest.raises(AddressRefused):
            PUBLIC.normalised(address)


def test_a_public_name_does_not_lead_to_this_machine_in_development_either() -> None:
    rule = AddressRule.allowing([], loopback=True)
    rule.check_resolved("localhost", 2991, ["127.0.0.1", "::1"])
    for host, address in (("gitlab.example.com", "127.0.0.1"), ("localhost", "10.0.0.1")):
        with pytest.raises(AddressRefused):
            rule.check_resolved(host, 2991, [address])


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%2"])
def test_a_name_with_one_private_address_among_public_ones_is_refused(inner: str) -> None:
    with pytest.raises(AddressRefused):
        PUBLIC.check_resolved("gitlab.example.com", 443, ["8.8.8.8", inner])


def test_a_name_inside_an_allowed_network_passes() -> None:
    rule = AddressRule.allowing(["10.0.0.0/8"])
    rule.check_resolved("gitlab.example.com", 443, ["10.0.0.1"])
    with pytest.raises(AddressRefused):
        rule.check_resolved("gitlab.example.com", 443, ["10.0.0.1", "192.168.0.1"])


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_ipv4_address_that_python_calls_private_is_public(address: IPv4Address) -> None:
    local = address.is_private or address.is_loopback or address.is_link_local
    if local or address.is_multicast or address.is_reserved or address.is_unspecified:
        assert not is_public(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_ipv4_address_becomes_public_by_being_carried_in_ipv6(address: IPv4Address) -> None:
    carried = int(address)
    carriers = (
        0xFFFF << 32,  # mapped
        0,  # compatible
        0x64FF9B << 96,  # NAT64
    )
    assert not any(is_public(IPv6Address(carrier | carried)) for carrier in carriers)
    assert not is_public(IPv6Address(0x2002 << 112 | carried << 80))  # 6to4


@given(st.text(max_size=60))
def test_any_text_is_refused_or_becomes_a_plain_https_address(text: str) -> None:
    try:
        address = PUBLIC.normalised("https://" + text)
    except AddressRefused:
        return
    host, port = host_and_port(address)
    assert address.startswith("https://")
    assert not set("@?#\\ ") & set(address)
    assert 0 < port < 65536
    assert host == host.lower()
    with_letters = any(sign.isalpha() for sign in host)
    assert with_letters or is_public(ip_address(host))
