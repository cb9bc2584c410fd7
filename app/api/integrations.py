"""Integrations and migrations."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, Tool, visible
from app.api.bodies import Body, sent
from app.api.mistakes import read_form, require_no, told_by_field
from app.api.once import SentOnce
from app.api.paging import Page, Paging, next_href, rows_of
from app.api.router import ROOT, api_router
from app.api.shapes import IntegrationShape
from app.api.versions import IfMatch, notice, require_match, tag
from app.api.workspace_of import in_workspace
from app.house import house_of
from app.identity.guard import api
from app.identity.visit import Proof, Visit
from app.integrations import service
from app.integrations.changing import changing
from app.integrations.editing import create_from_form, place_to_create, save_form
from app.integrations.guards import At, found, in_view, the_integration
from app.integrations.listing import Filters, conditions_of
from app.integrations.models import Integration
from app.integrations.schemas import (
    ON_ONE_LINE,
    ChangedIntegration,
    Configured,
    ConflictRule,
    Direction,
    Kind,
    NewIntegration,
)
from app.integrations.takers import accepted_taker
from app.news.hooks import clear_up, hooks_of

router = api_router("/integrations", "integrations")
Seeing = Annotated[Visit, Depends(api(Action.SEE_INTEGRATION))]
Creating = Annotated[Visit, Depends(api(Action.CREATE_INTEGRATION))]
Seen = Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION, Proof.TOKEN))]
Changed = Annotated[
    At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION, Proof.TOKEN))
]

HandedOver = Annotated[
    At[Integration], Depends(the_integration(Action.HAND_OVER_INTEGRATION, Proof.TOKEN))
]


class IntegrationQuery(Paging):
    """Which integrations."""

    q: Annotated[str, Field(max_length=120, description="A part of the name."), ON_ONE_LINE] = ""
    tool: Tool | None = None
    project: Annotated[
        str, Field(max_length=120, description="The key of a Jira project."), ON_ONE_LINE
    ] = ""
    mine: Annotated[bool, Field(description="Only those that you own.")] = False
    kind: Kind | None = None
    state: Literal["active", "paused"] | None = None
    workspace_id: UUID | None = None


class NewIntegrationBody(Configured):
    """A new integration or migration, which you will own."""

    model_config = ConfigDict(
        title="NewIntegration",
        json_schema_extra={
            "examples": [
                {
                    "kind": "integration",
                    "name": "Payroll",
                    "tool": "gitlab",
                    "tool_place": "acme/payroll",
                    "direction": "both",
                    "project_id": "10001",
                    "jql": "type = Bug",
                }
            ]
        },
    )

    kind: Kind
    project_id: Annotated[
        str, Field(pattern=r"^[0-9]{0,18}$", description="The id of a Jira project.")
    ] = ""
    connection_id: UUID | None = None
    workspace_id: Annotated[
        UUID | None, Field(description="Where it belongs; the workspace that you are in if null.")
    ] = None


class IntegrationChange(Body):
    """What is to be set; what is left out stays."""

    model_config = ConfigDict(
        title="IntegrationChange", json_schema_extra={"examples": [{"every_minutes": 60}]}
    )

    name: str | None = None
    tool: Tool | None = None
    tool_place: str | None = None
    direction: Direction | None = None
    jql: str | None = None
    tool_query: str | None = None
    every_minutes: int | None = None
    conflict_rule: ConflictRule | None = None
    copies_deletions: bool | None = None
    keep_logs_days: int | None = None
    project_id: str | None = None
    connection_id: UUID | None = None


class HandOverBody(Body):
    """Who is to own it: somebody who could have created it."""

    model_config = ConfigDict(
        title="HandOver",
        json_schema_extra={"examples": [{"owner": "jira:5b10a2844c20165700ede21a"}]},
    )

    owner: Annotated[str, Field(max_length=140)]


@router.get("")
async def list_integrations(
    request: Request, visit: Seeing, asked: Annotated[IntegrationQuery, Query()]
) -> Page[IntegrationShape]:
    """Those that you may see, newest first."""
    filters = Filters(
        q=asked.q.strip(),
        tool=asked.tool or "",
        project=asked.project.strip(),
        mine="yes" if asked.mine else "",
        kind=asked.kind or "",
        state=asked.state or "",
    )
    statement = select(Integration).where(
        visible(visit.caller, Action.SEE_INTEGRATION, Integration),
        in_view(visit.project, Integration),
        *conditions_of(visit.caller, filters),
    )
    if asked.workspace_id is not None:
        statement = statement.where(Integration.workspace_id == asked.workspace_id)
    rows, cursor = await rows_of(house_of(request), visit, statement, Integration, asked)
    items = [IntegrationShape.model_validate(row) for (row,) in rows]
    return Page(items=items, next=next_href(request, cursor))


@router.post("", status_code=201)
async def create_integration(
    request: Request,
    response: Response,
    visit: Creating,
    body: Annotated[NewIntegrationBody, Depends(sent(NewIntegrationBody))],
    once: SentOnce,
) -> IntegrationShape:
    """Create one. It is yours; to run it, it needs a connection and mappings."""
    house = house_of(request)
    made = await once.made()
    if made is None:
        visit = in_workspace(visit, body.workspace_id)
        form = read_form(NewIntegration, body.model_dump(mode="json", exclude={"workspace_id"}))
        with told_by_field():
            project = await place_to_create(house, visit, form)

            async def making(session: AsyncSession) -> UUID:
                return (await create_from_form(session, visit, form, project)).id

            made = await once.make(making)
    response.headers["Location"] = f"{ROOT}/integrations/{made}"
    integration = await found(house, visit, Integration, Action.SEE_INTEGRATION, made)
    return answered(response, integration)


@router.get("/{integration_id}")
async def get_integration(response: Response, at: Seen) -> IntegrationShape:
    """One integration with its configuration."""
    return answered(response, at.thing)


@router.patch("/{integration_id}")
async def change_integration(
    request: Request,
    response: Response,
    at: Changed,
    body: Annotated[IntegrationChange, Depends(sent(IntegrationChange))],
    if_match: IfMatch = "",
) -> IntegrationShape:
    """Set what is named, unless somebody was faster."""
    house = house_of(request)
    await require_match(house, at.visit, at.thing, if_match)
    now = {name: getattr(at.thing, name) for name in IntegrationChange.model_fields}
    wanted = now | body.model_dump(exclude_unset=True) | {"version": at.thing.version}
    form = read_form(ChangedIntegration, wanted)
    with told_by_field():
        notice(response, await save_form(house, at.visit, at.thing, form))
    return answered(response, at.thing)


@router.post("/{integration_id}/pause")
async def pause_integration(request: Request, response: Response, at: Changed) -> IntegrationShape:
    """Stop it until it is resumed; twice is once."""
    return await _set_state(request, response, at, "paused")


@router.post("/{integration_id}/resume")
async def resume_integration(request: Request, response: Response, at: Changed) -> IntegrationShape:
    """Let it go on; twice is once."""
    return await _set_state(request, response, at, "active")


@router.post("/{integration_id}/hand-over")
async def hand_over_integration(
    request: Request,
    response: Response,
    at: HandedOver,
    body: Annotated[HandOverBody, Depends(sent(HandOverBody))],
) -> IntegrationShape:
    """Make somebody else the owner."""
    house = house_of(request)
    _, problem = await accepted_taker(house, at.visit, at.thing, body.owner)
    require_no({"owner": problem} if problem else {})
    async with changing(house, at.visit, at.thing) as session:
        await service.hand_over(session, at.visit, at.thing, body.owner)
    return answered(response, at.thing)


@router.delete("/{integration_id}", status_code=204)
async def delete_integration(request: Request, at: Changed) -> Response:
    """Take it away with its runs and mappings, for good."""
    house, answered = house_of(request), Response(status_code=204)
    hooks = await hooks_of(house, at.visit, at.thing)
    async with changing(house, at.visit, at.thing) as session:
        await service.delete(session, at.visit, at.thing)
    notice(answered, await clear_up(house, at.visit.facts, hooks))
    return answered


async def _set_state(
    request: Request, response: Response, at: At[Integration], state: str
) -> IntegrationShape:
    async with changing(house_of(request), at.visit, at.thing) as session:
        await service.set_state(session, at.visit, at.thing, state)
    return answered(response, at.thing)


def answered(response: Response, integration: Integration) -> IntegrationShape:
    """An integration as it is now, with its version."""
    tag(response, integration.version)
    return IntegrationShape.model_validate(integration)
