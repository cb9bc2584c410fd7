"""What can be chosen in the forms, with the reason where it can not."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.access import Action, Decision, Refused, Tool, visible
from app.house import House
from app.identity.visit import Visit
from app.integrations.models import Connection
from app.integrations.pages import may_create_something
from app.integrations.place import place_of
from app.integrations.reading import things
from app.tools.catalogue import CATALOGUE, PlaceWords

MOST_CONNECTIONS = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of cards or a select."""

    value: str
    label: str
    disabled_reason: str = ""


@dataclass(frozen=True, slots=True)
class ToolPart:
    """The part of the form that depends on the tool."""

    tool: str
    label: str
    place: PlaceWords
    connections: Sequence[Choice]


def tool_choices(visit: Visit, action: Action, kept: str = "") -> list[Choice]:
    """The fourteen tools, those that may be chosen first; a thing may keep the ``kept`` one."""
    choices = [
        Choice(
            tool.value,
            tool.label,
            "" if tool == kept or decision else f"{decision.reason_text} Needed: {decision.needed}",
        )
        for tool, decision in _decisions(visit, action)
    ]
    return sorted(choices, key=lambda choice: bool(choice.disabled_reason))


def locked_note(visit: Visit, action: Action) -> str:
    """Who can help with the tools that are off, said once for all; empty if none is off."""
    locked = [decision for _, decision in _decisions(visit, action) if not decision]
    return f"Who can help with locked tools: {locked[0].who}." if locked else ""


def require_any_tool(visit: Visit) -> None:
    """Raise ``Refused`` if the route's action, a creation, is open to the visitor with no tool."""
    if not (decision := may_create_something(visit, visit.action)):
        raise Refused(decision)


def _decisions(visit: Visit, action: Action) -> list[tuple[Tool, Decision]]:
    return [(tool, visit.can(action, place_of(visit, tool.value))) for tool in Tool]


def tool_of(text: str) -> Tool | None:
    """The tool of this name, if there is one."""
    return Tool(text) if text in {tool.value for tool in Tool} else None


async def tool_part(house: House, visit: Visit, tool: Tool, kept: UUID | None = None) -> ToolPart:
    """What a tool's places are called, and the connections of the workspace; one is ``kept``."""
    statement = (
        select(Connection)
        .where(
            visible(visit.caller, Action.SEE_CONNECTION, Connection),
            Connection.tool == tool.value,
            Connection.workspace_id == visit.workspace_id,
        )
        .order_by(Connection.name, Connection.id)
        .limit(MOST_CONNECTIONS)
    )
    found = await things(house, visit, statement)
    connections = [_connection_choice(visit, connection, kept) for connection in found]
    if kept is not None and str(kept) not in {choice.value for choice in connections}:
        connections.insert(0, Choice(str(kept), "The one it has now, which you cannot see"))
    return ToolPart(
        tool=tool.value,
        label=tool.label,
        place=CATALOGUE[tool].place,
        connections=connections,
    )


def _connection_choice(visit: Visit, connection: Connection, kept: UUID | None) -> Choice:
    decision = visit.can(Action.USE_CONNECTION, connection)
    return Choice(
        str(connection.id),
        connection.name,
        "" if connection.id == kept else decision.reason_text if not decision else "",
    )
