"""Jira says that something in a project changed: its integrations run soon.

Jira signs the address, so the project stands there and no body is asked for. What changed is then
read from Jira itself: news that come twice, late or in disorder do no harm, and news that never
come are made up for by the schedule.
"""

import re
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import Select, select

from app.errors import Unproven
from app.house import House, house_of
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.runs.life import start_soon
from app.sync.links import suspect_item
from connect import (
    TokenRefused,
    parse_token,
    request_path,
    request_query,
    token_in_header,
    unverified_issuer,
    verify_page_token,
)

router = APIRouter(prefix="/connect/webhooks", tags=["webhooks"])
_ID = re.compile(r"[0-9]{1,18}").fullmatch


@router.post("/changed", status_code=204, response_class=Response)
async def changed(request: Request) -> Response:
    """Start what keeps this project in step; 204 also where there is nothing to start."""
    house = house_of(request)
    facts = await _proven(house, request)
    project = request.query_params.get("project", "")
    if facts.is_installed and facts.is_enabled and _ID(project):
        await _start_those_of(house, facts, project)
    return Response(status_code=204)


@router.post("/deleted", status_code=204, response_class=Response)
async def deleted(request: Request) -> Response:
    """Look soon whether this issue is gone indeed; news alone delete and end nothing."""
    house = house_of(request)
    facts = await _proven(house, request)
    project = request.query_params.get("project", "")
    issue = request.query_params.get("issue", "")
    if facts.is_installed and facts.is_enabled and _ID(project) and _ID(issue):
        await _suspect(house, facts, project, issue)
    return Response(status_code=204)


async def _proven(house: House, request: Request) -> InstanceFacts:
    """The site whose secret signed this very address."""
    settings = house.settings
    try:
        token = parse_token(token_in_header(request.headers.get("authorization")))
        facts = await house.directory.find(unverified_issuer(token))
        if facts is None:
            raise Unproven("Getint is not installed in the Jira that sent this.")
        verify_page_token(
            token,
            facts.site,
            method=request.method,
            path=request_path(request, settings.app_base_url),
            query=request_query(request),
            app_base_url=settings.app_base_url,
            app_key=settings.connect_app_key,
        )
    except TokenRefused as refused:
        raise Unproven(str(refused)) from refused
    return facts


async def _suspect(house: House, facts: InstanceFacts, project_id: str, issue_id: str) -> None:
    async with house.database.of_instance(facts.instance_id) as session:
        kept = (await session.scalars(_kept_in_step(project_id))).all()
        for integration_id in await suspect_item(session, kept, "jira", issue_id):
            await start_soon(session, facts.instance_id, integration_id, "jira")


def _kept_in_step(project_id: str) -> Select[UUID]:
    return select(Integration.id).where(
        Integration.project_id == project_id,
        Integration.state == "active",
        Integration.kind == "integration",
    )


async def _start_those_of(house: House, facts: InstanceFacts, project_id: str) -> None:
    wanted = _kept_in_step(project_id).where(Integration.direction != "to_jira")
    async with house.database.of_instance(facts.instance_id) as session:
        for integration_id in (await session.scalars(wanted)).all():
            await start_soon(session, facts.instance_id, integration_id, "jira")
