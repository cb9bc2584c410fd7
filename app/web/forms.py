"""Reads a posted form into a Pydantic model, or into messages for its fields.

A field named ``choices.3.tool`` is the member ``tool`` of the fourth of a list of ``choices``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, SecretStr, ValidationError

from app.errors import InvalidInput, TooLarge

F = TypeVar("F", bound=BaseModel)
MOST_BYTES = 64 * 1024
MOST_FIELDS = 60
FORM = "application/x-www-form-urlencoded"
CHOOSE = "Choose one of the options."
_OF_A_ROW = re.compile(r"([a-z_]{1,40})\.([0-9]{1,4})\.([a-z_]{1,40})")
_WRONG = {
    "missing": "is needed.",
    "string_too_short": "is needed.",
    "string_too_long": "can have at most {max_length} characters.",
    "int_parsing": "has to be a whole number.",
    "greater_than_equal": "can be at least {ge}.",
    "less_than_equal": "can be at most {le}.",
}
_NOT_A_CHOICE = ("enum", "literal_error", "uuid_parsing", "uuid_type", "none_required")


@dataclass(frozen=True, slots=True)
class Filled(Generic[F]):
    """A form as it came: ``form`` if all is well, else ``errors`` by field ("" is the whole).

    ``values`` are what was entered, for showing the form again; never a secret. ``rows`` are
    those of the lists.
    """

    form: F | None
    values: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def takes_form(model: type[BaseModel]) -> dict[str, Any]:
    """What the API description says of a route that reads ``model``: for ``openapi_extra``."""
    schema = model.model_json_schema()
    inlined = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {FORM: {"schema": inlined}}}}


async def filled(
    request: Request,
    model: type[F],
    *,
    most_bytes: int = MOST_BYTES,
    most_fields: int = MOST_FIELDS,
) -> Filled[F]:
    """Read the body. Raises ``InvalidInput`` or ``TooLarge`` for what no form of ours sends."""
    entered, rows = _with_rows(await _fields(request, most_bytes, most_fields))
    values = {
        name: entered[name]
        for name, known in model.model_fields.items()
        if name in entered and known.annotation is not SecretStr
    }
    try:
        return Filled(model.model_validate({**rows, **entered}), values, rows)
    except ValidationError as error:
        return Filled(None, values, rows, _messages(model, error))


def _with_rows(
    entered: Mapping[str, str],
) -> tuple[dict[str, str], dict[str, list[dict[str, str]]]]:
    """The fields of the form itself, and those of its lists, by number."""
    plain: dict[str, str] = {}
    numbered: dict[str, dict[int, dict[str, str]]] = {}
    for name, value in entered.items():
        if found := _OF_A_ROW.fullmatch(name):
            rows = numbered.setdefault(found[1], {})
            rows.setdefault(int(found[2]), {})[found[3]] = value
        else:
            plain[name] = value
    return plain, {name: [rows[at] for at in sorted(rows)] for name, rows in numbered.items()}


async def _fields(request: Request, most_bytes: int, most_fields: int) -> dict[str, str]:
    if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() != FORM:
        raise InvalidInput("This address takes forms only.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise TooLarge("A form of Getint is never this long.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=most_fields,
            errors="strict",
        )
    except ValueError:
        raise InvalidInput("The form that was sent cannot be read.") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidInput("The form that was sent names a field twice.")
    return dict(pairs)


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Definitions in place of what points at them: in the whole description they would be lost."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(member, definitions) for name, member in node.items()}


def _messages(model: type[BaseModel], error: ValidationError) -> dict[str, str]:
    messages: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        if name not in model.model_fields:
            messages[""] = "The form has a field that does not belong to it."
        else:
            label = model.model_fields[name].title or name
            messages.setdefault(name, _message(label, item["type"], item.get("ctx") or {}))
    return messages


def _message(label: str, kind: str, context: Mapping[str, Any]) -> str:
    if kind in _NOT_A_CHOICE:
        return CHOOSE
    if kind == "value_error":
        return str(context["error"])
    return f"{label} {_WRONG.get(kind, 'cannot be used like this.').format(**context)}"
