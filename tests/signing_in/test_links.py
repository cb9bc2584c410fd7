"""One-time links, and passwords that are set with them."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select

from app.administration.links import new_link
from app.administration.models import Account
from app.house import House
from tests.signing_in.kit import PASSWORD, Accounts, Browser, email_of, form_of

NEW = "seven green paper boats"
NOT_GOOD = "This link is not good any more"


async def _link(house: House, accounts: Accounts, account_id: UUID) -> str:
    async with house.database.of_instance(accounts.instance_id) as session:
        account = await session.scalar(select(Account).where(Account.id == account_id))
        assert account is not None
        return await new_link(session, account, "invitation")


async def test_whoever_has_the_link_sets_a_password_once_and_every_session_ends(
    accounts: Accounts, house: House
) -> None:
    its = accounts.user()
    before = await accounts.signed_in()
    token = await _link(house, accounts, its)
    browser = Browser.at(accounts.app)
    page = await browser.open("/welcome")
    assert "Pat" not in page.text
    opened = await browser.post("/welcome/link", data={"token": token})
    assert "Welcome, Pat Partner" in opened.text
    assert (await before.get("/integrations")).status_code == 200
    done = await browser.post("/welcome", data={"token": token, "password": NEW})
    assert "Your password is set" in done.text
    assert (await before.get("/integrations")).status_code == 401
    for path in ("/welcome", "/welcome/link"):
        data = {"token": token} | ({"password": NEW} if path == "/welcome" else {})
        again = await browser.post(path, data=data)
        assert (again.status_code, NOT_GOOD in again.text) == (422, True)
    assert (await browser.post(accounts.base, data=form_of(password=PASSWORD))).status_code == 422
    assert (await browser.post(accounts.base, data=form_of(password=NEW))).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "00" * 16 + ".secret", "é\x00"])
async def test_what_is_no_link_tells_nothing(accounts: Accounts, token: str) -> None:
    answer = await Browser.at(accounts.app).post("/welcome/link", data={"token": token})
    assert answer.status_code == 422
    assert NOT_GOOD in answer.text


async def test_a_link_is_of_no_use_after_the_address_changed(
    accounts: Accounts, house: House, superuser: psycopg.Connection[Any]
) -> None:
    token = await _link(house, accounts, accounts.user())
    superuser.execute("UPDATE accounts SET email_key = 'new@partner.example.com'")
    answer = await Browser.at(accounts.app).post("/welcome", data={"token": token, "password": NEW})
    assert (answer.status_code, NOT_GOOD in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 12"),
        ("password1234", "among the first"),
        ("aaaaaaaaaaaaaaaa", "among the first"),
        ("pat@partner.example.com", "among the first"),
    ],
)
async def test_a_password_that_would_be_guessed_is_refused_and_the_link_stays_good(
    accounts: Accounts, house: House, password: str, said: str
) -> None:
    token = await _link(house, accounts, accounts.user())
    browser = Browser.at(accounts.app)
    refused = await browser.post("/welcome", data={"token": token, "password": password})
    assert (refused.status_code, said in refused.text) == (422, True)
    assert password not in refused.text.replace(f"sign in as {password}", "").replace(
        f'value="{password}"', ""
    )
    good = await browser.post("/welcome", data={"token": token, "password": NEW})
    assert good.status_code == 200


async def test_asking_for_a_link_tells_nobody_who_exists(
    accounts: Accounts, app: FastAPI, house: House, superuser: psycopg.Connection[Any]
) -> None:
    browser = Browser.at(accounts.app)
    without = await browser.open(f"{accounts.base}/forgotten")
    assert "Ask an administrator" in without.text
    sending = house.settings.model_copy(
        update={"smtp_url": SecretStr("smtp://localhost:1"), "mail_from": "getint@example.com"}
    )
    object.__setattr__(house, "settings", sending)
    accounts.user()
    accounts.user("Dis Abled", enabled=False)
    answers = set()
    for name in ("Pat Partner", "Dis Abled", "No Body"):
        answer = await browser.post(f"{accounts.base}/forgotten", data={"email": email_of(name)})
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    assert "If there is an account" in answers.pop()[1]
    links = superuser.execute(
        "SELECT a.name, l.purpose FROM account_links l JOIN accounts a ON a.id = l.account_id"
    ).fetchall()
    assert links == [("Pat Partner", "reset")]


async def test_links_are_not_asked_for_without_end(accounts: Accounts, house: House) -> None:
    sending = house.settings.model_copy(
        update={"smtp_url": SecretStr("smtp://localhost:1"), "mail_from": "getint@example.com"}
    )
    object.__setattr__(house, "settings", sending)
    browser, data = Browser.at(accounts.app), {"email": email_of("No Body")}
    tries = [await browser.post(f"{accounts.base}/forgotten", data=data) for _ in range(6)]
    assert [it.status_code for it in tries] == [200] * 5 + [429]
