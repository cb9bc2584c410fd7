"""A token has one spelling and one reading; whatever else is sent is refused."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect import (
    TokenProblem,
    TokenRefused,
    token_in_header,
)
from tests.connect.kit import (
    CLIENT_KEY,
    claims,
    signed,
)
from tests.connect.tokens import (
    Verify,
    as_context,
    as_page,
    context_token,
    every_kind,
    issuer_of,
    raw_token,
    refusal,
)


@every_kind
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "crit": []},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "typ": "JOSE"},
        {"alg": "HS256", "typ": 1},
        ["HS256"],
        "HS256",
        b'{"alg":"none","alg":"HS256"}',
        b'{"alg":"HS256","x":NaN}',
        b"\xff",
        b"[" * 4000,
    ],
    ids=lambda header: str(header)[:40],
)
def test_a_strange_header_is_malformed(
    mint: Callable[..., str], verify: Verify, header: Any
) -> None:
    payload = jwt.decode(mint(), options={"verify_signature": False})
    assert refusal(verify, raw_token(header, payload)) is TokenProblem.MALFORMED


@every_kind
def test_a_token_has_one_spelling(mint: Callable[..., str], verify: Verify) -> None:
    good = mint()
    header, payload, signature = good.split(".")
    spellings = [
        f"{good}=",
        f"{good}\n",
        f" {good}",
        f"{header}.{payload}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}",
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}..{signature}",
        good.replace("-", "+").replace("_", "/") + "+",
        "",
        "é.é.é",
    ]
    assert {refusal(verify, token) for token in spellings} == {TokenProblem.MALFORMED}


@every_kind
def test_duplicate_claims_are_malformed(mint: Callable[..., str], verify: Verify) -> None:
    text = json.dumps(jwt.decode(mint(), options={"verify_signature": False}))
    doubled = text.replace("{", f'{{"iss":"{CLIENT_KEY}",', 1).encode()
    assert refusal(verify, raw_token({"alg": "HS256"}, doubled)) is TokenProblem.MALFORMED


@every_kind
def test_an_oversize_token_is_malformed(mint: Callable[..., str], verify: Verify) -> None:
    assert refusal(verify, mint(padding="x" * 8192)) is TokenProblem.MALFORMED


@given(st.text(max_size=40) | st.from_regex(r"[\w-]{1,9}\.[\w-]{1,30}\.[\w-]{1,43}"))
def test_any_text_is_refused_and_never_crashes(text: str) -> None:
    for verify in (as_page, as_context, issuer_of):
        with pytest.raises(TokenRefused):
            verify(text)


@given(data=st.data())
def test_changing_any_character_breaks_a_token(data: st.DataObject) -> None:
    token = context_token()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.").filter(lambda char: char != token[place]))
    with pytest.raises(TokenRefused):
        as_context(token[:place] + other + token[place + 1 :])


def test_the_issuer_is_read_without_believing_anything() -> None:
    assert issuer_of(signed(claims(exp=1), "x" * 40)) == CLIENT_KEY


@pytest.mark.parametrize("issuer", [None, "", 5, "a" * 256, "a\0b", "\ud800"])
def test_an_issuer_that_is_no_plain_text_is_malformed(issuer: Any) -> None:
    token = raw_token({"alg": "HS256"}, claims(iss=issuer))
    assert refusal(issuer_of, token) is TokenProblem.MALFORMED


@pytest.mark.parametrize("header", [None, "", "JWT", "JWT ", "Bearer abc", "abc"])
def test_a_request_without_a_token_is_told_so(header: str | None) -> None:
    with pytest.raises(TokenRefused) as refused:
        token_in_header(header)
    assert refused.value.reason is TokenProblem.MISSING


def test_the_header_holds_the_token_after_jwt() -> None:
    assert token_in_header("JWT a.b.c") == token_in_header("jwt  a.b.c ") == "a.b.c"
