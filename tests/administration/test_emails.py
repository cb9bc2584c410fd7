"""Which texts are e-mail addresses, and which of them are the same."""

import pytest

from app.administration.emails import NoAddress, email_of, key_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pat@Example.com", "pat@EXAMPLE.COM"),
        ("pat@bücher.example.com", "pat@xn--bcher-kva.example.com"),
        ("pat@example。com", "pat@example.com"),
        ("pat@Ｅxample.com", "pat@example.com"),
        (" pat@example.com ", "pat@example.com"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("\u212aim@example.com", "kim@example.com"),
    ],
)
def test_an_address_is_known_however_it_is_written(one: str, other: str) -> None:
    assert email_of(one).key == email_of(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@example.com", "strasse@example.com"),
        ("pat+a@example.com", "pat@example.com"),
        ("p.at@example.com", "pat@example.com"),
        ("раt@example.com", "pat@example.com"),
        ("ıvan@example.com", "ivan@example.com"),
        ("İvan@example.com", "ivan@example.com"),
    ],
)
def test_an_address_is_never_taken_for_one_that_somebody_else_may_have(
    one: str, other: str
) -> None:
    assert email_of(one).key != email_of(other).key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pat",
        "pat@",
        "@example.com",
        "pat@example",
        "pat@localhost",
        "pat@[127.0.0.1]",
        "Pat <pat@example.com>",
        "pat@example.com, other@example.com",
        "pat@example.com\r\nBcc: other@example.com",
        "pa\u200bt@example.com",
        "pat\u202e@example.com",
        "ｐat@example.com",
        "ﬁn@example.com",
        "p\x00t@example.com",
        f"{'x' * 65}@example.com",
        f"pat@{'x' * 250}.com",
    ],
)
def test_what_is_no_address_or_only_looks_like_one_is_refused(text: str) -> None:
    with pytest.raises(NoAddress):
        email_of(text)
    assert key_of(text) is None


def test_what_was_entered_is_what_is_kept() -> None:
    assert email_of("Pat.Partner@Example.com").written == "Pat.Partner@example.com"
    assert email_of("pat@corp.local").key == "pat@corp.local"
