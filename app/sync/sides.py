"""Opens both sides of an integration: the Jira that installed us, and the tool."""

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from app.access import Tool
from app.encryption import CannotOpen
from app.house import House
from app.instances.facts import InstanceFacts
from app.integrations.connection_service import credentials_of
from app.integrations.models import Connection, Integration
from app.tools.azure import AzureSide
from app.tools.catalogue import CATALOGUE
from app.tools.gitlab import GitLabSide
from app.tools.http import ToolHttp
from app.tools.jira import JiraSide
from app.tools.jira_http import ConnectHttp, TokenHttp
from app.tools.knowledge import Knowledge
from app.tools.side import AccessLost, Side, SideError

_SIDES: Mapping[Tool, Callable[[ToolHttp, str, Knowledge], Side]] = {
    Tool.GITLAB: GitLabSide,
    Tool.AZURE: AzureSide,
    Tool.JIRA: lambda http, project, known: JiraSide(TokenHttp(http), project, knowledge=known),
}
KnowledgeOf = Callable[[Hashable], Knowledge]
"""What is known already of a place; the key tells it from others."""


def no_knowledge(_: Hashable) -> Knowledge:
    """All is asked for anew."""
    return Knowledge()


class Sides(NamedTuple):
    """Both sides, open."""

    jira: Side
    tool: Side


@asynccontextmanager
async def open_sides(
    house: House,
    facts: InstanceFacts,
    integration: Integration,
    knowledge_of: KnowledgeOf = no_knowledge,
) -> AsyncIterator[Sides]:
    """Both sides until the block ends. Raises AccessLost where there is nothing to get in with."""
    make = _SIDES.get(Tool(integration.tool))
    if make is None:
        label = CATALOGUE[Tool(integration.tool)].label
        raise SideError(f"Getint can not move items to and from {label} yet.")
    if integration.connection_id is None:
        raise AccessLost("This integration has no connection.")
    connection = await _connection(house, facts, integration.connection_id)
    async with open_tool(house, facts, connection) as http:
        jira = ConnectHttp(house.jira.transport, facts.site)
        yield Sides(
            JiraSide(jira, integration.project_id, knowledge=knowledge_of("jira")),
            make(http, integration.tool_place, knowledge_of((connection.id, connection.version))),
        )


@asynccontextmanager
async def open_tool(
    house: House, facts: InstanceFacts, connection: Connection
) -> AsyncIterator[ToolHttp]:
    """The tool behind a connection until the block ends. Raises AccessLost."""
    entry = CATALOGUE[Tool(connection.tool)]
    credentials = _credentials(facts, connection)
    async with house.tool_client() as client:
        yield ToolHttp(
            client,
            connection.address,
            entry.probe.headers(credentials),
            house.tool_budgets.of(connection.address, str(connection.id)),
            tool=entry.label,
        )


async def _connection(house: House, facts: InstanceFacts, connection_id: UUID) -> Connection:
    async with house.database.of_instance(facts.instance_id) as session:
        found = await session.scalar(select(Connection).where(Connection.id == connection_id))
    if found is None:
        raise AccessLost("The connection is gone.")
    return found


def _credentials(facts: InstanceFacts, connection: Connection) -> dict[str, str]:
    try:
        return credentials_of(facts, connection)
    except CannotOpen:
        raise AccessLost(
            "The stored credentials can no longer be opened. Edit the connection and enter them "
            "again."
        ) from None
