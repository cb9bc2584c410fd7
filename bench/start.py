"""From a fresh clone to the first page, from a restart to the first page, and the memory."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.figures import Figures
from bench.processes import ROOT
from bench.stand import free_port
from sandbox.modules import context_parameters, framed_path, module_of, path_hash
from sandbox.seed import ALICE
from sandbox.site import SiteState
from sandbox.tokens import sign_page

LONGEST_S = 900


def measure() -> Figures:
    """`make run` in a clone of what is committed, with no package in any cache, then again."""
    with tempfile.TemporaryDirectory(prefix="getint-bench-clone-") as name:
        folder = Path(name)
        ports = free_port(), free_port()  # the same at each start: Jira keeps its address
        began = time.monotonic()
        _git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder / "clone"))
        caches = {
            "UV_CACHE_DIR": str(folder / "uv-cache"),
            "PIP_NO_CACHE_DIR": "1",
            "npm_config_cache": str(folder / "npm-cache"),
        }
        with _running(folder / "clone", caches, ports) as urls:
            fresh = _first_page(folder / "clone", *urls) - began
        began = time.monotonic()
        with _running(folder / "clone", caches, ports) as urls:
            again = _first_page(folder / "clone", *urls) - began
            time.sleep(2)
            memory = _memory(folder / "clone")
        size = _size_mb(folder / "clone")
        shutil.rmtree(folder / "clone" / ".venv")
        shutil.rmtree(folder / "clone" / "node_modules")
        (folder / "clone" / "var" / "installed").unlink()
        began = time.monotonic()
        with _running(folder / "clone", caches, ports) as urls:
            cached = _first_page(folder / "clone", *urls) - began
    rows = [
        ("git clone and make run to the first page, nothing cached", f"{fresh:.1f} s"),
        ("the same with the packages in uv's and npm's caches", f"{cached:.1f} s"),
        ("make run again to the first page", f"{again:.1f} s"),
        ("on disk after it", f"{size:,.0f} MB"),
        *((f"memory of {name}", f"{mb:.0f} MB") for name, mb in memory.items()),
    ]
    return Figures(
        "start",
        ("", ""),
        rows,
        (
            "The first page is the general page, framed and signed as Jira does it, answered with "
            "200. Memory is the proportional share (PSS), after that page. Packages came from a "
            "registry nearby.",
        ),
    )


@contextmanager
def _running(
    clone: Path, caches: dict[str, str], ports: tuple[int, int]
) -> Iterator[tuple[str, str]]:
    port, sandbox_port = ports
    environment = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        **caches,
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
    }
    with (clone.parent / "make.log").open("ab") as log:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield f"http://localhost:{port}", f"http://localhost:{sandbox_port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


def _first_page(clone: Path, app_url: str, jira_url: str) -> float:
    deadline = time.monotonic() + LONGEST_S
    with httpx.Client(timeout=10) as http:
        while time.monotonic() < deadline:
            if _is_shown(clone, http, app_url, jira_url):
                return time.monotonic()
            time.sleep(0.1)
    log = (clone.parent / "make.log").read_text()[-1000:]
    raise RuntimeError(f"make run showed no page in {LONGEST_S} s:\n{log}")


def _is_shown(clone: Path, http: httpx.Client, app_url: str, jira_url: str) -> bool:
    try:
        addon = http.get(f"{jira_url}/sandbox/api/state").json().get("addon")
        ready = addon and addon["enabled"] and http.get(f"{app_url}/health/ready").is_success
        return bool(ready and http.get(_page_url(clone, app_url)).is_success)
    except (httpx.HTTPError, OSError, ValueError):
        return False


def _page_url(clone: Path, app_url: str) -> str:
    site = SiteState.from_json(json.loads((clone / "var/sandbox/state.json").read_text()))
    assert site.addon is not None
    values = context_parameters(site.person(ALICE), None, {})
    path = framed_path(site.addon, module_of(site.addon, "getint"), values, site.base_url)
    token = sign_page(
        site.client_key,
        site.addon.shared_secret,
        qsh=path_hash("GET", path),
        account_id=ALICE,
    )
    return f"{app_url}{path}&jwt={token}"


def _memory(clone: Path) -> dict[str, float]:
    names = {"app.main:app": "the app", "sandbox.main:app": "the sandbox", "postgres": "PostgreSQL"}
    found = dict.fromkeys(names.values(), 0.0)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if not str((process / "cwd").resolve()).startswith(str(clone)):
                continue
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            rollup = (process / "smaps_rollup").read_text()
        except OSError:
            continue
        for word, name in names.items():
            if word in command:
                found[name] += int(rollup.split("Pss:")[1].split()[0]) / 1024
                break
    return found


def _size_mb(folder: Path) -> float:
    done = subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)
