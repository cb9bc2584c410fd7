"""A new master key takes over without anybody noticing."""

import asyncio
import base64
import os
import sys
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from app.encryption import CannotOpen, MasterKeys
from app.house import House
from app.instances.rewrap_keys import rewrap_keys
from app.settings import Settings
from tests.instances.kit import CLIENT_KEY, SECRET, event, fresh_token

ROOT = Path(__file__).resolve().parents[2]
NEW = b"the newest master key, 32 bytes."
OTHER = b"a master key that nobody knows.."


def wrapped(superuser: psycopg.Connection) -> list[tuple[bytes]]:
    return superuser.execute("SELECT wrapped_key FROM instances ORDER BY id").fetchall()


async def two_instances(house: House) -> None:
    await house.lifecycle.apply(event("installed"), fresh_token())
    other = event("installed", clientKey="other", baseUrl="https://other.atlassian.net")
    await house.lifecycle.apply(other, fresh_token())


async def test_all_keys_move_to_the_newest_and_what_they_sealed_still_opens(
    house: House, settings: Settings, superuser: psycopg.Connection
) -> None:
    await two_instances(house)
    both = MasterKeys((NEW, *settings.master_keys))
    assert (await rewrap_keys(house.database, both)).count == 2
    assert (await rewrap_keys(house.database, both)).count == 0
    only_new = MasterKeys((NEW,))
    for instance_id, key, sealed, row_id in superuser.execute(
        "SELECT instance_id, wrapped_key, secret, installations.id"
        " FROM installations JOIN instances ON instances.id = instance_id"
    ):
        opened = only_new.instance_key(key, instance_id)
        assert opened.open(sealed, "installations", row_id, "secret").decode() == SECRET


async def test_before_that_the_new_key_alone_opens_nothing(
    house: House, superuser: psycopg.Connection
) -> None:
    await two_instances(house)
    facts = await house.directory.find(CLIENT_KEY)
    assert facts is not None
    for (key,) in wrapped(superuser):
        with pytest.raises(CannotOpen):
            MasterKeys((NEW,)).instance_key(key, facts.instance_id)


async def test_a_key_that_does_not_open_is_named_and_left_as_it_is(
    house: House, superuser: psycopg.Connection
) -> None:
    await two_instances(house)
    before = wrapped(superuser)
    done = await rewrap_keys(house.database, MasterKeys((NEW, OTHER)))
    assert (done.count, len(done.failed)) == (0, 2)
    assert wrapped(superuser) == before


async def test_the_command_says_what_it_did(
    house: House, settings: Settings, superuser: psycopg.Connection
) -> None:
    await two_instances(house)
    keys = [NEW, *settings.master_keys]
    code, said, complained = await _command(settings, keys)
    assert (code, complained) == (0, "")
    assert said == "2 instance keys were put under the newest master key.\n"
    newest = MasterKeys((NEW,))
    assert all(newest.is_current(key) for (key,) in wrapped(superuser))


async def test_the_command_says_in_one_line_why_it_can_not_begin(settings: Settings) -> None:
    nowhere = SecretStr("postgresql://getint:hush@127.0.0.1:1/nothing")
    away = settings.model_copy(update={"database_url": nowhere})
    code, said, complained = await _command(away, list(settings.master_keys))
    assert (code, said) == (1, "")
    assert complained.count("\n") == 1
    assert "does not answer" in complained
    assert "hush" not in complained


async def _command(settings: Settings, keys: list[bytes]) -> tuple[int | None, str, str]:
    environment = {
        **os.environ,
        "APP_ENV": "development",
        "APP_BASE_URL": settings.app_base_url,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "ENCRYPTION_KEYS": ",".join(base64.b64encode(key).decode() for key in keys),
    }
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.instances.rewrap_keys"),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await command.communicate()
    return command.returncode, said.decode(), complained.decode()
