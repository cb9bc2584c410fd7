"""Links with which people set their password: once, in time, for the address they were made for."""

import asyncio
import hashlib

import psycopg
import pytest

from app.administration.emails import email_of
from app.administration.links import account_of_link, instance_of, new_link, use_link
from app.administration.models import Account
from app.administration.users import disable, edit_user, load_account
from app.house import House
from app.instances.facts import InstanceFacts
from sandbox.running import Sandbox
from tests.administration.kit import Office, link_in, visit_of


@pytest.fixture
async def token(office: Office) -> str:
    """What Pat was invited with."""
    answer = await office.admin.post(
        "/administration/users", data={"name": "Pat Partner", "email": "pat@example.com"}
    )
    return link_in(answer)


async def used(house: House, facts: InstanceFacts, token: str) -> Account | None:
    async with house.database.of_instance(facts.instance_id) as session:
        return await use_link(session, token)


async def looked_at(house: House, facts: InstanceFacts, token: str) -> Account | None:
    async with house.database.of_instance(facts.instance_id) as session:
        return await account_of_link(session, token)


async def test_an_invitation_is_good_once(house: House, facts: InstanceFacts, token: str) -> None:
    assert instance_of(token) == facts.instance_id
    for _ in range(2):  # looking does no harm
        found = await looked_at(house, facts, token)
        assert found
        assert found.name == "Pat Partner"
    first = await used(house, facts, token)
    assert first
    assert first.name == "Pat Partner"
    assert await used(house, facts, token) is None
    assert await looked_at(house, facts, token) is None


async def test_of_two_who_use_it_at_the_same_moment_one_gets_in(
    house: House, facts: InstanceFacts, token: str
) -> None:
    found = await asyncio.gather(*(used(house, facts, token) for _ in range(4)))
    assert sum(account is not None for account in found) == 1


@pytest.mark.parametrize(("age", "is_good"), [("6 days 23 hours", True), ("7 days 1 min", False)])
async def test_an_invitation_is_good_for_seven_days(
    house: House,
    facts: InstanceFacts,
    token: str,
    superuser: psycopg.Connection,
    age: str,
    is_good: bool,
) -> None:
    superuser.execute(
        "UPDATE account_links SET expires_at = expires_at - CAST(%s AS interval)", (age,)
    )
    assert (await used(house, facts, token) is not None) == is_good


async def test_a_reset_is_good_for_an_hour_and_takes_the_password_at_once(
    house: House, facts: InstanceFacts, office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    office.can_sign_in(pat)
    answer = await office.to(pat, "reset-password")
    assert office.account(pat)["password_hash"] is None
    left = superuser.execute(
        "SELECT expires_at - now() FROM account_links WHERE purpose = 'reset'"
    ).fetchone()
    assert left
    assert 3500 < left[0].total_seconds() <= 3600
    assert await used(house, facts, link_in(answer)) is not None


async def test_a_newer_link_takes_the_place_of_the_earlier_one(
    house: House, facts: InstanceFacts, office: Office, token: str
) -> None:
    again = link_in(await office.to(office.id_of("Pat Partner"), "invite"))
    assert await used(house, facts, token) is None
    assert await used(house, facts, again) is not None


async def test_of_links_made_at_the_same_moment_one_is_good(
    house: House, facts: InstanceFacts, office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()

    async def made() -> str:
        async with house.database.of_instance(facts.instance_id) as session:
            account = await session.get_one(Account, pat)
            return await new_link(session, account, "reset")

    tokens = await asyncio.gather(*(made() for _ in range(3)))
    good = [token for token in tokens if await looked_at(house, facts, token)]
    assert len(good) == 1


async def test_after_a_change_of_the_address_the_link_is_good_for_nothing(
    house: House, facts: InstanceFacts, office: Office, token: str
) -> None:
    pat = office.id_of("Pat Partner")
    await office.to(pat, "edit", name="Pat Partner", email="pat@elsewhere.example.com")
    assert await used(house, facts, token) is None


async def test_a_link_that_outlived_a_change_of_the_address_is_still_good_for_nothing(
    house: House, facts: InstanceFacts, token: str, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE accounts SET email_key = 'new@example.com'")
    assert await looked_at(house, facts, token) is None
    assert await used(house, facts, token) is None


async def test_the_same_address_in_other_letters_voids_nothing(
    house: House, facts: InstanceFacts, office: Office, token: str
) -> None:
    await office.to(office.id_of("Pat Partner"), "edit", name="Pat", email="PAT@Example.com")
    assert await used(house, facts, token) is not None


async def test_whoever_is_disabled_has_no_link_that_is_good(
    house: House, facts: InstanceFacts, token: str, office: Office
) -> None:
    await office.to(office.id_of("Pat Partner"), "enable")
    async with house.database.of_instance(facts.instance_id) as session:
        account = await load_account(session, office.id_of("Pat Partner"))
        await disable(session, house.changes, visit_of(facts), account)
    assert await used(house, facts, token) is None


async def test_a_link_opens_nothing_in_another_instance(
    house: House, facts: InstanceFacts, token: str, other_site: Sandbox
) -> None:
    other = await house.directory.find(other_site.site.client_key)
    assert other is not None
    for given in (token, f"{other.instance_id.hex}.{token.partition('.')[2]}"):
        assert await used(house, other, given) is None
    assert await used(house, facts, token) is not None


@pytest.mark.parametrize(
    "token", ["", ".", "x", "{}.x", "\ud800.\ud800", "00000000000000000000000000000000."]
)
async def test_what_is_no_link_is_nobodys(house: House, facts: InstanceFacts, token: str) -> None:
    assert await used(house, facts, token) is None
    assert instance_of("nothing.of-ours") is None


async def test_the_table_holds_no_secret(
    house: House, facts: InstanceFacts, token: str, superuser: psycopg.Connection
) -> None:
    secret = token.partition(".")[2]
    assert len(secret) >= 43
    row = superuser.execute("SELECT token_hash, l::text FROM account_links l").fetchone()
    assert row
    assert row[0] == hashlib.sha256(secret.encode()).digest()
    assert secret not in row[1]
    trail = superuser.execute("SELECT string_agg(a::text, '') FROM audit_entries a").fetchone()
    assert trail
    assert secret not in trail[0]


async def test_editing_within_one_transaction_sees_the_address_that_is_taken(
    house: House, facts: InstanceFacts, office: Office, token: str
) -> None:
    await office.user("Max Muster", "max@example.com")
    answer = await office.to(
        office.id_of("Pat Partner"), "edit", name="Pat Partner", email="MAX@example.com"
    )
    assert answer.status_code == 422
    assert "Another user has this e-mail address." in answer.text
    assert office.account(office.id_of("Pat Partner"))["email"] == "pat@example.com"
    async with house.database.of_instance(facts.instance_id) as session:
        account = await load_account(session, office.id_of("Pat Partner"))
        await edit_user(
            session,
            house.changes,
            visit_of(facts),
            account,
            name="Pat Partner",
            email=email_of("pat@example.com"),
        )
    assert await used(house, facts, token) is not None
