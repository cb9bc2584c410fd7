"""A whole integration as a file, to keep it or to make another one of it. Pure.

The file holds what people set and nothing that lets anybody in: no connection, no credentials, no
owner, and nothing of any item.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.integrations.models import Integration
from app.integrations.schemas import Configured, Kind
from app.sync.models import TypeMapping
from app.sync.rules import MappingRules, Name

FORMAT, VERSION = "getint-integration", 1
MOST_BYTES = 4 * 1024 * 1024
MOST_MAPPINGS = 50
_SHOWN_PLACES, _LONGEST_PLACE = 3, 100


class CannotImport(Exception):  # noqa: N818 - says what is wrong
    """The file cannot be used; ``str()`` says why, and where in it, without repeating it."""


class MappingInFile(BaseModel):
    """A type mapping; their order in the file is the order in which they are tried."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    jira_type: Name
    tool_type: Name
    enabled: bool
    rules: MappingRules


class IntegrationInFile(Configured):
    """What the file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    format: Literal["getint-integration"]
    version: Literal[1]
    kind: Kind
    mappings: Annotated[tuple[MappingInFile, ...], Field(max_length=MOST_MAPPINGS)]


def exported(integration: Integration, mappings: Iterable[TypeMapping]) -> bytes:
    """The file, UTF-8, to be read by people as well."""
    held = {name: getattr(integration, name) for name in Configured.model_fields}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "kind": integration.kind,
        **held,
        "mappings": [
            {
                "jira_type": mapping.jira_type,
                "tool_type": mapping.tool_type,
                "enabled": mapping.enabled,
                "rules": mapping.rules,
            }
            for mapping in mappings
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def imported(raw: bytes) -> IntegrationInFile:
    """What a file holds, checked to its last member. Raises ``CannotImport``."""
    if len(raw) > MOST_BYTES:
        raise CannotImport(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB.")
    try:
        return IntegrationInFile.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise CannotImport(_why(raw, error)) from None


def _why(raw: bytes, error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return "It is not a file that Getint exported: it cannot be read as JSON."
    at = [".".join(str(step) for step in item["loc"]) for item in found]
    if {"", "format"} & set(at):
        return "It is not a file that Getint exported."
    if _is_newer(raw):
        return "It was exported by a newer version of Getint."
    places = [
        f"{place[:_LONGEST_PLACE]} ({item['msg']})" for place, item in zip(at, found, strict=True)
    ]
    more = f" and {len(places) - _SHOWN_PLACES} more" if len(places) > _SHOWN_PLACES else ""
    return f"Something in the file cannot be used: {', '.join(places[:_SHOWN_PLACES])}{more}."


def _is_newer(raw: bytes) -> bool:
    version = json.loads(raw).get("version")
    return isinstance(version, int) and version > VERSION
