"""What Jira says of a field: its details, and what a screen says of it."""

from typing import Any

from sandbox.issues.catalogue import (
    BY_ID,
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    Field,
    Kind,
)
from sandbox.rest import beans, issue_beans
from sandbox.site import SiteState

_OPERATIONS = {Kind.LABELS: ["add", "set", "remove"], Kind.OPTIONS: ["add", "set", "remove"]}


def field_details(field: Field) -> dict[str, Any]:
    """FieldDetails."""
    names = field.jql_names
    return {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "custom": field.custom_id is not None,
        "orderable": field.settable,
        "navigable": field.id not in ("comment", "attachment"),
        "searchable": field.kind is not Kind.LISTED,
        "clauseNames": names,
        "schema": field.schema,
    }


def field_metadata(site: SiteState, name: str, *, required: bool) -> dict[str, Any]:
    """FieldMetadata: with the values that may be chosen, where they are few."""
    field = BY_ID[name]
    bean: dict[str, Any] = {
        "required": required,
        "schema": field.schema,
        "name": field.name,
        "key": field.id,
        "hasDefaultValue": name == "priority",
        "operations": _OPERATIONS.get(field.kind, ["set"]),
    }
    if field.kind is Kind.USER:
        bean["autoCompleteUrl"] = f"{site.base_url}{beans.API}/user/assignable/search?query="
    values = _allowed(site, field)
    if values is not None:
        bean["allowedValues"] = values
    return bean


def _allowed(site: SiteState, field: Field) -> list[dict[str, Any]] | None:
    if field.options:
        return [issue_beans.option(site, field, value) for value in field.options]
    if field.kind is Kind.PRIORITY:
        return [issue_beans.priority(site, each) for each in PRIORITIES]
    if field.kind is Kind.RESOLUTION:
        return [issue_beans.resolution(site, each) for each in RESOLUTIONS]
    if field.kind is Kind.ISSUE_TYPE:
        return [issue_beans.issue_type(site, each) for each in ISSUE_TYPES]
    return None
