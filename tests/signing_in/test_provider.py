"""People sign in at the customer's own identity provider: a real one, in a process of its own."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from app.house import House
from app.instances.directory import provider_place
from app.signing_in.provider_routes import BEGUN_COOKIE
from tests.people import APP_URL
from tests.signing_in.kit import Accounts, Browser, email_of, form_of
from tests.signing_in.provider_kit import Provider, running_provider

PAT = email_of("Pat Partner")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
async def known(provider: Provider, accounts: Accounts, house: House) -> Accounts:
    """The customer has the provider."""
    client = provider.register(f"{APP_URL}{accounts.base}/provider/back")
    facts = await house.directory.of_instance(accounts.instance_id)
    assert facts is not None
    sealed = facts.key.seal(client.secret.encode(), *provider_place(accounts.instance_id))
    accounts.superuser.execute(
        "INSERT INTO identity_providers (instance_id, name, issuer, client_id, client_secret)"
        " VALUES (%s, 'Acme Login', %s, %s, %s)",
        (accounts.instance_id, provider.url, client.id, sealed),
    )
    house.directory.forget_everything()
    return accounts


async def _come_back(
    browser: Browser, accounts: Accounts, provider: Provider, subject: str
) -> httpx.Response:
    begun = await browser.open(f"{accounts.base}/provider")
    assert begun.status_code == 303
    back = urlsplit(provider.sign_in(begun.headers["location"], subject))
    return await browser.open(f"{back.path}?{back.query}")


def _subjects(superuser: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return superuser.execute("SELECT email, oidc_subject FROM accounts ORDER BY email").fetchall()


async def test_whom_the_provider_vouches_for_signs_in_and_is_known_by_subject_from_then_on(
    known: Accounts, provider: Provider, superuser: psycopg.Connection[Any]
) -> None:
    known.user(password=None)
    browser = Browser.at(known.app)
    assert "Sign in with Acme Login" in (await browser.open(known.base)).text
    provider.knows("pat-1", email=PAT.title(), email_verified=True)
    answer = await _come_back(browser, known, provider, "pat-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/integrations")).status_code == 200
    provider.knows("pat-1", email="married@partner.example.com", email_verified=True)
    again = Browser.at(known.app)
    assert (await _come_back(again, known, provider, "pat-1")).status_code == 303
    provider.knows("thief", email=PAT, email_verified=True)
    thief = Browser.at(known.app)
    assert (await _come_back(thief, known, provider, "thief")).status_code == 422
    assert not thief.session
    assert _subjects(superuser) == [(PAT, "pat-1")]


async def test_nobody_signs_up_nor_with_an_unverified_address_nor_disabled(
    known: Accounts, provider: Provider, superuser: psycopg.Connection[Any]
) -> None:
    known.user(enabled=False)
    known.user("Una Enrolled")
    provider.knows("stranger", email="stranger@partner.example.com", email_verified=True)
    provider.knows("unverified", email=email_of("Una Enrolled"), email_verified=False)
    provider.knows("unsaid", email=email_of("Una Enrolled"))
    provider.knows("disabled", email=PAT, email_verified=True)
    for subject in ("stranger", "unverified", "unsaid", "disabled"):
        browser = Browser.at(known.app)
        answer = await _come_back(browser, known, provider, subject)
        assert (answer.status_code, browser.session) == (422, ""), subject
        assert "no enabled account" in answer.text
    assert {subject for _, subject in _subjects(superuser)} == {None}


async def test_an_answer_counts_in_the_browser_that_began_and_once(
    known: Accounts, provider: Provider
) -> None:
    known.user()
    provider.knows("pat-2", email=PAT, email_verified=True)
    browser = Browser.at(known.app)
    begun = await browser.open(f"{known.base}/provider")
    carried = browser.cookies[BEGUN_COOKIE]
    back = urlsplit(provider.sign_in(begun.headers["location"], "pat-2"))
    here = f"{back.path}?{back.query}"
    assert (await Browser.at(known.app).open(here)).status_code == 422, "another browser"
    assert (await browser.open(here)).status_code == 303
    browser.cookies[BEGUN_COOKIE] = carried
    assert (await browser.open(here)).status_code == 422, "a code counts once"


async def test_without_a_provider_there_is_no_way_to_one(accounts: Accounts) -> None:
    browser = Browser.at(accounts.app)
    for path in ("provider", "provider/back"):
        assert (await browser.open(f"{accounts.base}/{path}")).status_code == 404
    assert "/provider" not in (await browser.open(accounts.base)).text
    assert (await browser.post(accounts.base, data=form_of())).status_code == 422


async def test_a_provider_at_an_address_that_is_not_allowed_is_not_reached(
    known: Accounts, superuser: psycopg.Connection[Any], house: House
) -> None:
    superuser.execute("UPDATE identity_providers SET issuer = 'https://169.254.169.254'")
    house.directory.forget_everything()
    answer = await Browser.at(known.app).open(f"{known.base}/provider")
    assert answer.status_code == 503
