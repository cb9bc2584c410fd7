"""What is particular to each tool, as data.

The probes are the calls that each vendor documents for "who am I", or the cheapest read.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.access import Tool

Credentials = Mapping[str, str]

PRINTABLE = re.compile(r"[!-~]{1,4096}")
ANY_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One part of the credentials; ``text`` may be read while it is typed, ``secret`` may not."""

    name: str
    label: str
    kind: Literal["text", "secret"] = "secret"
    help: str = ""
    pattern: re.Pattern[str] = PRINTABLE


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """What a place in the tool is called and how one is written."""

    label: str
    example: str
    pattern: re.Pattern[str]
    help: str = ""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """The request that proves credentials. ``path`` is appended to the address."""

    path: str
    headers: Callable[[Credentials], Mapping[str, str]]
    method: Literal["GET", "POST"] = "GET"
    json_body: Mapping[str, str] | None = None

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return b"" if self.json_body is None else json.dumps(self.json_body).encode()


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """One tool. ``address`` is fixed for a service that has but one; otherwise people enter it."""

    tool: Tool
    place: PlaceWords
    credentials: tuple[CredentialField, ...]
    probe: ProbeRequest
    address: str | None = None
    address_example: str = ""

    @property
    def label(self) -> str:
        """The name that people know the tool by."""
        return self.tool.label


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How credentials are put into headers."""

    header: str
    worded: Callable[[Credentials], str]
    further: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, credentials: Credentials) -> Mapping[str, str]:
        return {self.header: self.worded(credentials), **self.further}


def _bearer(**further: str) -> _Scheme:
    named = {name.replace("_", "-"): value for name, value in further.items()}
    return _Scheme("Authorization", lambda its: f"Bearer {its['token']}", named)


def _basic(user: Callable[[Credentials], str], password: Callable[[Credentials], str]) -> _Scheme:
    def worded(its: Credentials) -> str:
        return "Basic " + base64.b64encode(f"{user(its)}:{password(its)}".encode()).decode()

    return _Scheme("Authorization", worded)


def _text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_NAME = _text(r"[^\x00-\x1f\x7f]{1,255}")
_DIGITS = _text(r"[0-9]{1,20}")
_EMAIL = CredentialField("email", "E-mail of the account", "text", pattern=PRINTABLE)


def _token(label: str, where: str) -> CredentialField:
    return CredentialField("token", label, help=where)


_ENTRIES = (
    ToolEntry(
        Tool.JIRA,
        PlaceWords(
            "Project key", "OPS", _text(r"[A-Z][A-Z0-9_]{1,254}"), "The project in the other Jira."
        ),
        (
            _EMAIL,
            _token("API token", "id.atlassian.com > Security > Create and manage API tokens."),
        ),
        ProbeRequest("/rest/api/3/myself", _basic(lambda c: c["email"], lambda c: c["token"])),
        address_example="https://other-team.atlassian.net",
    ),
    ToolEntry(
        Tool.AZURE,
        PlaceWords("Project", "Fabrikam Fiber", _NAME, "The name of the Azure DevOps project."),
        (
            _token(
                "Personal access token",
                "Azure DevOps > User settings > Personal access tokens; scope Work items: "
                "Read & write.",
            ),
        ),
        ProbeRequest(
            "/_apis/projects?api-version=7.1&$top=1", _basic(lambda _: "", lambda c: c["token"])
        ),
        address_example="https://dev.azure.com/your-organisation",
    ),
    ToolEntry(
        Tool.WRIKE,
        PlaceWords("Folder or project ID", "IEAAAAAQI4AB5BGT", _text(r"[A-Z0-9]{4,64}")),
        (_token("Permanent access token", "Wrike > Apps & Integrations > API > Create token."),),
        ProbeRequest("/api/v4/contacts?me=true", _bearer()),
        address_example="https://www.wrike.com",
    ),
    ToolEntry(
        Tool.SERVICENOW,
        PlaceWords("Table", "incident", _text(r"[a-z][a-z0-9_]{1,79}"), "Such as incident."),
        (
            CredentialField(
                "username", "User name", "text", pattern=_text(r"[^\x00-\x1f\x7f:]{1,255}")
            ),
            CredentialField(
                "password",
                "Password",
                help="Of an integration user with the roles that the table needs.",
                pattern=ANY_TEXT,
            ),
        ),
        ProbeRequest(
            "/api/now/table/sys_user?sysparm_limit=1&sysparm_fields=sys_id",
            _basic(lambda c: c["username"], lambda c: c["password"]),
        ),
        address_example="https://your-company.service-now.com",
    ),
    ToolEntry(
        Tool.MONDAY,
        PlaceWords("Board ID", "1234567890", _DIGITS, "The number in the board's address."),
        (_token("API token", "monday.com > your picture > Developers > My access tokens."),),
        ProbeRequest(
            "/v2",
            _Scheme("Authorization", lambda c: c["token"], {"Content-Type": "application/json"}),
            method="POST",
            json_body={"query": "{ me { id } }"},
        ),
        address="https://api.monday.com",
    ),
    ToolEntry(
        Tool.NOTION,
        PlaceWords(
            "Database ID",
            "668d797c-76fa-4934-9b05-ad288df2d136",
            _text(r"[0-9a-fA-F-]{32,36}"),
            "The 32 characters in the database's address.",
        ),
        (
            _token(
                "Internal integration secret",
                "notion.so/my-integrations > New integration; then share the database with it.",
            ),
        ),
        ProbeRequest("/v1/users/me", _bearer(Notion_Version="2022-06-28")),
        address="https://api.notion.com",
    ),
    ToolEntry(
        Tool.AIRTABLE,
        PlaceWords(
            "Base and table",
            "appAbc123Def456Gh/Tasks",
            _text(r"app[A-Za-z0-9]{14}/[^\x00-\x1f\x7f/]{1,200}"),
            "The base's ID, a slash, and the table's name or ID.",
        ),
        (
            _token(
                "Personal access token",
                "airtable.com/create/tokens; scopes data.records:read, data.records:write and "
                "schema.bases:read.",
            ),
        ),
        ProbeRequest("/v0/meta/whoami", _bearer()),
        address="https://api.airtable.com",
    ),
    ToolEntry(
        Tool.TRELLO,
        PlaceWords(
            "Board ID",
            "nC8QJJoZ",
            _text(r"[A-Za-z0-9]{8,24}"),
            "The code after /b/ in its address.",
        ),
        (
            CredentialField(
                "key",
                "API key",
                help="trello.com/power-ups/admin > your Power-Up > API key.",
                pattern=_text(r"[A-Za-z0-9]{1,255}"),
            ),
            CredentialField(
                "token",
                "Token",
                help="The link Token beside the API key.",
                pattern=_text(r"[A-Za-z0-9]{1,255}"),
            ),
        ),
        ProbeRequest(
            "/1/members/me?fields=id",
            _Scheme(
                "Authorization",
                lambda c: f'OAuth oauth_consumer_key="{c["key"]}", oauth_token="{c["token"]}"',
            ),
        ),
        address="https://api.trello.com",
    ),
    ToolEntry(
        Tool.HUBSPOT,
        PlaceWords("Pipeline ID", "0", _text(r"[A-Za-z0-9_-]{1,64}"), "Of the ticket pipeline."),
        (
            _token(
                "Private app access token",
                "HubSpot > Settings > Integrations > Private apps > Auth; scope tickets.",
            ),
        ),
        ProbeRequest("/account-info/v3/details", _bearer()),
        address="https://api.hubapi.com",
    ),
    ToolEntry(
        Tool.GITLAB,
        PlaceWords(
            "Project",
            "group/project",
            _text(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+|[0-9]{1,20}"),
            "Its path with the group, or its number.",
        ),
        (
            _token(
                "Access token",
                "GitLab > Preferences > Access tokens, or of the project; scope api.",
            ),
        ),
        ProbeRequest("/api/v4/user", _Scheme("PRIVATE-TOKEN", lambda c: c["token"])),
        address_example="https://gitlab.com",
    ),
    ToolEntry(
        Tool.FRESHDESK,
        PlaceWords("Group ID", "1234567890", _DIGITS, "The number in the group's address."),
        (_token("API key", "Freshdesk > Profile settings > View API key."),),
        ProbeRequest("/api/v2/agents/me", _basic(lambda c: c["token"], lambda _: "X")),
        address_example="https://your-company.freshdesk.com",
    ),
    ToolEntry(
        Tool.ZENDESK,
        PlaceWords("Group ID", "1234567890", _DIGITS, "The number in the group's address."),
        (
            _EMAIL,
            _token(
                "API token", "Zendesk Admin Center > Apps and integrations > APIs > API tokens."
            ),
        ),
        ProbeRequest(
            "/api/v2/users/me.json", _basic(lambda c: f"{c['email']}/token", lambda c: c["token"])
        ),
        address_example="https://your-company.zendesk.com",
    ),
    ToolEntry(
        Tool.CLICKUP,
        PlaceWords("List ID", "901234567890", _DIGITS, "The number after /li/ in its address."),
        (_token("API token", "ClickUp > Settings > Apps > API token."),),
        ProbeRequest("/api/v2/user", _Scheme("Authorization", lambda c: c["token"])),
        address="https://api.clickup.com",
    ),
    ToolEntry(
        Tool.ASANA,
        PlaceWords("Project ID", "1201234567890123", _DIGITS, "The number in its address."),
        (_token("Personal access token", "app.asana.com/0/my-apps > Create new token."),),
        ProbeRequest("/api/1.0/users/me?opt_fields=gid", _bearer()),
        address="https://app.asana.com",
    ),
)

CATALOGUE: Mapping[Tool, ToolEntry] = {entry.tool: entry for entry in _ENTRIES}
