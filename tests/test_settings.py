"""Settings come from the environment; what is wrong is said by name and never shown."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import Settings, SettingsMissing, load_settings

ROOT = Path(__file__).resolve().parents[1]
KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "APP_BASE_URL": "https://getint.example.com/",
    "DATABASE_URL": "postgresql://getint:hush@db/getint",
    "ENCRYPTION_KEYS": KEY,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_documented_defaults_hold(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.app_env == "production"
    assert settings.app_base_url == "https://getint.example.com"
    assert settings.connect_install_keys_url == "https://connect-install-keys.atlassian.com"
    assert settings.connect_allowed_hosts == ["*.atlassian.net", "*.jira.com"]
    assert settings.group_prefix == "getint"
    assert settings.ap_js_url == "https://connect-cdn.atl-paas.net/all.js"
    assert settings.master_keys == (bytes(range(32)),)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)
    with pytest.raises(SettingsMissing, match=f"{name}: is not set"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_BASE_URL", "getint.example.com"),
        ("APP_BASE_URL", "http://getint.example.com"),
        ("APP_BASE_URL", "https://user@getint.example.com"),
        ("APP_BASE_URL", "javascript:alert(1)"),
        ("CONNECT_INSTALL_KEYS_URL", "http://keys.example.com"),
        ("AP_JS_URL", "//connect-cdn.atl-paas.net/all.js"),
        ("DATABASE_URL", "sqlite:///hush.db"),
        ("ENCRYPTION_KEYS", "hush"),
        ("ENCRYPTION_KEYS", base64.b64encode(b"hush").decode()),
        ("ENCRYPTION_KEYS", f"{KEY},hush"),
        ("ENCRYPTION_KEYS", ","),
        ("SUPPORT_PUBLIC_KEYS", "hush"),
        ("SUPPORT_PUBLIC_KEYS", base64.b64encode(bytes(32)).decode()),
        ("GROUP_PREFIX", "Get int"),
        ("APP_ENV", "staging"),
        ("CONNECT_APP_KEY", "a/b"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(
    name: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsMissing) as problem:
        load_settings()
    assert name in str(problem.value)
    assert "hush" not in str(problem.value)
    assert "\n" not in str(problem.value)


def test_http_is_for_loopback_only(environment: pytest.MonkeyPatch) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        environment.setenv("APP_BASE_URL", f"http://{host}:8000")
        assert load_settings().app_base_url == f"http://{host}:8000"


def test_keys_are_read_newest_first(environment: pytest.MonkeyPatch) -> None:
    older = base64.b64encode(b"o" * 32).decode()
    environment.setenv("ENCRYPTION_KEYS", f"{KEY}, {older}")
    assert load_settings().master_keys == (bytes(range(32)), b"o" * 32)


def test_secrets_are_not_in_the_settings_own_picture(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    _ = settings.master_keys
    for picture in (repr(settings), str(settings)):
        assert "hush" not in picture
        assert KEY not in picture


@pytest.mark.parametrize(
    "command", [["uvicorn", "app.main:app"], ["app.worker"], ["alembic", "upgrade", "head"]]
)
def test_nothing_starts_without_a_database_and_secrets(command: list[str]) -> None:
    missing = {"DATABASE_URL", "ENCRYPTION_KEYS"}
    environment = {name: value for name, value in GOOD.items() if name not in missing}
    environment["PATH"] = os.environ["PATH"]
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    for name in missing:
        assert f"{name}: is not set" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hush" not in ended.stderr + ended.stdout
