"""What people set about one type mapping, as it is stored, exported and edited."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.tools.items import FieldKind

Way = Literal["both", "to_tool", "to_jira"]
SideName = Literal["jira", "tool"]
_Name = Annotated[str, Field(min_length=1, max_length=255)]
_Text = Annotated[str, Field(max_length=2000)]
MOST_RULES = 200


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(_Part):
    """One field against another; ``options`` translates names, Jira's first, the first one wins."""

    jira: _Name
    tool: _Name
    kind: FieldKind
    way: Way = "both"
    options: tuple[tuple[_Name, _Name], ...] = ()


class FilledField(_Part):
    """A field of ``side`` that is filled from a text in which ``{field}`` stands for its value.

    Without a place in it the text is a fixed value, and is given when the item is made.
    """

    side: SideName
    field: _Name
    kind: FieldKind
    text: _Text


class StatusRule(_Part):
    """Two statuses that mean the same, with what a move into each of them demands."""

    jira: _Name
    tool: _Name
    jira_demands: dict[_Name, _Text] = Field(default_factory=dict, max_length=20)
    tool_demands: dict[_Name, _Text] = Field(default_factory=dict, max_length=20)


class PersonRule(_Part):
    """The same person on both sides, by each side's own id."""

    jira: _Name
    tool: _Name


class MappingRules(_Part):
    """Everything about one pair of types. Where several statuses fit, the first from the top."""

    fields: tuple[FieldRule, ...] = Field(default=(), max_length=MOST_RULES)
    filled: tuple[FilledField, ...] = Field(default=(), max_length=MOST_RULES)
    statuses: tuple[StatusRule, ...] = Field(default=(), max_length=MOST_RULES)
    status_way: Way = "both"
    people: tuple[PersonRule, ...] = Field(default=(), max_length=5000)
    comments: Literal["off", "both", "to_tool", "to_jira"] = "both"
    attachments: Literal["off", "both", "to_tool", "to_jira"] = "both"
    hierarchy: bool = True


def goes(way: str, to: SideName) -> bool:
    """Whether something that is set to go ``way`` goes to this side."""
    return way in {"both", f"to_{to}"}
