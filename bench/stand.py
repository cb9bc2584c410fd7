"""The product on real ports, installed by a real Jira (the sandbox), with production settings."""

import base64
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg

from bench import database
from bench.processes import OTHER_CORE, SERVER_CORE, answers, python, running, wait_until
from sandbox.modules import context_parameters, framed_path, module_of, path_hash
from sandbox.site import Addon, SiteState
from sandbox.tokens import sign_page

LIFE_S = 900


@dataclass
class Stand:
    """Where everything is, and what is needed to sign as the site does."""

    folder: Path
    superuser_url: str
    database_url: str
    app_url: str
    jira_url: str
    environment: dict[str, str]
    jira_program: str = "sandbox.main:app"
    jira_environment: dict[str, str] = field(default_factory=dict)
    instance_id: UUID = field(default_factory=uuid4)

    @property
    def site(self) -> SiteState:
        """The site as it is now."""
        picture = json.loads((self.folder / "site.json").read_text())
        return SiteState.from_json(picture)

    @property
    def app_port(self) -> int:
        """Where the app listens."""
        return int(self.app_url.rpartition(":")[2])

    def page_paths(self, account_id: str, count: int, module: str = "getint") -> list[str]:
        """Addresses of a module's page, each signed for itself; good for 15 minutes."""
        site = self.site
        addon: Addon | None = site.addon
        assert addon is not None
        values = context_parameters(site.person(account_id), None, {})
        path = framed_path(addon, module_of(addon, module), values, site.base_url)
        paths = []
        for number in range(count):
            one = f"{path}&ac.visit={number}"
            token = sign_page(
                site.client_key,
                addon.shared_secret,
                qsh=path_hash("GET", one),
                account_id=account_id,
                life=LIFE_S,
            )
            paths.append(f"{one}&jwt={token}")
        return paths

    @contextmanager
    def app(self, core: int | None = SERVER_CORE, env: str = "production") -> Iterator[int]:
        """The app as `make serve` runs it; gives its process id."""
        command = python(
            "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(self.app_port),
            "--proxy-headers", "--no-access-log", "--no-server-header",
        )  # fmt: skip
        environment = {**self.environment, "APP_ENV": env}
        with running(command, environment, self.folder / "app.log", core) as process:
            wait_until(lambda: answers(f"{self.app_url}/health/ready"), "the app")
            yield process.pid

    @contextmanager
    def jira(self) -> Iterator[None]:
        """The sandbox."""
        port = self.jira_url.rsplit(":", 1)[1]
        command = python(
            "-m", "uvicorn", "--factory", self.jira_program, "--host", "127.0.0.1",
            "--port", port, "--no-access-log",
        )  # fmt: skip
        environment = {
            "SANDBOX_BASE_URL": self.jira_url,
            "SANDBOX_STATE": str(self.folder / "site.json"),
            "SANDBOX_INSTALL": f"{self.app_url}/atlassian-connect.json",
            **self.jira_environment,
        }
        with running(command, environment, self.folder / "sandbox.log", OTHER_CORE):
            wait_until(lambda: answers(f"{self.jira_url}/sandbox/api/state"), "the sandbox")
            yield

    def install(self) -> None:
        """Wait until Jira has installed the app; finish the set-up."""
        wait_until(self._is_installed, "the installation")
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            found = connection.execute(
                "UPDATE instances SET configured_at = now() RETURNING id"
            ).fetchone()
        assert found is not None
        self.instance_id = found[0]

    def _is_installed(self) -> bool:
        answer = httpx.get(f"{self.jira_url}/sandbox/api/state", timeout=2).json().get("addon")
        return bool(answer and answer["installed"] and answer["enabled"])


@contextmanager
def standing(
    folder: Path,
    postgres_url: str,
    name: str = "bench",
    jira_program: str = "sandbox.main:app",
    **jira_environment: str,
) -> Iterator[Stand]:
    """The sandbox running and the app installed in it; start the app by ``stand.app()``."""
    app_url, jira_url = f"http://localhost:{free_port()}", f"http://localhost:{free_port()}"
    database_url = database.create(postgres_url, name)
    environment = {
        "APP_ENV": "development",
        "APP_BASE_URL": app_url,
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEYS": base64.b64encode(os.urandom(32)).decode(),
        "CONNECT_INSTALL_KEYS_URL": f"{jira_url}/install-keys",
        "AP_JS_URL": f"{jira_url}/atlassian-connect/all.js",
        "LOG_LEVEL": "INFO",
    }
    database.migrate(environment)
    superuser_url = database.as_superuser(postgres_url, name)
    stand = Stand(
        folder, superuser_url, database_url, app_url, jira_url, environment,
        jira_program, jira_environment,
    )  # fmt: skip
    with stand.jira():
        # Only in development may a site's address be plain http, as the sandbox's is.
        with stand.app(env="development"):
            stand.install()
        yield stand


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
