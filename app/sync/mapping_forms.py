"""What the dialogs of a mapping send. A field that is not named here is refused."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.integrations.schemas import Version
from app.sync.rules import (
    LONGEST_TEXT,
    MOST_DEMANDS,
    MOST_OPTIONS,
    MOST_PEOPLE,
    MOST_RULES,
    Name,
    SideName,
    Way,
    storable,
)

Off = Literal["off", "both", "to_tool", "to_jira"]
Number = Annotated[int, Field(ge=0, le=MOST_PEOPLE)]
Row = Annotated[Number | None, BeforeValidator(lambda text: text or None)]
_Word = Annotated[str, Field(max_length=LONGEST_TEXT)]


class _Form(BaseModel):
    # Nothing is stripped: what a tool calls something may begin with a space.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Types(_Form):
    jira_type: Annotated[Name, Field(title="A type of Jira's")]
    tool_type: Annotated[Name, Field(title="A type of the tool's")]


class Move(_Form):
    way: Literal["up", "down"]


class Switch(_Form):
    enabled: bool


class Changes(_Form):
    """``version`` is the one that the dialog was opened on."""

    version: Version


class Becomes(_Form):
    """What a name of one side becomes on the other; ``to`` is empty where nothing is said."""

    name: Name
    to: Annotated[str, Field(max_length=255)] = ""


Several = Annotated[tuple[Becomes, ...], Field(max_length=MOST_OPTIONS, title="The choices")]


class FieldPair(Changes):
    """A pair of fields; ``row`` is which one it replaces, if any."""

    row: Row = None
    jira: Annotated[Name, Field(title="A field of Jira's")]
    tool: Annotated[Name, Field(title="A field of the tool's")]
    way: Annotated[Way, Field(title="A direction")]
    to_tool: Several = ()
    to_jira: Several = ()


class Filling(Changes):
    """A field and the text that fills it. ``field`` is ``jira:priority`` or ``tool:labels``."""

    row: Row = None
    field: Annotated[str, Field(pattern=r"^(jira|tool):.", max_length=260, title="A field")]
    text: Annotated[
        str, Field(min_length=1, max_length=LONGEST_TEXT, title="A text"), AfterValidator(storable)
    ]


class Demand(_Form):
    side: SideName
    status: Name
    field: Name
    text: _Word = ""


class Statuses(Changes):
    status_way: Annotated[Way, Field(title="A direction")]
    to_tool: Annotated[tuple[Becomes, ...], Field(max_length=MOST_RULES)] = ()
    to_jira: Annotated[tuple[Becomes, ...], Field(max_length=MOST_RULES)] = ()
    demands: Annotated[tuple[Demand, ...], Field(max_length=2 * MOST_RULES * MOST_DEMANDS)] = ()


class PersonPair(Changes):
    jira: Annotated[Name, Field(title="A person in Jira")]
    tool: Annotated[Name, Field(title="A person in the tool")]


class Removal(Changes):
    part: Literal["fields", "filled", "people"]
    row: Number


class Rest(Changes, Types):
    comments: Off
    attachments: Off
    hierarchy: bool = False
