"""`make run`: a database, the app, a worker, a local Jira site with the app. Ctrl-C ends all."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from dev.postgres import start_postgres

ROOT = Path(__file__).resolve().parents[1]
# Elsewhere for a second, fresh one beside it, as dev/screenshots.py has.
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var")
READY_WITHIN_S = 60
ENDS_WITHIN_S = 30  # a worker lets slices finish their page


class CannotRun(Exception):  # noqa: N818 - its text is the one line that a person reads
    """Something that has to be mended first."""


def main() -> None:
    """Run until interrupted; exits with one line if that cannot be."""
    signal.signal(signal.SIGTERM, _interrupt)
    started: list[subprocess.Popen[bytes]] = []
    try:
        _run(started)
    except KeyboardInterrupt:
        print("\nStopping.")
    except CannotRun as problem:
        sys.exit(f"Getint: {problem}")
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=ENDS_WITHIN_S)


@dataclass(frozen=True)
class Program:
    """A process of the house: its log's name, what follows ``python -m``, and when it is ready."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] = lambda: True


def _run(started: list[subprocess.Popen[bytes]]) -> None:
    port, sandbox_port = _port("PORT", 8000), _port("SANDBOX_PORT", 2990)
    app_url, jira_url = f"http://localhost:{port}", f"http://localhost:{sandbox_port}"
    for number, name in ((port, "PORT"), (sandbox_port, "SANDBOX_PORT")):
        _require_free(number, name)
    server = start_postgres(VAR / "postgres")
    environment = {**os.environ, **_settings(server.get_uri(), app_url, jira_url)}
    _migrate(environment)
    programs = (
        Program(
            "app", _web("app.main:app", port), is_ready=lambda: _answers(f"{app_url}/health/ready")
        ),
        Program("worker", ["app.worker"]),
        Program(
            "sandbox",
            _web("sandbox.main:app", sandbox_port, "--factory"),
            is_ready=lambda: _is_installed(jira_url),
        ),
    )
    for program in programs:
        started.append(_start(program, environment))
    for program in programs:
        _wait_until(program.is_ready, started, f"the {program.name}")
    logs = ", ".join(f"var/log/{program.name}.log" for program in programs)
    print(WELCOME.format(app=app_url, jira=jira_url, logs=logs))
    while all(process.poll() is None for process in started):
        time.sleep(0.5)
    raise CannotRun("a part of it ended by itself: see var/log/.")


WELCOME = """
Getint runs inside a local Jira site.

  Jira      {jira}        become one of five people, with one click
  Apps      {jira}/plugins/servlet/upm   licence, re-install, requests
  Getint    {app}         the app itself (it opens from inside Jira)
  Logs      {logs}

Begin as Alice Admin: Apps > Getint, and finish the set-up. Then become
Gia Gitlab, Axel Azure, Pia Project (Project settings of PAY) and Nora Nobody.

Ctrl-C stops everything; what you did is kept in var/.
"""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _port(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise CannotRun(f"{name} must be a port number, not {value!r}.")
    return int(value)


def _require_free(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CannotRun(
                f"port {port} is taken. Stop what uses it, or choose another: {name}={port + 1} "
                "make run"
            ) from None


def _settings(database_url: str, app_url: str, jira_url: str) -> Mapping[str, str]:
    return {
        "APP_ENV": "development",
        "APP_BASE_URL": app_url,
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": _encryption_key(),
        "CONNECT_INSTALL_KEYS_URL": f"{jira_url}/install-keys",
        "AP_JS_URL": f"{jira_url}/atlassian-connect/all.js",
        "SANDBOX_BASE_URL": jira_url,
        "SANDBOX_STATE": str(VAR / "sandbox" / "state.json"),
        "SANDBOX_INSTALL": f"{app_url}/atlassian-connect.json",
    }


def _encryption_key() -> str:
    """A key of this machine's own, made once: what is sealed in var/postgres needs it again."""
    path = VAR / "encryption-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.b64encode(os.urandom(32)).decode())
    return path.read_text().strip()


def _migrate(environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotRun(f"the database could not be migrated:\n{done.stderr}")


def _web(application: str, port: int, *options: str) -> Sequence[str]:
    on = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    return ["uvicorn", *options, application, *on]


def _start(program: Program, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    log = VAR / "log" / f"{program.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *program.command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches this program alone, which then ends them in order.
            start_new_session=True,
        )


def _wait_until(
    ready: Callable[[], bool], started: list[subprocess.Popen[bytes]], what: str
) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not ready():
        if any(process.poll() is not None for process in started) or time.monotonic() > deadline:
            raise CannotRun(f"{what} did not start: see var/log/.")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _is_installed(jira_url: str) -> bool:
    try:
        addon = httpx.get(f"{jira_url}/sandbox/api/state", timeout=2).json().get("addon")
    except (httpx.HTTPError, ValueError):
        return False
    return bool(addon and addon["installed"] and addon["enabled"])


if __name__ == "__main__":
    main()
