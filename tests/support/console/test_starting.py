"""The console starts without the master key, and with its own role only."""

import base64
import re
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from app.database import DatabaseUnusable
from app.settings import SettingsMissing
from app.support.console.role import RoleReadsTooMuch, require_console_database
from app.support.console.settings import ConsoleSettings, load_console_settings
from app.support.console_role import SUPPORT_ROLE
from tests.support.console.kit import SESSION_KEY
from tests.support.kit import SUPPORT_KEY

NEEDED = {
    "SUPPORT_BASE_URL": "https://support.example.com",
    "SUPPORT_DATABASE_URL": "postgresql://getint_support:x@localhost/getint",
    "SUPPORT_PRIVATE_KEYS": base64.b64encode(SUPPORT_KEY).decode(),
    "SUPPORT_SESSION_KEYS": base64.b64encode(SESSION_KEY).decode(),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("ENCRYPTION_KEYS", "DATABASE_URL", "APP_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_it_needs_no_master_key_and_takes_none(environment: pytest.MonkeyPatch) -> None:
    master_key = base64.b64encode(b"a master key of tests, 32 bytes.").decode()
    environment.setenv("ENCRYPTION_KEYS", master_key)
    assert master_key not in repr(
        {name: str(value) for name, value in load_console_settings().model_dump().items()}
    )
    assert "encryption_keys" not in ConsoleSettings.model_fields


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_said_in_one_line(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)
    with pytest.raises(SettingsMissing, match=f"{name}: is not set"):
        load_console_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPPORT_BASE_URL", "http://support.example.com"),
        ("SUPPORT_PRIVATE_KEYS", "c2hvcnQ="),
        ("SUPPORT_OIDC_ISSUER", "http://idp.example.com"),
        ("SUPPORT_OIDC_CLIENT_ID", "console"),
    ],
)
def test_what_is_wrong_is_said_without_what_was_set(
    name: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsMissing) as problem:
        load_console_settings()
    assert value not in str(problem.value)


def test_its_own_role_is_taken(console_settings: ConsoleSettings) -> None:
    require_console_database(console_settings)


def test_a_role_that_sees_everything_is_refused(console_settings: ConsoleSettings) -> None:
    production = console_settings.model_copy(update={"app_env": "production"})
    with pytest.raises(RoleReadsTooMuch, match="superuser"):
        require_console_database(production)


def test_a_role_that_was_given_more_is_refused_and_told_what(
    console_settings: ConsoleSettings, superuser: psycopg.Connection[Any]
) -> None:
    for privilege, told in (
        ("SELECT (wrapped_key) ON instances", "instances.wrapped_key"),
        ("SELECT (credentials) ON connections", "connections.credentials"),
        ("SELECT (wrapped_key) ON runs", "runs.wrapped_key"),
        ("SELECT ON links", "links.id"),
        ("UPDATE ON integrations", "integrations"),
        ("INSERT (note) ON support_grants", "support_grants"),
        ("DELETE ON log_chunks", "log_chunks"),
    ):
        superuser.execute(f"GRANT {privilege} TO {SUPPORT_ROLE}")
        try:
            with pytest.raises(RoleReadsTooMuch, match=re.escape(told)):
                require_console_database(console_settings)
        finally:
            superuser.execute(f"REVOKE {privilege} FROM {SUPPORT_ROLE}")


def test_the_apps_role_is_refused(
    console_settings: ConsoleSettings, superuser: psycopg.Connection[Any]
) -> None:
    superuser.execute("CREATE ROLE ordinary LOGIN IN ROLE getint_app")
    try:
        url = console_settings.libpq_url.replace("postgres:", "ordinary:", 1)
        apps = console_settings.model_copy(
            update={"app_env": "production", "support_database_url": SecretStr(url)}
        )
        with pytest.raises(RoleReadsTooMuch, match=r"instances\.wrapped_key"):
            require_console_database(apps)
    finally:
        superuser.execute("DROP ROLE ordinary")


def test_a_database_that_does_not_answer_is_said_in_one_line(
    console_settings: ConsoleSettings,
) -> None:
    nowhere = SecretStr("postgresql://getint_support:hush@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnusable) as problem:
        require_console_database(
            console_settings.model_copy(update={"support_database_url": nowhere})
        )
    assert "hush" not in str(problem.value)
