"""Atlassian's own description of Jira Cloud v3, where it is at hand."""

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator, oas30_format_checker

ROOT = Path(__file__).resolve().parents[2]
SPECS = Path(os.environ.get("SPECS_DIR", ROOT.parent / "shared" / "specs"))
PATH = SPECS / "jira-cloud-v3.openapi.json"

# As the description's own examples write times: with a zone that RFC 3339 would give a colon.
_JIRA_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:?\d\d")
_formats = FormatChecker(())
_formats.checkers = {
    **oas30_format_checker.checkers,
    "date-time": (lambda text: bool(_JIRA_TIME.fullmatch(str(text))), ()),
}


@functools.cache
def description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(PATH.read_text())
    return loaded


def operation(method: str, template: str) -> dict[str, Any]:
    """The description of one endpoint, such as GET /rest/api/3/user."""
    found: dict[str, Any] = description()["paths"][template][method.lower()]
    return found


def faults_of(method: str, template: str, status: int, body: Any) -> list[str]:
    """What Atlassian would find wrong with this answer; empty if nothing."""
    answers = operation(method, template)["responses"]
    if str(status) not in answers:
        return [f"{status} is not an answer of {method} {template}"]
    schema = answers[str(status)].get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return []
    whole = {**schema, "components": description()["components"]}
    validator = OAS30Validator(whole, format_checker=_formats)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
