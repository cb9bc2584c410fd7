"""Signing in with a password and a code: who may, and nobody else, told nothing of who exists."""

import os
import re
import threading
from typing import Any

import psycopg
import pyotp
import pytest

from app.house import House
from app.signing_in import halfway, passwords
from app.signing_in.sessions import COOKIE
from tests.signing_in.kit import (
    FOREIGN_PAGES,
    PASSWORD,
    WRONG,
    Accounts,
    Browser,
    email_of,
    form_of,
)


async def test_a_password_opens_a_session_in_a_cookie_for_this_host_alone(
    accounts: Accounts, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user()
    browser = Browser.at(accounts.app)
    page = await browser.open(accounts.base)
    assert (page.status_code, "Sign in" in page.text) == (200, True)
    answer = await browser.post(accounts.base, data=form_of())
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (cookie,) = (it for it in answer.headers.get_list("set-cookie") if it.startswith(f"{COOKIE}="))
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert (await browser.open("/")).headers["location"] == "/integrations"
    stored = repr(
        superuser.execute("SELECT a.*, s.* FROM accounts a, account_sessions s").fetchall()
    )
    assert not any(it in stored for it in (PASSWORD, browser.session.partition(".")[2]))


async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.user()
    accounts.user("Dis Abled", enabled=False)
    accounts.user("In Vited", password=None)
    hashed: list[str] = []
    verified = passwords._verified

    def counted(known: str, password: str) -> bool:
        hashed.append(password)
        return verified(known, password)

    monkeypatch.setattr(passwords, "_verified", counted)
    entered = [
        form_of(password="wrong wrong wrong"),
        form_of("Dis Abled"),
        form_of("In Vited"),
        form_of("No Body"),
        {"email": "no address", "password": PASSWORD},
        {"email": "päť@exämple.com", "password": PASSWORD},
    ]
    answers = []
    for number, form in enumerate(entered):
        answer = await Browser.at(accounts.app, f"192.0.2.{number}").post(accounts.base, data=form)
        assert WRONG in answer.text
        answers.append((answer.status_code, answer.text.replace(form["email"], "")))
    assert len(set(answers)) == 1
    assert answers[0][0] == 422
    assert len(hashed) == len(entered)


async def test_whoever_fails_too_often_waits_whether_there_is_such_an_account_or_not(
    accounts: Accounts,
) -> None:
    accounts.user()
    told = {}
    for name, place in (("Pat Partner", "192.0.2.1"), ("No Body", "192.0.2.2")):
        browser = Browser.at(accounts.app, place)
        wrong = form_of(name, "wrong wrong wrong")
        tries = [await browser.post(accounts.base, data=wrong) for _ in range(6)]
        told[name] = [(it.status_code, it.headers.get("retry-after")) for it in tries]
    assert told["Pat Partner"] == [(422, None)] * 5 + [(429, "900")]
    assert told["No Body"] == told["Pat Partner"]
    right = await Browser.at(accounts.app, "192.0.2.1").post(accounts.base, data=form_of())
    assert right.status_code == 429, "not even with the right password"
    elsewhere = await Browser.at(accounts.app, "198.51.100.1").post(accounts.base, data=form_of())
    assert elsewhere.status_code == 303, "nobody locks another out from elsewhere with a few tries"


async def test_one_place_does_not_spray_many_accounts(accounts: Accounts) -> None:
    browser = Browser.at(accounts.app, "2001:db8::1")
    neighbour = Browser.at(accounts.app, "2001:db8::2")
    for number in range(30):
        sender = browser if number % 2 else neighbour
        answer = await sender.post(accounts.base, data=form_of(f"a{number} B"))
        assert answer.status_code == 422
    assert (await browser.post(accounts.base, data=form_of("Other One"))).status_code == 429


async def test_whoever_signs_in_takes_of_a_busy_core_what_pages_leave() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await passwords._in_turn(niceness) == max(15, niceness())


async def test_a_whole_office_signs_in_from_one_address(accounts: Accounts) -> None:
    accounts.user()
    for number in range(32):
        answer = await Browser.at(accounts.app).post(accounts.base, data=form_of())
        assert answer.status_code == 303, number


@pytest.mark.parametrize("change", ["enabled = false", "password_hash = 'another'"])
async def test_whoever_is_shut_out_while_they_sign_in_stays_out(
    change: str, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.user()
    verified = passwords._verified

    def meanwhile(known: str, password: str) -> bool:
        accounts.superuser.execute(f"UPDATE accounts SET {change}")  # noqa: S608
        return verified(known, password)

    monkeypatch.setattr(passwords, "_verified", meanwhile)
    browser = Browser.at(accounts.app)
    assert (await browser.post(accounts.base, data=form_of())).status_code == 422
    assert not browser.session
    assert accounts.superuser.execute("SELECT FROM account_sessions").fetchall() == []


async def test_a_session_put_into_the_browser_beforehand_is_worth_nothing_after_sign_in(
    accounts: Accounts,
) -> None:
    accounts.user()
    accounts.user("Mallory Mean")
    planted = await accounts.signed_in("Mallory Mean")
    victim = Browser.at(accounts.app, "198.51.100.1")
    victim.cookies[COOKIE] = planted.session
    assert (await victim.post(accounts.base, data=form_of())).status_code == 303
    assert victim.session != planted.session
    assert (await planted.get("/integrations")).status_code == 401
    assert (await victim.get("/integrations")).status_code == 200


async def test_a_form_of_another_site_signs_nobody_in_or_out(accounts: Accounts) -> None:
    accounts.user()
    browser = await accounts.signed_in()
    for headers in FOREIGN_PAGES:
        for path in (accounts.base, "/sign-out", "/welcome", f"{accounts.base}/forgotten"):
            answer = await browser.ask("POST", path, data=form_of(), headers=headers)
            assert answer.status_code == 403, (path, headers)
    assert (await browser.get("/integrations")).status_code == 200


async def test_signing_out_ends_the_session_on_the_server(accounts: Accounts) -> None:
    accounts.user()
    browser = await accounts.signed_in()
    kept = browser.session
    assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"
    assert not browser.session
    browser.cookies[COOKIE] = kept
    assert (await browser.get("/integrations")).status_code == 401


async def test_with_a_second_factor_a_password_alone_opens_nothing(
    accounts: Accounts, house: House
) -> None:
    facts = await house.directory.of_instance(accounts.instance_id)
    assert facts is not None
    totp = accounts.totp_of(accounts.user(), facts.key)
    browser = Browser.at(accounts.app)
    answer = await browser.post(accounts.base, data=form_of())
    assert (answer.headers["location"], browser.session) == (f"{accounts.base}/code", "")
    assert (await browser.get("/integrations")).status_code == 401
    wrong = await browser.post(f"{accounts.base}/code", data={"code": "000000"})
    assert (wrong.status_code, browser.session) == (422, "")
    code = totp.now()
    carried = browser.cookies[halfway.COOKIE]
    assert (await browser.post(f"{accounts.base}/code", data={"code": code})).status_code == 303
    assert (await browser.get("/integrations")).status_code == 200
    again = Browser.at(accounts.app, "192.0.2.9")
    again.cookies[halfway.COOKIE] = carried
    assert (await again.post(f"{accounts.base}/code", data={"code": code})).status_code == 422


async def test_a_code_is_not_tried_without_the_password_or_after_it_was_changed(
    accounts: Accounts, house: House, superuser: psycopg.Connection[Any]
) -> None:
    facts = await house.directory.of_instance(accounts.instance_id)
    assert facts is not None
    totp = accounts.totp_of(accounts.user(), facts.key)
    nobody = Browser.at(accounts.app)
    for value in ("", "00", "ff" * 60):
        nobody.cookies[halfway.COOKIE] = value
        answer = await nobody.post(f"{accounts.base}/code", data={"code": totp.now()})
        assert answer.headers["location"] == accounts.base
    browser = Browser.at(accounts.app)
    await browser.post(accounts.base, data=form_of())
    superuser.execute("UPDATE accounts SET password_hash = %s", (passwords.hash_of("another one"),))
    answer = await browser.post(f"{accounts.base}/code", data={"code": totp.now()})
    assert (answer.status_code, browser.session) == (422, "")


async def test_codes_are_not_guessed_without_end(accounts: Accounts, house: House) -> None:
    facts = await house.directory.of_instance(accounts.instance_id)
    assert facts is not None
    accounts.totp_of(accounts.user(), facts.key)
    browser = Browser.at(accounts.app)
    await browser.post(accounts.base, data=form_of())
    tries = [await browser.post(f"{accounts.base}/code", data={"code": "1"}) for _ in range(6)]
    assert [it.status_code for it in tries] == [422] * 5 + [429]


async def test_where_a_second_factor_is_a_must_nothing_opens_before_it_is_set_up(
    accounts: Accounts, house: House, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user()
    before = await accounts.signed_in(place="192.0.2.8")
    superuser.execute("UPDATE instances SET second_factor_required = true")
    house.directory.forget_everything()
    assert (await before.get("/integrations")).status_code == 401
    browser = Browser.at(accounts.app)
    answer = await browser.post(accounts.base, data=form_of())
    where = f"{accounts.base}/second-factor"
    assert (answer.headers["location"], browser.session) == (where, "")
    page = await browser.open(where)
    assert "<svg" in page.text
    key = _key_in(page.text)
    assert (await browser.post(where, data={"code": "000000"})).status_code == 422
    assert (await browser.post(where, data={"code": pyotp.TOTP(key).now()})).status_code == 303
    assert (await browser.get("/integrations")).status_code == 200
    sealed = superuser.execute("SELECT totp_secret FROM accounts").fetchone()
    assert sealed
    assert key.encode() not in sealed[0]


def _key_in(page: str) -> str:
    found = re.search(r'data-copy="([A-Z2-7]{32})"', page)
    assert found
    return found[1]


async def test_the_sign_in_is_found_again_and_asked_for_where_there_are_many(
    accounts: Accounts, other_site: object
) -> None:
    browser = Browser.at(accounts.app)
    asked = await browser.open("/sign-in")
    assert (asked.status_code, "Instance ID" in asked.text) == (200, True)
    wrong = await browser.open("/sign-in?instance=nonsense")
    assert "looks like" in wrong.text
    entered = await browser.open(f"/sign-in?instance={accounts.instance_id}")
    assert entered.headers["location"] == accounts.base
    accounts.user()
    signed_in = await accounts.signed_in()
    assert (await signed_in.open("/sign-in")).headers["location"] == accounts.base
    for nowhere in ("nonsense", "3f2b8c1e-5d4a-4c6b-9e7f-0a1b2c3d4e5f"):
        assert (await browser.open(f"/sign-in/{nowhere}")).status_code == 404


async def test_the_only_instance_there_is_needs_no_address(accounts: Accounts) -> None:
    assert (await Browser.at(accounts.app).open("/sign-in")).headers["location"] == accounts.base


async def test_each_sign_in_is_in_the_trail(
    accounts: Accounts, superuser: psycopg.Connection[Any]
) -> None:
    account_id = accounts.user()
    await accounts.signed_in()
    found = superuser.execute(
        "SELECT account, door, details->>'how' FROM audit_entries WHERE action LIKE 'account:%'"
    ).fetchall()
    assert found == [(f"user:{account_id}", "account", "password")]
    assert email_of("Pat Partner") == "pat@partner.example.com"
