"""What the forms send. A field that is not named here is refused."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from app.access import OthersMay, Tool

LONGEST_NAME = 120
LONGEST_JQL = 2000
LONGEST_PAUSE_MINUTES = 7 * 24 * 60
MOST_LOG_DAYS = 14
Kind = Literal["integration", "migration"]
Direction = Literal["to_tool", "to_jira", "both"]
ConflictRule = Literal["latest", "jira", "tool"]


def _is_one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("Use letters, digits and signs only, on one line.")
    return text


def _is_text(text: str) -> str:
    if not all(sign.isprintable() or sign in "\r\n\t" for sign in text):
        raise ValueError("It has signs that cannot be stored.")
    return text


ON_ONE_LINE = AfterValidator(_is_one_line)
TEXT = AfterValidator(_is_text)
Version = Annotated[int, Field(ge=1, le=2**31 - 1, title="The version")]
OptionalId = Annotated[UUID | None, BeforeValidator(lambda text: text or None)]
_EMPTY = SecretStr("")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


class Configured(_Form):
    """What can be set of an integration or migration, wherever it is.

    ``every_minutes`` of 0 is no schedule, ``keep_logs_days`` of 0 no logs. ``tool_query`` is the
    filter in the tool's own words.
    """

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, title="A name"), ON_ONE_LINE]
    tool: Annotated[Tool, Field(title="A tool")]
    tool_place: Annotated[str, Field(min_length=1, max_length=255, title="The place"), ON_ONE_LINE]
    direction: Annotated[Direction, Field(title="A direction")]
    jql: Annotated[str, Field(max_length=LONGEST_JQL, title="The filter"), TEXT] = ""
    tool_query: Annotated[
        str, Field(max_length=LONGEST_JQL, title="The filter in the tool"), TEXT
    ] = ""
    every_minutes: Annotated[
        int, Field(ge=0, le=LONGEST_PAUSE_MINUTES, title="The number of minutes")
    ] = 15
    conflict_rule: ConflictRule = "latest"
    copies_deletions: bool = False
    keep_logs_days: Annotated[int, Field(ge=0, le=MOST_LOG_DAYS, title="The number of days")] = 14


class Configuration(Configured):
    """The same with what it is in this Jira. ``project_q`` is a search, not kept."""

    project_id: Annotated[str, Field(pattern=r"^[0-9]{0,18}$", title="A Jira project")] = ""
    connection_id: OptionalId = None
    project_q: Annotated[str, Field(max_length=200, title="The search"), ON_ONE_LINE] = ""


class NewIntegration(Configuration):
    kind: Annotated[Kind, Field(title="A kind")]


class ChangedIntegration(Configuration):
    """``version`` is the one that the form was opened with."""

    version: Version


class HandOver(_Form):
    taker: Annotated[str, Field(max_length=140, title="A person")] = ""
    q: Annotated[str, Field(max_length=200, title="The search"), ON_ONE_LINE] = ""
    version: Version


class _Credentials(_Form):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, title="A name"), ON_ONE_LINE]
    address: Annotated[str, Field(max_length=500, title="The address")] = ""
    credential_email: SecretStr = _EMPTY
    credential_username: SecretStr = _EMPTY
    credential_password: SecretStr = _EMPTY
    credential_key: SecretStr = _EMPTY
    credential_token: SecretStr = _EMPTY

    def credential(self, name: str) -> str:
        """What was entered for a field of the tool; empty if nothing was."""
        value: SecretStr = getattr(self, f"credential_{name}")
        return value.get_secret_value()

    @property
    def entered(self) -> frozenset[str]:
        """The names of the credential fields that have something in them."""
        return frozenset(name for name in CREDENTIALS if self.credential(name))


CREDENTIALS = tuple(
    name.removeprefix("credential_")
    for name in _Credentials.model_fields
    if name.startswith("credential_")
)


class NewConnection(_Credentials):
    tool: Annotated[Tool, Field(title="A tool")]
    others_may: OthersMay = OthersMay.VIEW


class ChangedConnection(_Credentials):
    version: Version
    confirmed: Literal["", "yes"] = ""


class Sharing(_Form):
    others_may: OthersMay
    version: Version
