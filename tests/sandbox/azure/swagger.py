"""Microsoft's own description of work item tracking 7.1, where it is at hand."""

import functools
import json
import os
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker

ROOT = Path(__file__).resolve().parents[3]
SPECS = Path(os.environ.get("SPECS_DIR", ROOT.parent / "shared" / "specs"))
PATH = SPECS / "azure-devops-wit-7.1.swagger.json"


@functools.cache
def description() -> dict[str, Any]:
    # The file begins with a byte order mark.
    loaded: dict[str, Any] = json.loads(PATH.read_text("utf-8-sig"))
    definitions = {name: _readable(schema) for name, schema in loaded["definitions"].items()}
    return {**loaded, "definitions": definitions}


def _readable(schema: Any) -> Any:
    """In it, `type: object` without properties says "anything": fields hold texts, too.

    A default or a transition's actions may be null, which Swagger 2 can not say.
    """
    if isinstance(schema, list):
        return [_readable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "object" and not {"properties", "allOf"} & set(schema):
        rest = {name: value for name, value in schema.items() if name != "type"}
        return {name: _readable(value) for name, value in rest.items()}
    plain = {name: _readable(value) for name, value in schema.items()}
    if isinstance(plain.get("type"), str) and plain["type"] in ("string", "array"):
        plain["type"] = [plain["type"], "null"]
    return plain


def operation(method: str, template: str) -> dict[str, Any]:
    """One endpoint, such as GET /{organization}/{project}/_apis/wit/fields."""
    known = description()
    path = known["paths"].get(template) or known["x-ms-paths"][template]
    found: dict[str, Any] = path[method.lower()]
    return found


def faults_of(method: str, template: str, body: Any) -> list[str]:
    """What Microsoft would find wrong with this answer; empty if nothing.

    Lists are described bare, and come within `value` with their `count`.
    """
    schema = _readable(operation(method, template)["responses"]["200"].get("schema") or {})
    if schema.get("items"):
        wrapped = isinstance(body, dict) and set(body) == {"count", "value"}
        if not wrapped or body["count"] != len(body["value"]):
            return ["a list is wrapped with its count"]
        body = [each for each in body["value"] if each is not None]
    whole = {**schema, "definitions": description()["definitions"]}
    validator = Draft4Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


def unknown_names(method: str, template: str, body: Any) -> set[str]:
    """Names in the answer's first level that the description does not have."""
    schema = operation(method, template)["responses"]["200"].get("schema") or {}
    one = schema.get("items") or schema
    example = body["value"][0] if schema.get("items") else body
    return set(example) - _names(one) if one.get("$ref") else set()


def _names(schema: dict[str, Any]) -> set[str]:
    found = schema
    if "$ref" in schema:
        found = description()["definitions"][schema["$ref"].rpartition("/")[2]]
    names = set(found.get("properties", {}))
    for parent in found.get("allOf", ()):
        names |= _names(parent)
    return names
