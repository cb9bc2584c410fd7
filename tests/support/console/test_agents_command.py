"""The operator makes, resets and shuts out agents; what they sign in with is told once."""

import base64
from typing import Any

import psycopg
import pytest

from app.support.console.agents import main
from tests.support.console.conftest import NewBrowser
from tests.support.console.kit import EMAIL, SESSION_KEY, SignInOf, credentials


@pytest.fixture(autouse=True)
def environment(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "APP_ENV": "development",
        "DATABASE_URL": migrated_url,
        "SUPPORT_SESSION_KEYS": base64.b64encode(SESSION_KEY).decode(),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ENCRYPTION_KEYS", raising=False)


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


async def _signs_in(browser: NewBrowser, sign_in: SignInOf) -> bool:
    return (await browser().post("/sign-in", data=sign_in.form())).status_code == 303


async def test_an_agent_signs_in_with_what_the_command_has_told(
    new_browser: NewBrowser, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in = credentials(_told(capsys, "create", f" {EMAIL.upper()}", "--name", "Sam"))
    assert sign_in.email == EMAIL
    assert await _signs_in(new_browser, sign_in)
    assert f"{EMAIL}\tSam\tactive\tpassword and code" in _told(capsys, "list")


async def test_after_a_reset_the_old_password_the_old_code_and_all_sessions_are_worth_nothing(
    new_browser: NewBrowser, capsys: pytest.CaptureFixture[str]
) -> None:
    before = credentials(_told(capsys, "create", EMAIL, "--name", "Sam"))
    browser = new_browser()
    await browser.post("/sign-in", data=before.form())
    after = credentials(_told(capsys, "reset", EMAIL))
    assert (await browser.get("/account")).status_code == 401
    assert not await _signs_in(new_browser, before)
    assert await _signs_in(new_browser, after)


async def test_a_disabled_agent_is_out_and_an_enabled_one_in_again(
    new_browser: NewBrowser, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in = credentials(_told(capsys, "create", EMAIL, "--name", "Sam"))
    _told(capsys, "disable", EMAIL)
    assert not await _signs_in(new_browser, sign_in)
    _told(capsys, "enable", EMAIL)
    assert await _signs_in(new_browser, sign_in)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("disable", "nobody@vendor.example"), "There is no agent nobody@vendor.example."),
        (("create", "no-address", "--name", "Sam"), "That is no e-mail address."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"{told}\n"


def test_nobody_is_made_twice(
    superuser: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", EMAIL, "--name", "Sam"]) == 0
    assert main(["create", EMAIL, "--name", "Another"]) == 1
    assert "already" in capsys.readouterr().err
    assert superuser.execute("SELECT display_name FROM support_agents").fetchall() == [("Sam",)]
