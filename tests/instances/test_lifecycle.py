"""What the lifecycle does to the real database."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from app.house import House
from app.instances.facts import InstanceFacts
from connect import TokenReplayed
from tests.instances.kit import BASE_URL, CLIENT_KEY, SECRET, event, fresh_token

OTHER_KEY = "99999999-2222-4333-8444-555555555555"


async def apply(house: House, event_type: str, **fields: Any) -> None:
    await house.lifecycle.apply(event(event_type, **fields), fresh_token())


async def facts_of(house: House, client_key: str = CLIENT_KEY) -> InstanceFacts:
    facts = await house.directory.find(client_key)
    assert facts is not None
    return facts


def one(superuser: psycopg.Connection, query: str) -> Any:
    rows = superuser.execute(query).fetchall()
    assert len(rows) == 1
    return rows[0][0] if len(rows[0]) == 1 else rows[0]


async def test_the_first_install_makes_an_instance_with_a_workspace(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    facts = await facts_of(house)
    assert facts.is_installed
    assert not facts.is_configured
    assert one(superuser, "SELECT id FROM workspaces") == facts.workspace_id
    assert one(superuser, "SELECT jira_workspace_id FROM instances") == facts.workspace_id


async def test_secrets_are_sealed_in_the_table_and_open_in_memory(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed", sharedSecret="an earlier secret, long enough")
    await apply(house, "installed")
    rows = superuser.execute("SELECT installations::text FROM installations").fetchall()
    stored = str(rows) + str(
        superuser.execute(
            "SELECT secret, previous_secret, wrapped_key FROM installations, instances"
        ).fetchall()
    )
    for secret in (SECRET, "an earlier secret, long enough"):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    site = (await facts_of(house)).site
    assert (site.secret, site.previous_secret) == (SECRET, "an earlier secret, long enough")
    assert SECRET not in repr(await facts_of(house))


async def test_a_reinstall_after_an_uninstall_restores_everything(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    before = await facts_of(house)
    superuser.execute("UPDATE instances SET configured_at = now()")
    await apply(house, "uninstalled")
    assert not (await facts_of(house)).is_installed
    await apply(house, "installed", sharedSecret="another secret, just as long")
    after = await facts_of(house)
    assert (after.instance_id, after.workspace_id) == (before.instance_id, before.workspace_id)
    assert after.is_installed
    # Apps that are registered with Forge are told of no `enabled` any more.
    assert after.is_enabled
    assert after.is_configured
    assert after.site.previous_secret is None


async def test_an_upgrade_does_not_enable_what_an_admin_disabled(house: House) -> None:
    await apply(house, "installed")
    await apply(house, "disabled")
    await apply(house, "installed")
    assert not (await facts_of(house)).is_enabled


@pytest.mark.parametrize("change", [{}, {"baseUrl": "https://renamed.atlassian.net"}])
async def test_an_upgrade_or_rename_keeps_the_grace_of_an_earlier_rotation(
    house: House, change: dict[str, str]
) -> None:
    await apply(house, "installed")
    await apply(house, "installed", sharedSecret="the rotated secret, long enough")
    rotated = (await facts_of(house)).site
    await apply(house, "installed", sharedSecret="the rotated secret, long enough", **change)
    after = (await facts_of(house)).site
    assert after.previous_secret == SECRET
    assert after.previous_secret_until == rotated.previous_secret_until


async def test_the_earlier_secret_is_good_for_15_minutes_from_the_change(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    await apply(house, "installed", sharedSecret="the rotated secret, long enough")
    changed_at = one(superuser, "SELECT secret_changed_at FROM installations")
    until = (await facts_of(house)).site.previous_secret_until
    assert until is not None
    assert until - changed_at == timedelta(minutes=15)


async def test_a_renamed_site_stays_the_same_instance(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    before = await facts_of(house)
    await apply(house, "installed", baseUrl="https://renamed.atlassian.net/")
    after = await facts_of(house)
    assert after.instance_id == before.instance_id
    assert after.site.base_url == "https://renamed.atlassian.net"
    assert one(superuser, "SELECT count(*) FROM installations") == 1


async def test_a_data_import_is_a_new_instance_and_marks_the_old_one(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    before = await facts_of(house)
    await apply(house, "installed", clientKey=OTHER_KEY)
    after = await facts_of(house, OTHER_KEY)
    assert after.instance_id != before.instance_id
    assert after.is_installed
    marked = "SELECT instance_id FROM installations WHERE superseded_at IS NOT NULL"
    assert one(superuser, marked) == before.instance_id


async def test_a_site_whose_address_another_took_is_not_locked_out(house: House) -> None:
    await apply(house, "installed")
    await apply(house, "installed", clientKey=OTHER_KEY)
    assert (await facts_of(house)).is_installed


async def test_a_superseded_site_that_installs_again_is_the_present_one(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    before = await facts_of(house)
    await apply(house, "installed", clientKey=OTHER_KEY)
    await apply(house, "installed")
    assert (await facts_of(house)).instance_id == before.instance_id
    other = (await facts_of(house, OTHER_KEY)).instance_id
    marked = "SELECT instance_id FROM installations WHERE superseded_at IS NOT NULL"
    assert one(superuser, marked) == other


@pytest.mark.parametrize("order", list(itertools.permutations(["disabled", "uninstalled"])))
async def test_uninstalled_wins_over_disabled_in_either_order(
    house: House, order: tuple[str, ...]
) -> None:
    await apply(house, "installed")
    for event_type in order:
        await apply(house, event_type)
    facts = await facts_of(house)
    assert not facts.is_installed
    assert not facts.is_enabled


async def test_disabled_and_uninstalled_at_the_very_same_time_end_as_uninstalled(
    house: House,
) -> None:
    for _ in range(5):
        await apply(house, "installed")
        await apply(house, "enabled")
        assert (await facts_of(house)).is_enabled
        await asyncio.gather(apply(house, "disabled"), apply(house, "uninstalled"))
        facts = await facts_of(house)
        assert (facts.is_installed, facts.is_enabled) == (False, False)


async def test_enabled_after_uninstalled_opens_nothing(house: House) -> None:
    await apply(house, "installed")
    await apply(house, "uninstalled")
    await apply(house, "enabled")
    facts = await facts_of(house)
    assert (facts.is_installed, facts.is_enabled) == (False, False)


async def test_the_day_of_the_uninstall_is_not_moved_by_a_second_one(
    house: House, superuser: psycopg.Connection
) -> None:
    await apply(house, "installed")
    await apply(house, "uninstalled")
    first = one(superuser, "SELECT uninstalled_at FROM installations")
    await apply(house, "uninstalled")
    assert one(superuser, "SELECT uninstalled_at FROM installations") == first


@pytest.mark.parametrize("event_type", ["uninstalled", "enabled", "disabled"])
async def test_events_of_a_site_never_seen_change_nothing(
    house: House, superuser: psycopg.Connection, event_type: str
) -> None:
    await apply(house, event_type)
    assert one(superuser, "SELECT count(*) FROM instances") == 0


@pytest.mark.parametrize(
    ("fields", "display_url", "account"),
    [
        ({}, BASE_URL, "atlassian"),
        ({"displayUrl": "https://jira.acme.com/"}, "https://jira.acme.com", "atlassian"),
        ({"accountId": "5b10a2844c20165700ede21g"}, BASE_URL, "jira:5b10a2844c20165700ede21g"),
        ({"accountId": "no such shape / at all"}, BASE_URL, "atlassian"),
        ({"capabilitySet": "advanced", "cloudId": str(uuid4()), "x": 1}, BASE_URL, "atlassian"),
        ({"productType": None, "description": "nul \0 and 雪"}, BASE_URL, "atlassian"),
    ],
)
async def test_missing_and_unknown_fields_are_taken_as_they_come(
    house: House,
    superuser: psycopg.Connection,
    fields: dict[str, Any],
    display_url: str,
    account: str,
) -> None:
    await apply(house, "installed", **fields)
    assert (await facts_of(house)).site.display_url == display_url
    assert one(superuser, "SELECT account FROM audit_entries") == account


async def test_a_token_counts_once_and_a_replay_changes_nothing(
    house: House, superuser: psycopg.Connection
) -> None:
    token = fresh_token()
    await house.lifecycle.apply(event("installed"), token)
    forged = event("installed", sharedSecret="the secret of somebody else")
    with pytest.raises(TokenReplayed):
        await house.lifecycle.apply(forged, token)
    assert (await facts_of(house)).site.secret == SECRET
    assert one(superuser, "SELECT count(*) FROM audit_entries") == 1


async def test_of_two_uses_of_one_token_at_the_same_time_one_counts(house: House) -> None:
    token = fresh_token()
    outcomes = await asyncio.gather(
        *(house.lifecycle.apply(event("installed"), token) for _ in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "NoneType",
        *["TokenReplayed"] * 3,
    ]


async def test_first_installs_at_the_same_time_make_one_instance(
    house: House, superuser: psycopg.Connection
) -> None:
    await asyncio.gather(*(apply(house, "installed") for _ in range(4)))
    assert one(superuser, "SELECT count(*) FROM instances") == 1


async def test_of_two_new_sites_at_one_address_only_one_is_asked(
    house: House, superuser: psycopg.Connection
) -> None:
    await asyncio.gather(apply(house, "installed"), apply(house, "installed", clientKey=OTHER_KEY))
    assert one(superuser, "SELECT count(*) FROM installations WHERE superseded_at IS NULL") == 1


async def test_every_event_is_in_the_trail(house: House, superuser: psycopg.Connection) -> None:
    for event_type in ("installed", "enabled", "disabled", "uninstalled"):
        await apply(house, event_type)
    actions = superuser.execute("SELECT action FROM audit_entries ORDER BY id").fetchall()
    assert [action for (action,) in actions] == [
        "lifecycle: installed",
        "lifecycle: enabled",
        "lifecycle: disabled",
        "lifecycle: uninstalled",
    ]
