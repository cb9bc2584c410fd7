"""Page and context tokens: what opens, what does not, and for which reason."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from connect import (
    PREVIOUS_SECRET_GRACE,
    Claims,
    Site,
    TokenProblem,
    TokenRefused,
    app_token,
    query_string_hash,
)
from tests.connect.kit import (
    ACCOUNT,
    APP_KEY,
    APP_URL,
    CLIENT_KEY,
    NOW,
    OLD_SECRET,
    RSA_KEY,
    SECRET,
    claims,
    page_claims,
    signed,
    site,
)
from tests.connect.tokens import (
    PATH,
    QUERY,
    Verify,
    as_context,
    as_page,
    context_token,
    every_kind,
    page_token,
    raw_token,
    refusal,
)


@every_kind
def test_a_good_token_says_who_and_where(mint: Callable[..., str], verify: Verify) -> None:
    context = {"jira": {"project": {"id": 10001, "key": "PAY"}, "issue": {"id": "7"}}}
    assert verify(mint(context=context)) == Claims(
        client_key=CLIENT_KEY,
        account_id=ACCOUNT,
        issued_at=NOW,
        expires_at=NOW + 180,
        project_id="10001",
        project_key="PAY",
        issue_id="7",
        signed_with_previous_secret=False,
    )


@every_kind
def test_an_anonymous_page_has_no_account(mint: Callable[..., str], verify: Verify) -> None:
    found = verify(mint(sub=None, context={}))
    assert (found.account_id, found.project_id) == (None, None)


ACCEPTED: list[dict[str, Any]] = [
    {"aud": APP_URL},
    {"aud": [APP_URL + "/"]},
    {"aud": APP_KEY},
    {"aud": ["something-else", CLIENT_KEY]},
    {"exp": NOW - 29, "iat": NOW - 100},
    {"iat": NOW + 29, "exp": NOW + 100},
    {"nbf": NOW + 29},
    {"exp": NOW + 3600},
    {"exp": NOW + 60.5},
]
REFUSED: list[tuple[dict[str, Any], TokenProblem]] = [
    ({"exp": None}, TokenProblem.MALFORMED),
    ({"iat": None}, TokenProblem.MALFORMED),
    ({"exp": True}, TokenProblem.MALFORMED),
    ({"iat": True}, TokenProblem.MALFORMED),
    ({"iat": str(NOW)}, TokenProblem.MALFORMED),
    ({"iat": -1}, TokenProblem.MALFORMED),
    ({"exp": 10**400}, TokenProblem.MALFORMED),
    ({"exp": float("nan")}, TokenProblem.MALFORMED),
    ({"exp": float("inf")}, TokenProblem.MALFORMED),
    ({"exp": NOW - 30, "iat": NOW - 60}, TokenProblem.EXPIRED),
    ({"iat": NOW + 31, "exp": NOW + 60}, TokenProblem.NOT_YET_VALID),
    ({"nbf": NOW + 31}, TokenProblem.NOT_YET_VALID),
    ({"nbf": "soon"}, TokenProblem.MALFORMED),
    ({"exp": NOW + 3601}, TokenProblem.LIFETIME),
    ({"iat": NOW - 3600, "exp": NOW + 1}, TokenProblem.LIFETIME),
    ({"iat": NOW, "exp": NOW}, TokenProblem.LIFETIME),
    ({"iat": NOW, "exp": NOW - 5}, TokenProblem.LIFETIME),
    ({"iss": None}, TokenProblem.ISSUER),
    ({"iss": "another-client"}, TokenProblem.ISSUER),
    ({"iss": CLIENT_KEY + "\ud800"}, TokenProblem.ISSUER),
    ({"iss": APP_KEY}, TokenProblem.ISSUER),
    ({"iss": [CLIENT_KEY]}, TokenProblem.ISSUER),
    ({"aud": "https://other.example.com"}, TokenProblem.AUDIENCE),
    ({"aud": APP_URL + ".evil.example"}, TokenProblem.AUDIENCE),
    ({"aud": []}, TokenProblem.AUDIENCE),
    ({"aud": ""}, TokenProblem.AUDIENCE),
    ({"aud": [APP_URL, 7]}, TokenProblem.AUDIENCE),
    ({"aud": {"https": 1}}, TokenProblem.AUDIENCE),
    ({"qsh": None}, TokenProblem.QSH),
    ({"qsh": 5}, TokenProblem.QSH),
    ({"sub": ""}, TokenProblem.MALFORMED),
    ({"sub": 7}, TokenProblem.MALFORMED),
    ({"sub": "a b"}, TokenProblem.MALFORMED),
    ({"sub": "a" * 129}, TokenProblem.MALFORMED),
    ({"sub": ACCOUNT + "\n"}, TokenProblem.MALFORMED),
    ({"context": "x"}, TokenProblem.MALFORMED),
    ({"context": {"jira": []}}, TokenProblem.MALFORMED),
    ({"context": {"jira": {"project": {"id": True}}}}, TokenProblem.MALFORMED),
    ({"context": {"jira": {"project": {"key": "P\0"}}}}, TokenProblem.MALFORMED),
]


@every_kind
@pytest.mark.parametrize("change", ACCEPTED, ids=str)
def test_what_hosts_may_send_is_accepted(
    mint: Callable[..., str], verify: Verify, change: dict[str, Any]
) -> None:
    assert verify(mint(**change)).account_id == ACCOUNT


@every_kind
@pytest.mark.parametrize(("change", "reason"), REFUSED, ids=str)
def test_a_claim_out_of_order_is_refused_with_its_reason(
    mint: Callable[..., str], verify: Verify, change: dict[str, Any], reason: TokenProblem
) -> None:
    payload = claims(**change)
    if verify is as_page and "qsh" not in change:
        payload["qsh"] = query_string_hash("GET", PATH, QUERY)
    assert refusal(verify, raw_token({"alg": "HS256", "typ": "JWT"}, payload)) is reason


@every_kind
@pytest.mark.parametrize("secret", ["x" * 40, OLD_SECRET, SECRET + "s", ""])
def test_another_secret_is_refused(mint: Callable[..., str], verify: Verify, secret: str) -> None:
    payload = jwt.decode(mint(), options={"verify_signature": False})
    forged = raw_token({"alg": "HS256"}, payload, secret)
    assert refusal(verify, forged) is TokenProblem.SIGNATURE


@every_kind
def test_only_hs256_is_read(mint: Callable[..., str], verify: Verify) -> None:
    payload = jwt.decode(mint(), options={"verify_signature": False})
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = [
        jwt.encode(payload, SECRET * 2, "HS512"),
        jwt.encode(payload, RSA_KEY, "RS256"),
        raw_token({"alg": "RS256", "typ": "JWT"}, payload, public.decode()),
        raw_token({"alg": "none", "typ": "JWT"}, payload),
        raw_token({"alg": "hs256", "typ": "JWT"}, payload),
        raw_token({"alg": ["HS256"], "typ": "JWT"}, payload),
        raw_token({"typ": "JWT"}, payload),
    ]
    assert {refusal(verify, token) for token in forged} == {TokenProblem.ALGORITHM}


def test_a_context_token_does_not_open_a_page_nor_a_page_token_a_context() -> None:
    assert refusal(as_page, context_token()) is TokenProblem.KIND
    assert refusal(as_context, page_token()) is TokenProblem.KIND


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST"},
        {"path": "/connect/pages/admin"},
        {"path": PATH.upper()},
        {"query": QUERY.replace("10001", "10002")},
        {"query": QUERY.replace("lic=active", "lic=none")},
        {"query": QUERY + "&extra="},
        {"query": ""},
    ],
    ids=str,
)
def test_a_page_token_opens_its_own_url_only(request_: dict[str, str]) -> None:
    assert refusal(as_page, page_token(), **request_) is TokenProblem.QSH


CHANGED_AT = datetime.fromtimestamp(NOW, UTC)


def changed_site() -> Site:
    return site(
        previous_secret=OLD_SECRET, previous_secret_until=CHANGED_AT + PREVIOUS_SECRET_GRACE
    )


@pytest.mark.parametrize("after_s", [0, 60, 899])
def test_a_loaded_page_goes_on_with_the_previous_secret_for_15_minutes(after_s: int) -> None:
    token = signed(claims(iat=NOW - 10, exp=NOW + 900), OLD_SECRET)
    found = as_context(token, changed_site(), NOW + after_s)
    assert found.signed_with_previous_secret
    renewed = signed(claims(iat=NOW + after_s, exp=NOW + 999))
    assert not as_context(renewed, changed_site(), NOW + after_s).signed_with_previous_secret


@pytest.mark.parametrize("after_s", [900, 901, 3000])
def test_the_previous_secret_ends_after_15_minutes(after_s: int) -> None:
    token = signed(claims(iat=NOW - 10, exp=NOW + 3500), OLD_SECRET)
    reason = refusal(as_context, token, of=changed_site(), now=NOW + after_s)
    assert reason is TokenProblem.SIGNATURE


def test_the_previous_secret_signs_nothing_new() -> None:
    late = signed(claims(iat=NOW + 60, exp=NOW + 200), OLD_SECRET)
    reason = refusal(as_context, late, of=changed_site(), now=NOW + 60)
    assert reason is TokenProblem.SIGNATURE


def test_the_previous_secret_opens_no_page() -> None:
    token = signed(page_claims("GET", PATH, QUERY), OLD_SECRET)
    assert refusal(as_page, token, of=changed_site()) is TokenProblem.SIGNATURE


def test_a_previous_secret_without_an_end_opens_nothing() -> None:
    token = signed(claims(), OLD_SECRET)
    endless = site(previous_secret=OLD_SECRET)
    assert refusal(as_context, token, of=endless) is TokenProblem.SIGNATURE


@pytest.mark.parametrize("change", [{"secret": ""}, {"previous_secret": ""}])
def test_a_site_with_an_empty_secret_can_not_exist(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        site(**change)


def test_a_site_never_shows_its_secrets() -> None:
    shown = repr(site(previous_secret=OLD_SECRET)) + str(site(previous_secret=OLD_SECRET))
    assert SECRET not in shown
    assert OLD_SECRET not in shown


_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
_times = st.integers(NOW - 8000, NOW + 8000) | _json_values
_payloads = st.fixed_dictionaries(
    {},
    optional={
        "iss": st.just(CLIENT_KEY) | _json_values,
        "iat": st.integers(NOW - 100, NOW + 100) | _times,
        "exp": st.integers(NOW - 100, NOW + 300) | _times,
        "nbf": _times,
        "aud": st.just(APP_URL) | _json_values,
        "qsh": st.just("context-qsh") | _json_values,
        "sub": st.just(ACCOUNT) | _json_values,
        "context": _json_values,
    },
)


@given(payload=_payloads, secret=st.sampled_from([SECRET, "x" * 40]))
def test_nothing_is_accepted_that_pyjwt_refuses(payload: dict[str, Any], secret: str) -> None:
    token = raw_token({"alg": "HS256", "typ": "JWT"}, payload, secret)
    clock = datetime.fromtimestamp(NOW, UTC)
    try:
        found = as_context(token, now=NOW)
    except TokenRefused:
        return
    assert secret == SECRET
    checked = jwt.decode(
        token,
        SECRET,
        ["HS256"],
        issuer=CLIENT_KEY,
        options={
            "require": ["exp", "iat", "iss"],
            "verify_aud": False,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        },
    )
    assert (checked["iss"], checked.get("sub")) == (found.client_key, found.account_id)
    assert checked["exp"] > clock.timestamp() - 30
    assert checked["iat"] <= clock.timestamp() + 30


@given(
    iat=st.integers(NOW - 200, NOW + 40),
    life=st.integers(1, 3600),
    account=st.from_regex(r"[A-Za-z0-9:_-]{1,128}", fullmatch=True),
)
def test_what_pyjwt_signs_in_time_is_accepted(iat: int, life: int, account: str) -> None:
    token = signed(claims(iat=iat, exp=iat + life, sub=account))
    in_time = iat <= NOW + 30 and iat + life > NOW - 30
    if in_time:
        assert as_context(token).account_id == account
    else:
        assert refusal(as_context, token) in {TokenProblem.EXPIRED, TokenProblem.NOT_YET_VALID}


def test_our_own_token_is_signed_for_one_call_of_three_minutes() -> None:
    token = app_token(APP_KEY, site(), "GET", "/rest/api/3/project/search", "query=P%20A", now=NOW)
    decoded = jwt.decode(
        token,
        SECRET,
        ["HS256"],
        audience=site().client_key,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert decoded == {
        "iss": APP_KEY,
        "aud": [site().client_key],
        "iat": NOW,
        "exp": NOW + 180,
        "qsh": query_string_hash("GET", "/rest/api/3/project/search", "query=P%20A"),
    }
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}


def test_grace_is_fifteen_minutes() -> None:
    assert timedelta(minutes=15) == PREVIOUS_SECRET_GRACE
