"""Reads a posted form into a Pydantic model, or into messages for its fields."""

from collections.abc import Mapping
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
_NOT_A_CHOICE = ("enum", "literal_error", "uuid_parsing", "uuid_type", "none_required")


@dataclass(frozen=True, slots=True)
class Filled(Generic[F]):
    """A form as it came: ``form`` if all is well, else ``errors`` by field ("" is the whole).

    ``values`` are what was entered, for showing the form again; never a secret.
    """

    form: F | None
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def takes_form(model: type[BaseModel]) -> dict[str, Any]:
    """What the API description says of a route that reads ``model``: for ``openapi_extra``."""
    schema = model.model_json_schema()
    inlined = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {FORM: {"schema": inlined}}}}


async def filled(request: Request, model: type[F]) -> Filled[F]:
    """Read the body. Raises ``InvalidInput`` or ``TooLarge`` for what no form of ours sends."""
    entered = await _fields(request)
    values = {
        name: entered[name]
        for name, known in model.model_fields.items()
        if name in entered and known.annotation is not SecretStr
    }
    try:
        return Filled(model.model_validate(entered), values)
    except ValidationError as error:
        return Filled(None, values, _messages(model, error))


async def _fields(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() != FORM:
        raise InvalidInput("This address takes forms only.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise TooLarge("A form of Getint is never this long.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
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
    if kind in {"missing", "string_too_short"}:
        return f"{label} is needed."
    if kind == "string_too_long":
        return f"{label} can have at most {context['max_length']} characters."
    if kind in _NOT_A_CHOICE:
        return CHOOSE
    if kind == "value_error":
        return str(context["error"])
    return f"{label} cannot be used like this."
