"""The console of support beside the app, started without any key of the app, and an agent.

`python -m dev.console` prints a code of theirs, as their telephone would.
"""

import re
import subprocess
import sys
from collections.abc import Mapping

import pyotp

from dev.places import ROOT, VAR

EMAIL, NAME = "sam@vendor.example", "Sam Support"
KEPT_IN = "support-agent"


def settings(database_url: str, url: str, private_key: str, session_key: str) -> Mapping[str, str]:
    """What the console is started with."""
    return {
        "APP_ENV": "development",
        "SUPPORT_BASE_URL": url,
        "SUPPORT_DATABASE_URL": database_url,
        "SUPPORT_PRIVATE_KEYS": private_key,
        "SUPPORT_SESSION_KEYS": session_key,
    }


def agent(environment: Mapping[str, str]) -> str:
    """What the agent of this machine signs in with: made once, by the operator's command."""
    kept = VAR / KEPT_IN
    told = _command(environment, "create", EMAIL, "--name", NAME)
    if told is None and not kept.exists():
        told = _command(environment, "reset", EMAIL)
    if told is not None:
        kept.touch(mode=0o600)
        kept.write_text(told)
    return password_in(kept.read_text())


def password_in(told: str) -> str:
    """Of what the command has told."""
    found = re.search(r"^Password: +(\S+)$", told, re.M)
    return found[1] if found else ""


def code_in(told: str) -> str:
    """The code of now."""
    secret = re.search(r"[?&]secret=([A-Z2-7]+)", told)
    return pyotp.TOTP(secret[1]).now() if secret else ""


def _command(environment: Mapping[str, str], *arguments: str) -> str | None:
    done = subprocess.run(
        [sys.executable, "-m", "app.support.console.agents", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


def main() -> None:
    """Print the code of now."""
    print(code_in((VAR / KEPT_IN).read_text()))


if __name__ == "__main__":
    main()
