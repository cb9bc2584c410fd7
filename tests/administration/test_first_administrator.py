"""The operator's command: the first administrator of an instance on its own, and of others."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from app.administration.first_administrator import main
from app.administration.links import instance_of, use_link
from app.house import House
from sandbox.running import Sandbox
from tests.conftest import _environment

WHO = ("--email", "Root@Example.com", "--name", "Root Admin")


@pytest.fixture(autouse=True)
def environment(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _environment(migrated_url).items():
        monkeypatch.setenv(name, value)


async def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints; it runs a loop of its own."""
    assert await asyncio.to_thread(main, arguments) == 0
    return capsys.readouterr().out


def token_in(text: str) -> str:
    return text.partition("/welcome#")[2].split()[0]


async def test_it_makes_an_instance_on_its_own_with_an_administrator_and_a_link(
    house: House, capsys: pytest.CaptureFixture[str], superuser: psycopg.Connection
) -> None:
    text = await told(capsys, *WHO)
    token = token_in(text)
    instance_id = instance_of(token)
    assert instance_id
    assert f"http://localhost:8000/sign-in/{instance_id}\n" in text
    facts = await house.directory.of_instance(instance_id)
    assert facts
    assert (facts.linked_site, facts.is_configured, facts.is_installed) == (None, True, True)
    assert [workspace.name for workspace in facts.workspaces.values()] == ["Default workspace"]
    async with house.database.of_instance(instance_id) as session:
        account = await use_link(session, token)
    assert account
    assert (account.email, account.enabled, account.is_administrator, account.password_hash) == (
        "Root@example.com",
        True,
        True,
        None,
    )
    entry = superuser.execute("SELECT account, door, action FROM audit_entries").fetchone()
    assert entry == ("operator", "command", "manage users")


async def test_again_it_prints_another_link_and_makes_nothing_new(
    house: House, capsys: pytest.CaptureFixture[str], superuser: psycopg.Connection
) -> None:
    first = token_in(await told(capsys, *WHO))
    superuser.execute("UPDATE accounts SET enabled = false, is_administrator = false")
    second = token_in(await told(capsys, *WHO))
    counts = superuser.execute(
        "SELECT (SELECT count(*) FROM instances), (SELECT count(*) FROM accounts"
        " WHERE enabled AND is_administrator)"
    ).fetchone()
    assert counts == (1, 1)
    instance_id = instance_of(first)
    assert instance_id
    async with house.database.of_instance(instance_id) as session:
        assert await use_link(session, first) is None
        assert await use_link(session, second) is not None


async def test_beside_a_jira_the_account_belongs_to_its_instance(
    installed: Sandbox, capsys: pytest.CaptureFixture[str], superuser: psycopg.Connection
) -> None:
    token = token_in(await told(capsys, *WHO))
    row = superuser.execute("SELECT instance_id FROM installations").fetchone()
    assert row == (instance_of(token),)


async def test_of_several_instances_one_has_to_be_named(
    configured: Sandbox,
    other_site: Sandbox,
    capsys: pytest.CaptureFixture[str],
    superuser: psycopg.Connection,
) -> None:
    assert await asyncio.to_thread(main, WHO) == 1
    assert "name one with --instance" in capsys.readouterr().err
    rows = superuser.execute("SELECT id FROM instances").fetchall()
    token = token_in(await told(capsys, *WHO, "--instance", str(rows[1][0])))
    assert instance_of(token) == rows[1][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--email", "nobody", "--name", "Root"), "Enter an e-mail address"),
        (("--email", "r@example.com", "--name", " "), "A name has up to"),
        (("--email", "r@example.com", "--name", "a\nb"), "A name has up to"),
        ((*WHO, "--instance", str(UUID(int=1))), "There is no instance"),
    ],
)
def test_what_can_not_be_is_said_in_one_line_and_makes_nothing(
    capsys: pytest.CaptureFixture[str],
    superuser: psycopg.Connection,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    assert main(arguments) == 1
    found = capsys.readouterr()
    assert said in found.err
    assert found.err.count("\n") == 1
    assert found.out == ""
    assert superuser.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_without_settings_it_says_which_are_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENCRYPTION_KEYS")
    assert main(WHO) == 1
    assert "ENCRYPTION_KEYS: is not set" in capsys.readouterr().err
