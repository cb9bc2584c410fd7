"""The form of a connection, and what its credentials have to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.access import Action, OthersMay, Tool
from app.identity.visit import Visit
from app.integrations.choices import locked_note, tool_choices, tool_of
from app.integrations.form_page import NO_ERRORS
from app.integrations.models import Connection
from app.integrations.schemas import LONGEST_NAME, ChangedConnection, NewConnection
from app.integrations.wording import OTHERS_MAY, when
from app.tools.catalogue import CATALOGUE, CredentialField, ToolEntry
from app.web.templates import render


@dataclass(frozen=True, slots=True)
class Dependants:
    """The integrations that use a connection, by name as far as they may be known."""

    named: Sequence[str] = ()
    unnamed: int = 0

    def __bool__(self) -> bool:
        return bool(self.named or self.unnamed)


def form_main(
    visit: Visit,
    values: Mapping[str, str],
    errors: Mapping[str, str] = NO_ERRORS,
    *,
    connection: Connection | None = None,
    dependants: Dependants | None = None,
) -> Markup:
    """The page: empty, as it was sent, or as the connection is. Credentials are never in it."""
    tool = Tool(connection.tool) if connection else tool_of(values.get("tool", ""))
    return render(
        "integrations/connection_form.html",
        title=f"Edit {connection.name}" if connection else "Create a connection",
        action=f"/connections/{connection.id}" if connection else "/connections",
        connection=connection,
        credentials_set=when(connection.credentials_changed_at) if connection else "",
        values=values,
        errors=errors,
        tools=[] if connection else tool_choices(visit, Action.CREATE_CONNECTION),
        tools_note=locked_note(visit, Action.CREATE_CONNECTION),
        entry=CATALOGUE[tool] if tool else None,
        levels=level_cards(),
        dependants=dependants or Dependants(),
        longest_name=LONGEST_NAME,
    )


def tool_fields(tool: Tool | None) -> Markup:
    """The part that depends on the tool, for when another one is chosen."""
    return render(
        "integrations/connection_tool_part.html",
        entry=CATALOGUE[tool] if tool else None,
        values={},
        errors=NO_ERRORS,
        credentials_set="",
    )


def values_of(connection: Connection) -> dict[str, str]:
    """What the form shows when it is opened."""
    return {
        "name": connection.name,
        "address": connection.address,
        "version": str(connection.version),
    }


def level_cards() -> list[Mapping[str, str]]:
    """What others may be allowed, as cards."""
    return [
        {"value": level.value, "label": OTHERS_MAY[level][0], "text": OTHERS_MAY[level][1]}
        for level in OthersMay
    ]


def credential_errors(
    entry: ToolEntry, form: NewConnection | ChangedConnection, *, all_needed: bool
) -> dict[str, str]:
    """What is wrong with the entered credentials, by field; never what they are."""
    known = {field.name: field for field in entry.credentials}
    if form.entered - known.keys():
        return {"": "The form has a field that does not belong to it."}
    return {
        f"credential_{name}": problem
        for name, field in known.items()
        if (problem := _problem(field, form.credential(name), all_needed))
    }


def _problem(field: CredentialField, value: str, needed: bool) -> str:
    if not value:
        return f"{field.label} is needed." if needed else ""
    if not field.pattern.fullmatch(value):
        return f"{field.label} has signs that cannot be in it."
    return ""
