"""What people change of their own account, and of nobody else's."""

from typing import Any

import psycopg
import pyotp
import pytest

from app.house import House
from tests.signing_in.kit import PASSWORD, Accounts, Browser, form_of

NEW = "seven green paper boats"


async def _post(browser: Browser, path: str, **form: str) -> tuple[int, str]:
    answer = await browser.post(path, data=form, headers={"HX-Request": "true"})
    return answer.status_code, answer.text


async def test_a_new_password_needs_the_old_one_and_ends_all_other_sessions(
    accounts: Accounts,
) -> None:
    accounts.user()
    here, there = await accounts.signed_in(), await accounts.signed_in(place="192.0.2.2")
    status, told = await _post(here, "/account/password", old="wrong", new=NEW)
    assert (status, "This is not your password." in told) == (422, True)
    status, told = await _post(here, "/account/password", old=PASSWORD, new="password1234")
    assert (status, "among the first" in told, "password1234" in told) == (422, True, False)
    assert (await there.get("/integrations")).status_code == 200
    assert (await _post(here, "/account/password", old=PASSWORD, new=NEW))[0] == 200
    assert (await there.get("/integrations")).status_code == 401
    assert (await here.get("/integrations")).status_code == 200
    again = Browser.at(accounts.app, "192.0.2.3")
    assert (await again.post(accounts.base, data=form_of())).status_code == 422
    assert (await again.post(accounts.base, data=form_of(password=NEW))).status_code == 303


async def test_the_old_password_is_not_guessed_in_a_session_that_was_left_open(
    accounts: Accounts,
) -> None:
    accounts.user()
    here = await accounts.signed_in()
    tries = [await _post(here, "/account/password", old=str(it), new=NEW) for it in range(6)]
    assert [status for status, _ in tries] == [422] * 5 + [429]


@pytest.mark.parametrize("is_a_must", [False, True])
async def test_a_second_factor_is_removed_with_a_code_where_it_is_no_must(
    is_a_must: bool, accounts: Accounts, house: House, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user()
    here = await accounts.signed_in()
    secret = pyotp.random_base32()
    wrong = await _post(here, "/account/second-factor", secret=secret, code="000000")
    assert (wrong[0], secret in wrong[1]) == (422, True)
    totp = pyotp.TOTP(secret)
    good = await _post(here, "/account/second-factor", secret=secret, code=totp.now())
    assert good[0] == 200
    superuser.execute("UPDATE accounts SET totp_step = totp_step - 1")  # half a minute later
    superuser.execute("UPDATE instances SET second_factor_required = %s", (is_a_must,))
    house.directory.forget_everything()
    status, told = await _post(here, "/account/second-factor/remove", code="000000")
    assert (status, ("a must" in told) == is_a_must) == (422, True)
    status, _ = await _post(here, "/account/second-factor/remove", code=totp.now())
    assert status == (422 if is_a_must else 200)
    left = superuser.execute("SELECT totp_secret IS NULL FROM accounts").fetchone()
    assert left == (not is_a_must,)


async def test_one_signs_out_elsewhere_and_nobody_else(
    accounts: Accounts, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user()
    accounts.user("Peer Partner")
    here, there = await accounts.signed_in(), await accounts.signed_in(place="192.0.2.2")
    peer = await accounts.signed_in("Peer Partner", place="192.0.2.3")
    page = await here.get("/account")
    sessions = [row[0] for row in superuser.execute("SELECT id FROM account_sessions")]
    assert sum(str(its) in page.text for its in sessions) == 1, "the others of one's own"
    for its in sessions:
        if str(its) not in page.text:
            answer = await peer.post(f"/account/sessions/{its}/end")
            assert answer.status_code == 200
    assert (await here.get("/integrations")).status_code == 200
    assert (await peer.get("/integrations")).status_code == 401, "their own was among them"
    assert (await here.post("/account/sessions/others/end")).status_code == 200
    assert (await there.get("/integrations")).status_code == 401
    assert (await here.get("/integrations")).status_code == 200
