"""Which base URLs may name a Jira site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect import AllowedHosts

CLOUD = AllowedHosts(["*.atlassian.net", "jira.example.com"], allow_http_loopback=False)
DEVELOPMENT = AllowedHosts(["*.atlassian.net"], allow_http_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://one.atlassian.net",
        "https://one.atlassian.net/",
        "https://ONE.Atlassian.NET",
        "https://a.b.atlassian.net",
        "https://one.atlassian.net:443",
        "https://jira.example.com/jira",
    ],
)
def test_listed_hosts_are_accepted(url: str) -> None:
    assert CLOUD.accepts(url)


REFUSED = [
    "http://one.atlassian.net",
    "ftp://one.atlassian.net",
    "//one.atlassian.net",
    "one.atlassian.net",
    "https://atlassian.net",
    "https://evil-atlassian.net",
    "https://.atlassian.net",
    "https://one..atlassian.net",
    "https://-one.atlassian.net",
    "https://one.atlassian.net.",
    "https://one.atlassian.net.evil.example",
    "https://evil.example/one.atlassian.net",
    "https://evil.example#.atlassian.net",
    "https://evil.example?.atlassian.net",
    "https://evil.example\\.atlassian.net",
    "https://one.atlassian.net#",
    "https://one.atlassian.net?",
    "https://user@one.atlassian.net",
    "https://user:pass@one.atlassian.net",
    "https://one.atlassian.net@evil.example",
    "https://one.atlassian.net:8443",
    "https://one.atlassian.net:",
    "https://one.atlassian.net:99999",
    "https://one.atlassian.net:x",
    "https://öne.atlassian.net",
    "https://one\u3002atlassian.net",
    "https://one.atlassian.net\n",
    " https://one.atlassian.net",
    "https://one.atl\tassian.net",
    "https://one.atlassian.net;script-src",
    "https://one_two.atlassian.net",
    "https://jira.example.com.atlassian",
    "https://sub.jira.example.com",
    "https://169.254.169.254",
    "https://[::1",
    "https://[::ffff:10.0.0.1].atlassian.net",
    "https://",
    "",
    "https://" + "a" * 64 + ".atlassian.net",
]


@pytest.mark.parametrize("url", REFUSED)
def test_everything_else_is_refused(url: str) -> None:
    assert not CLOUD.accepts(url)
    assert not DEVELOPMENT.accepts(url)


LOOPBACK = [
    "http://localhost:2990",
    "http://127.0.0.1:2990",
    "http://127.9.9.9",
    "http://[::1]:2990",
    "https://localhost",
]


@pytest.mark.parametrize("url", LOOPBACK)
def test_loopback_is_for_development_only(url: str) -> None:
    assert DEVELOPMENT.accepts(url)
    assert not CLOUD.accepts(url)


@pytest.mark.parametrize(
    "url",
    ["http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://0.0.0.0",
     "http://10.0.0.1", "http://u@localhost", "http://2130706433", "http://127.1",
     "http://localhost.", "ftp://localhost"],
)  # fmt: skip
def test_only_loopback_itself_is_loopback(url: str) -> None:
    assert not DEVELOPMENT.accepts(url)


@given(st.text(max_size=30), st.text("@:/.\\#?a%", max_size=10))
def test_no_url_that_is_accepted_leads_elsewhere(prefix: str, middle: str) -> None:
    url = f"https://{prefix}{middle}evil.example"
    assert not CLOUD.accepts(url)


def test_a_display_url_may_be_any_plain_https_address() -> None:
    assert CLOUD.well_formed("https://jira.customer.example")
    assert not CLOUD.well_formed("http://jira.customer.example")
    assert not CLOUD.well_formed("https://jira.customer.example; script-src *")


@pytest.mark.parametrize("pattern", ["*", "", "*.", "https://a.example", "a.*.example", "*.*"])
def test_a_pattern_that_says_too_much_is_refused_at_start(pattern: str) -> None:
    with pytest.raises(ValueError, match="host pattern"):
        AllowedHosts([pattern], allow_http_loopback=False)
