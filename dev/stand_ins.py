"""What `make run` starts beside the local Jira: another Jira, a GitLab and an Azure DevOps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.azure import seed as azure
from sandbox.gitlab import seed as gitlab
from sandbox.seed_other import OLGA_EMAIL, OLGA_TOKEN


@dataclass(frozen=True, slots=True)
class StandIn:
    """One program; `offset` is how far its port is from the local Jira's.

    `url_setting` and `state_setting` are the names of its settings; `kept_in` names the files of
    its state and of its log. `place` follows its address where Getint asks for it, `secrets` is
    what opens it.
    """

    name: str
    program: tuple[str, ...]
    offset: int
    url_setting: str
    state_setting: str
    kept_in: str
    secrets: str
    place: str = ""

    def url(self, sandbox_port: int) -> str:
        return f"http://localhost:{sandbox_port + self.offset}"

    def settings(self, sandbox_port: int, folder: Path) -> Mapping[str, str]:
        return {
            self.url_setting: self.url(sandbox_port),
            self.state_setting: str(folder / f"{self.kept_in}.json"),
        }

    def line(self, sandbox_port: int) -> str:
        """Where a person opens it, and what they enter in Getint."""
        url = self.url(sandbox_port)
        entered = f"{url}{self.place}, {self.secrets}" if self.place else self.secrets
        return f"  {self.name:<13} {url}   {entered}"


STAND_INS = (
    StandIn(
        "Another Jira",
        ("sandbox.main:other_app",),
        1,
        "OTHER_JIRA_BASE_URL",
        "OTHER_JIRA_STATE",
        "other-jira",
        f"{OLGA_EMAIL}, {OLGA_TOKEN}",
    ),
    StandIn(
        "GitLab",
        ("sandbox.gitlab.main:app", "--no-date-header"),
        2,
        "SANDBOX_GITLAB_URL",
        "SANDBOX_GITLAB_STATE",
        "gitlab",
        gitlab.OWNER_TOKEN,
    ),
    StandIn(
        "Azure DevOps",
        ("sandbox.azure.main:app", "--no-date-header"),
        3,
        "SANDBOX_AZURE_URL",
        "SANDBOX_AZURE_STATE",
        "azure",
        azure.TOKEN,
        f"/{azure.ORGANIZATION}",
    ),
)
