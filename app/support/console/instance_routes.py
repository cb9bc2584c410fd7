"""A customer's configuration, for agents whom the customer lets in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.requests import Request

from app.access import Action
from app.integrations.models import Connection, Integration
from app.support.console import instance_pages as pages
from app.support.console.customer import (
    connection_names,
    grants,
    integration_at,
    mapping_at,
    mappings_of,
    newest_first,
)
from app.support.console.guard import looking
from app.support.console.looking import Looking
from app.support.console.show import show

router = APIRouter(
    prefix="/instances/{instance_id}", tags=["instance"], default_response_class=HTMLResponse
)
AtIntegrations = Annotated[Looking, Depends(looking(Action.SEE_INTEGRATION))]
AtConnections = Annotated[Looking, Depends(looking(Action.SEE_CONNECTION))]


@router.get("")
@router.get("/integrations")
async def integrations(request: Request, at: AtIntegrations, *, after: str = "") -> HTMLResponse:
    """All integrations and migrations: where an agent arrives."""
    async with at.opened() as look:
        part = await newest_first(look, Integration, Action.SEE_INTEGRATION, after)
        names = await connection_names(look, part.rows)
        approved = await grants(look.session)
        look.note(page="Integrations")
    main = pages.integrations_main(look, part, names, approved)
    return show(request, at.agent, main, active="find", title="Integrations")


@router.get("/integrations/{integration_id}")
async def integration(request: Request, at: AtIntegrations, integration_id: str) -> HTMLResponse:
    """One integration and its type mappings."""
    async with at.opened() as look:
        found = await integration_at(look, integration_id)
        names = await connection_names(look, [found])
        mappings = await mappings_of(look, found)
        look.note("integration", found.id, integration=found.name)
    connection = names.get(found.connection_id) if found.connection_id else None
    main = pages.integration_main(look, found, connection, mappings)
    return show(request, at.agent, main, active="find", title=found.name)


@router.get("/integrations/{integration_id}/mappings/{mapping_id}")
async def mapping(
    request: Request, at: AtIntegrations, integration_id: str, mapping_id: str
) -> HTMLResponse:
    """One type mapping."""
    async with at.opened() as look:
        found = await integration_at(look, integration_id)
        its = await mapping_at(look, found, mapping_id)
        look.note("type mapping", its.id, integration=found.name)
    main = pages.mapping_main(look, found, its)
    return show(request, at.agent, main, active="find", title=found.name)


@router.get("/connections")
async def connections(request: Request, at: AtConnections, *, after: str = "") -> HTMLResponse:
    """All connections, without their secrets."""
    async with at.opened() as look:
        part = await newest_first(look, Connection, Action.SEE_CONNECTION, after)
        look.note(page="Connections")
    main = pages.connections_main(look, part)
    return show(request, at.agent, main, active="find", title="Connections")
