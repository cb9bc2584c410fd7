"""Local agents sign in with password and code, stay for a while, and nobody else gets in."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from argon2 import Type, extract_parameters

from app.errors import TooMany
from app.signing_in import passwords
from app.signing_in.attempts import Attempts
from app.support.console import signing_in
from app.support.console.parts import Console
from app.support.console.second_factor import step_of
from app.support.console.sessions import COOKIE
from tests.support.console.conftest import NewAgent, NewBrowser
from tests.support.console.kit import CONSOLE_URL, EMAIL, Operator, SignInOf

REAL_HASHER = passwords._HASHER
WRONG = "E-mail address, password or code is wrong."


@pytest.fixture
def sam(operator: Operator) -> SignInOf:
    """What Sam signs in with."""
    return operator.create()


async def test_password_and_code_together_open_a_session(
    sam: SignInOf, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    assert (await browser.open("/")).headers["location"] == "/sign-in"
    answer = await browser.post("/sign-in", data=sam.form(email=f" {EMAIL.upper()} "))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "domain" not in cookie.lower()
    assert (await browser.open("/")).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [{"password": "wrong"}, {"code": "000000"}, {"email": "nobody@vendor.example"}],
    ids=["password", "code", "nobody"],
)
async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    changed: dict[str, str],
    sam: SignInOf,
    new_browser: NewBrowser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    hashed, coded = passwords._verified, step_of

    def hash_noted(*given: Any) -> bool:
        done.append("hash")
        return hashed(*given)

    def code_noted(*given: Any) -> int | None:
        done.append("code")
        return coded(*given)

    monkeypatch.setattr(passwords, "_verified", hash_noted)
    monkeypatch.setattr(signing_in, "step_of", code_noted)
    browser = new_browser()
    answer = await browser.post("/sign-in", data=sam.form(**changed))
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert browser.token == ""
    assert done == ["hash", "code"]


async def test_a_code_counts_once_and_none_before_it(
    sam: SignInOf, new_browser: NewBrowser
) -> None:
    now = datetime.now(UTC)
    used, earlier = sam.totp.at(now), sam.totp.at(now - timedelta(seconds=30))
    assert (await new_browser().post("/sign-in", data=sam.form(code=used))).status_code == 303
    for code in (used, earlier):
        assert (await new_browser().post("/sign-in", data=sam.form(code=code))).status_code == 422


async def test_of_two_uses_of_one_code_at_the_same_time_one_counts(
    sam: SignInOf, new_browser: NewBrowser
) -> None:
    form = sam.form()
    answers = await asyncio.gather(*(new_browser().post("/sign-in", data=form) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422]


async def test_a_session_put_into_the_browser_beforehand_is_worth_nothing_after_sign_in(
    sam: SignInOf, agent: NewAgent, new_browser: NewBrowser
) -> None:
    attacker = await agent("mallory@vendor.example")
    planted = attacker.token
    browser = new_browser()
    browser.http.cookies.set(COOKIE, planted, domain="support.example.com", path="/")
    answer = await browser.post("/sign-in", data=sam.form())
    assert answer.status_code == 303
    assert planted not in answer.headers["set-cookie"]
    assert (await attacker.get("/account")).status_code == 401


async def test_signing_out_ends_the_session_on_the_server(agent: NewAgent) -> None:
    sam = await agent()
    token = sam.token
    assert (await sam.post("/sign-out")).headers["location"] == "/sign-in"
    sam.http.cookies.set(COOKIE, token, domain="support.example.com", path="/")
    assert (await sam.get("/account")).status_code == 401


@pytest.mark.parametrize(
    "passed",
    [
        "UPDATE agent_sessions SET last_used_at = now() - interval '31 min'",
        "UPDATE agent_sessions SET ends_at = now() - interval '1 s'",
        "UPDATE support_agents SET state = 'disabled'",
        "DELETE FROM support_agents",
    ],
    ids=["idle", "too long", "disabled", "removed"],
)
async def test_a_session_ends_when_it_rests_lasts_too_long_or_its_agent_is_gone(
    passed: str, agent: NewAgent, superuser: psycopg.Connection[Any]
) -> None:
    sam = await agent()
    assert (await sam.get("/account")).status_code == 200
    superuser.execute(passed)
    assert (await sam.get("/account")).status_code == 401
    assert (await sam.open("/")).headers["location"] == "/sign-in"


async def test_a_disabled_agent_signs_in_no_more_and_is_told_nothing(
    sam: SignInOf, operator: Operator, new_browser: NewBrowser
) -> None:
    operator.disable()
    answer = await new_browser().post("/sign-in", data=sam.form())
    assert (answer.status_code, WRONG in answer.text) == (422, True)


async def test_tables_hold_neither_password_nor_secret_nor_token(
    sam: SignInOf, new_browser: NewBrowser, superuser: psycopg.Connection[Any]
) -> None:
    browser = new_browser()
    await browser.post("/sign-in", data=sam.form())
    rows = superuser.execute(
        "SELECT a.*, s.* FROM support_agents a JOIN agent_sessions s ON s.agent_id = a.id"
    ).fetchall()
    stored = repr(rows)
    assert len(rows) == 1
    assert "$argon2id$" in stored
    assert not any(it in stored for it in (sam.password, sam.totp.secret, browser.token))


async def test_a_form_of_another_page_changes_nothing(agent: NewAgent) -> None:
    sam = await agent()
    for headers in (
        {},
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": CONSOLE_URL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"{CONSOLE_URL}.evil.example.com"},
    ):
        for path in ("/sign-in", "/sign-out", "/requests"):
            answer = await sam.http.post(path, data={"a": "b"}, headers=headers)
            assert answer.status_code == 403, (path, headers)
    assert (await sam.get("/account")).status_code == 200


async def test_whoever_fails_too_often_waits_whether_there_is_such_an_agent_or_not(
    sam: SignInOf, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_verified", lambda *_: False)
    answers = {}
    for email in (EMAIL, "nobody@vendor.example"):
        browser = new_browser(place=f"192.0.2.{len(email)}")
        tries = [await browser.post("/sign-in", data=sam.form(email=email)) for _ in range(6)]
        answers[email] = [(it.status_code, it.headers.get("retry-after")) for it in tries]
    assert answers[EMAIL] == [(422, None)] * 5 + [(429, "900")]
    assert answers[EMAIL] == answers["nobody@vendor.example"]


async def _failing(attempts: Attempts, email: str, places: Callable[[int], str], times: int) -> int:
    """How many of so many tries are let through."""
    for number in range(times):
        try:
            await attempts.count("console", email, places(number))
        except TooMany:
            return number
    return times


def test_what_is_stored_costs_what_rfc_9106_asks_for() -> None:
    costs = extract_parameters(REAL_HASHER.hash("password"))
    assert (costs.type, costs.time_cost, costs.memory_cost) == (Type.ID, 3, 64 * 1024)


async def test_one_place_tries_thirty_accounts_and_one_account_is_tried_from_ten_places(
    parts: Console,
) -> None:
    attempts = Attempts(parts.database)
    tried = [
        await _failing(attempts, f"a{it}@b.example", lambda _: "192.0.2.1", 1) for it in range(40)
    ]
    assert sum(tried) == 30
    assert await _failing(attempts, EMAIL, lambda it: f"198.51.100.{it}", 99) == 50


async def test_somebody_elsewhere_does_not_lock_an_agent_out(parts: Console) -> None:
    attempts = Attempts(parts.database)
    assert await _failing(attempts, EMAIL, lambda _: "198.51.100.9", 99) == 5
    await attempts.count("console", EMAIL, "192.0.2.1")


async def test_failures_are_counted_by_all_processes_together_and_forgotten_after_a_while(
    parts: Console, superuser: psycopg.Connection[Any]
) -> None:
    assert await _failing(Attempts(parts.database), EMAIL, lambda _: "::1", 99) == 5
    assert await _failing(Attempts(parts.database), EMAIL, lambda _: "::1", 99) == 0
    superuser.execute("UPDATE sign_in_failures SET at = now() - interval '901 seconds'")
    assert await _failing(Attempts(parts.database), EMAIL, lambda _: "::1", 99) == 5


async def test_many_tries_at_the_same_time_are_not_more_than_few(
    sam: SignInOf, parts: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def wrong(_hashed: str, password: str) -> bool:
        tried.append(password)
        return False

    monkeypatch.setattr(passwords, "_verified", wrong)
    tries = (
        parts.signing_in.with_password(EMAIL, "guess", "000000", "192.0.2.1") for _ in range(40)
    )
    await asyncio.gather(*tries, return_exceptions=True)
    assert len(tried) == 5
