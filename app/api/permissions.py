"""Who a token is, and what may be done with it: the decisions of the core, with their reasons."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from app.access import TABLE, Action, Decision, Thing
from app.api.router import api_router
from app.identity.guard import api
from app.identity.visit import Proof, Visit
from app.identity.workspaces import open_to
from app.instances.explain import OF_A_CONNECTION, OF_AN_INTEGRATION
from app.integrations.guards import At, the_connection, the_integration
from app.integrations.models import Connection, Integration
from app.runs.reporting_guard import AtRun, the_run
from app.tokens.words import Scope, scopes_of

router = api_router("", "permissions")
WITHOUT_A_THING = tuple(action for action, rule in TABLE.items() if not rule.needs_a_thing)
Asking = Annotated[Visit, Depends(api(Action.OPEN_APP))]


class WorkspaceNamed(BaseModel):
    """A workspace that is open to you."""

    id: UUID
    name: str
    is_current: bool = Field(description="Whether new things belong to it if none is named.")


class Me(BaseModel):
    """Whose token this is, and what it opens."""

    account: str = Field(examples=["jira:5b10a2844c20165700ede21a"])
    instance_id: UUID
    scopes: list[Scope]
    licence: str
    project_id: str | None = Field(description="The Jira project in whose settings it was made.")
    workspaces: list[WorkspaceNamed]


class DecisionShape(BaseModel):
    """Whether you may do something, and if not why, what is needed and who can give it."""

    model_config = ConfigDict(title="Decision")

    action: str = Field(examples=["CHANGE_INTEGRATION"])
    words: str = Field(examples=["change, run, pause or delete an integration"])
    answer: Literal["yes", "no", "cannot tell"]
    reason: str = Field(examples=["NOT_OWNER"])
    explanation: str
    needed: str
    who: str


class Decisions(BaseModel):
    """Decisions on all that can be done."""

    decisions: list[DecisionShape]


@router.get("/me")
async def who_am_i(visit: Asking) -> Me:
    """Whose token this is, and what it opens."""
    return Me(
        account=visit.caller.account,
        instance_id=visit.caller.instance_id,
        scopes=scopes_of(visit.caller.scope),
        licence=visit.licence.value,
        project_id=visit.project.id if visit.project else None,
        workspaces=[
            WorkspaceNamed(id=each.id, name=each.name, is_current=each.id == visit.workspace_id)
            for each in open_to(visit.facts, visit.caller)
        ],
    )


@router.get("/permissions")
async def permissions(visit: Asking) -> Decisions:
    """What you may do that is about no single thing."""
    return _decided(visit, WITHOUT_A_THING)


@router.get("/integrations/{integration_id}/permissions")
async def permissions_on_integration(
    at: Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION, Proof.TOKEN))],
) -> Decisions:
    """What you may do with an integration."""
    return _decided(at.visit, OF_AN_INTEGRATION, at.thing)


@router.get("/connections/{connection_id}/permissions")
async def permissions_on_connection(
    at: Annotated[At[Connection], Depends(the_connection(Action.SEE_CONNECTION, Proof.TOKEN))],
) -> Decisions:
    """What you may do with a connection."""
    return _decided(at.visit, OF_A_CONNECTION, at.thing)


@router.get("/runs/{run_id}/permissions")
async def permissions_on_run(
    at: Annotated[AtRun, Depends(the_run(Action.SEE_RUN, Proof.TOKEN))],
) -> Decisions:
    """What you may do with a run and its integration."""
    return _decided(at.visit, OF_AN_INTEGRATION, at.place)


def _decided(visit: Visit, actions: Iterable[Action], thing: Thing | None = None) -> Decisions:
    return Decisions(decisions=[_shape(visit.can(action, thing)) for action in actions])


def _shape(decision: Decision) -> DecisionShape:
    return DecisionShape(
        action=decision.action.name,
        words=decision.action,
        answer=decision.answer.value,
        reason=decision.reason.name,
        explanation=decision.reason_text,
        needed=decision.needed,
        who=decision.who,
    )
