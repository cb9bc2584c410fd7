"""The form of a connection."""

from collections.abc import Mapping

from markupsafe import Markup

from app.access import Action, OthersMay, Tool
from app.identity.visit import Visit
from app.integrations.choices import locked_note, tool_choices, tool_of
from app.integrations.connection_editing import Dependants
from app.integrations.form_page import NO_ERRORS
from app.integrations.models import Connection
from app.integrations.schemas import LONGEST_NAME
from app.integrations.wording import OTHERS_MAY, when
from app.tools.catalogue import CATALOGUE
from app.web.templates import render


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
