"""What people set about one type mapping, as it is stored, exported and edited."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.tools.items import FieldKind

Way = Literal["both", "to_tool", "to_jira"]
SideName = Literal["jira", "tool"]
LONGEST_NAME, LONGEST_TEXT = 255, 2000
MOST_RULES, MOST_OPTIONS, MOST_DEMANDS, MOST_PEOPLE = 200, 500, 20, 5000


def storable(text: str) -> str:
    """The text; ``ValueError`` for one that PostgreSQL cannot keep."""
    if "\x00" in text:
        raise ValueError("It has signs that cannot be stored.")
    return text


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(storable)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(storable)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(_Part):
    """One field against another; ``options`` translates names, Jira's first, the first one wins."""

    jira: Name
    tool: Name
    kind: FieldKind
    way: Way = "both"
    options: tuple[tuple[Name, Name], ...] = Field(default=(), max_length=MOST_OPTIONS)


class FilledField(_Part):
    """A field of ``side`` that is filled from a text in which ``{field}`` stands for its value.

    Without a place in it the text is a fixed value, and is given when the item is made.
    """

    side: SideName
    field: Name
    kind: FieldKind
    text: Text


class StatusRule(_Part):
    """Two statuses that mean the same, with what a move into each of them demands.

    ``jira_kinds`` and ``tool_kinds`` say what the demanded fields hold; one of a list where they
    say nothing.
    """

    jira: Name
    tool: Name
    jira_demands: dict[Name, Text] = Field(default_factory=dict, max_length=MOST_DEMANDS)
    tool_demands: dict[Name, Text] = Field(default_factory=dict, max_length=MOST_DEMANDS)
    jira_kinds: dict[Name, FieldKind] = Field(default_factory=dict, max_length=MOST_DEMANDS)
    tool_kinds: dict[Name, FieldKind] = Field(default_factory=dict, max_length=MOST_DEMANDS)

    def demands(self, to: SideName) -> Mapping[str, tuple[FieldKind, str]]:
        """What a move on this side is given: by field, of what kind and in which words."""
        texts, kinds = (
            (self.jira_demands, self.jira_kinds)
            if to == "jira"
            else (self.tool_demands, self.tool_kinds)
        )
        return {name: (kinds.get(name, FieldKind.OPTION), text) for name, text in texts.items()}


class PersonRule(_Part):
    """The same person on both sides, by each side's own id."""

    jira: Name
    tool: Name


class MappingRules(_Part):
    """Everything about one pair of types. Where several statuses fit, the first from the top."""

    fields: tuple[FieldRule, ...] = Field(default=(), max_length=MOST_RULES)
    filled: tuple[FilledField, ...] = Field(default=(), max_length=MOST_RULES)
    statuses: tuple[StatusRule, ...] = Field(default=(), max_length=MOST_RULES)
    status_way: Way = "both"
    people: tuple[PersonRule, ...] = Field(default=(), max_length=MOST_PEOPLE)
    comments: Literal["off", "both", "to_tool", "to_jira"] = "both"
    attachments: Literal["off", "both", "to_tool", "to_jira"] = "both"
    hierarchy: bool = True


def goes(way: str, to: SideName) -> bool:
    """Whether something that is set to go ``way`` goes to this side."""
    return way in {"both", f"to_{to}"}
