"""`make run`: a database, the app, a worker, a local Jira with the app, and tools beside it.

Ctrl-C ends all.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from dev import console
from dev.places import ROOT, VAR
from dev.postgres import start_postgres
from dev.stand_ins import STAND_INS, StandIn

READY_WITHIN_S = 60
LAST_PORT = 65535
# One client for all questions: to make one takes longer than to ask.
ASKING = httpx.Client(timeout=2)
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
    console_port = _port("CONSOLE_PORT", port + 1)
    app_url, jira_url = f"http://localhost:{port}", f"http://localhost:{sandbox_port}"
    console_url = f"http://localhost:{console_port}"
    _require_free(port, "PORT", port + 1)
    _require_row(sandbox_port, {"PORT": port, "CONSOLE_PORT": console_port})
    if console_port == port:
        raise CannotRun(f"PORT and CONSOLE_PORT cannot both be {port}.")
    _require_free(console_port, "CONSOLE_PORT", console_port + 1)
    beside = tuple(_beside(each, sandbox_port) for each in STAND_INS)
    # They need no database, so they come up while it does.
    for each, program in zip(STAND_INS, beside, strict=True):
        settings = each.settings(sandbox_port, VAR / "sandbox")
        started.append(_start(program, {**os.environ, **settings}))
    server = start_postgres(VAR / "postgres")
    environment = {**os.environ, **_settings(server.get_uri(), app_url, jira_url)}
    _migrate(environment)
    for_console = console.settings(
        server.get_uri(), console_url, _key("support-key"), _key("support-session-key")
    )
    password = console.agent({**environment, **for_console})
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
    support = Program(
        "console",
        _web("app.support.console.main:app", console_port),
        is_ready=lambda: _answers(f"{console_url}/health/ready"),
    )
    started.append(_start(support, {**os.environ, **for_console}))
    for program in (*beside, *programs, support):
        _wait_until(program.is_ready, started, f"the {program.name}")
    tools = "\n".join(each.line(sandbox_port) for each in STAND_INS)
    agent = f"{console.EMAIL}, password {password}"
    told = {"app": app_url, "jira": jira_url, "console": console_url, "agent": agent}
    print(WELCOME.format(**told, tools=tools))
    while all(process.poll() is None for process in started):
        time.sleep(0.5)
    raise CannotRun("a part of it ended by itself: see var/log/.")


WELCOME = """
Getint runs inside a local Jira site.

  Jira      {jira}        become one of five people, with one click
  Apps      {jira}/plugins/servlet/upm   licence, re-install, requests
  Getint    {app}         the app itself (it opens from inside Jira)
  Support   {console}        the console of the vendor's support
  Logs      var/log/, a file for each program

Begin as Alice Admin: Apps > Getint, and finish the set-up. Then become
Gia Gitlab, Axel Azure, Pia Project (Project settings of PAY) and Nora Nobody.

Sam Support, an agent, signs in at the console: {agent};
.venv/bin/python -m dev.console prints the code. What Sam may see, Alice decides:
Settings > Account access, and Share with Support on a run.

To integrate with; open them in a browser too. Getint asks for what follows:

{tools}

Ctrl-C stops everything; what you did is kept in var/.
"""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _port(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or not 0 < int(value) <= LAST_PORT:
        raise CannotRun(f"{name} must be a port number, not {value!r}.")
    return int(value)


def _require_row(sandbox_port: int, others: Mapping[str, int]) -> None:
    """The port of the local Jira, and those of the tools, which follow it."""
    names = {sandbox_port: "the local Jira"}
    names |= {sandbox_port + each.offset: each.name for each in STAND_INS}
    last = max(names)
    if last > LAST_PORT:
        raise CannotRun(f"SANDBOX_PORT can be {LAST_PORT - (last - sandbox_port)} at most.")
    for setting, number in others.items():
        if number in names:
            raise CannotRun(
                f"{setting}={number} is where {names[number]} would be: SANDBOX_PORT="
                f"{sandbox_port} takes the ports up to {last}. Choose another: "
                f"{setting}={last + 1} make run"
            )
    for number, name in names.items():
        _require_free(number, "SANDBOX_PORT", last + 1, f", where {name} would be,")


def _require_free(number: int, setting: str, instead: int, what: str = "") -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            raise CannotRun(
                f"port {number}{what} is taken. Stop what uses it, or choose another: "
                f"{setting}={instead} make run"
            ) from None


def _beside(tool: StandIn, sandbox_port: int) -> Program:
    application, *options = tool.program
    port, address = sandbox_port + tool.offset, tool.url(sandbox_port)
    return Program(
        tool.kept_in,
        _web(application, port, "--factory", *options),
        is_ready=lambda: _answers(f"{address}/sandbox/api/state"),
    )


def _settings(database_url: str, app_url: str, jira_url: str) -> Mapping[str, str]:
    return {
        "APP_ENV": "development",
        "APP_BASE_URL": app_url,
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": _key("encryption-key"),
        "SUPPORT_PUBLIC_KEYS": _public_half(_key("support-key")),
        "CONNECT_INSTALL_KEYS_URL": f"{jira_url}/install-keys",
        "AP_JS_URL": f"{jira_url}/atlassian-connect/all.js",
        "SANDBOX_BASE_URL": jira_url,
        "SANDBOX_STATE": str(VAR / "sandbox" / "state.json"),
        "SANDBOX_INSTALL": f"{app_url}/atlassian-connect.json",
    }


def _key(name: str) -> str:
    """A key of this machine's own, made once: what is sealed in var/postgres needs it again."""
    path = VAR / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.b64encode(os.urandom(32)).decode())
    return path.read_text().strip()


def _public_half(private: str) -> str:
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _migrate(environment: Mapping[str, str]) -> None:
    for command in (("alembic", "upgrade", "head"), ("app.support.console_role",)):
        done = subprocess.run(
            [sys.executable, "-m", *command],
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
        return ASKING.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def _is_installed(jira_url: str) -> bool:
    try:
        addon = ASKING.get(f"{jira_url}/sandbox/api/state").json().get("addon")
    except (httpx.HTTPError, ValueError):
        return False
    return bool(addon and addon["installed"] and addon["enabled"])


if __name__ == "__main__":
    main()
