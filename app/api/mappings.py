"""The type mappings of an integration, in the form in which they are exported."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access import Action
from app.api.bodies import Body, sent
from app.api.problems import Stale
from app.api.router import api_router
from app.api.versions import IfMatch, matches, tag
from app.house import House, house_of
from app.identity.visit import Proof, Visit
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.integrations.reading import things
from app.sync import mapping_service as service
from app.sync.export import MOST_BYTES, MOST_MAPPINGS, MappingInFile
from app.sync.models import TypeMapping

router = api_router("/integrations/{integration_id}/mappings", "mappings")
Seen = Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION, Proof.TOKEN))]
Changed = Annotated[
    At[Integration], Depends(the_integration(Action.CHANGE_INTEGRATION, Proof.TOKEN))
]


class MappingsShape(BaseModel):
    """All of them, in the order in which they are tried."""

    model_config = ConfigDict(title="Mappings")

    mappings: list[MappingInFile]


class MappingsBody(Body):
    """All that there are to be, in the order in which they are tried."""

    model_config = ConfigDict(
        title="MappingsToSet",
        json_schema_extra={
            "examples": [
                {
                    "mappings": [
                        {
                            "jira_type": "Bug",
                            "tool_type": "Issue",
                            "enabled": True,
                            "rules": {
                                "fields": [{"jira": "summary", "tool": "title", "kind": "text"}]
                            },
                        }
                    ]
                }
            ]
        },
    )

    mappings: Annotated[tuple[MappingInFile, ...], Field(max_length=MOST_MAPPINGS)]


@router.get("")
async def get_mappings(request: Request, response: Response, at: Seen) -> MappingsShape:
    """What becomes what, with all rules."""
    return _answered(response, await _there(house_of(request), at.visit, at.thing))


@router.put("")
async def replace_mappings(
    request: Request,
    response: Response,
    at: Changed,
    body: Annotated[MappingsBody, Depends(sent(MappingsBody, MOST_BYTES))],
    *,
    if_match: IfMatch = "",
) -> MappingsShape:
    """Put these in place of all that are there. What is already linked stays linked."""
    house = house_of(request)
    if not matches(if_match, _version(await _there(house, at.visit, at.thing))):
        raise Stale("Somebody changed the mappings.", mend="Get them again, then make your change.")
    async with house.database.of_instance(at.visit.caller.instance_id) as session:
        await service.replace(session, at.visit, at.thing, body.mappings)
    return _answered(response, await _there(house, at.visit, at.thing))


async def _there(house: House, visit: Visit, integration: Integration) -> Sequence[TypeMapping]:
    return await things(house, visit, service.of_integration(integration))


def _answered(response: Response, mappings: Sequence[TypeMapping]) -> MappingsShape:
    tag(response, _version(mappings))
    return MappingsShape(
        mappings=[
            MappingInFile(
                jira_type=mapping.jira_type,
                tool_type=mapping.tool_type,
                enabled=mapping.enabled,
                rules=service.rules_of(mapping),
            )
            for mapping in mappings
        ]
    )


def _version(mappings: Sequence[TypeMapping]) -> str:
    """Another one whenever one is added, changed, moved or deleted."""
    named = " ".join(f"{mapping.id}.{mapping.version}" for mapping in mappings)
    return hashlib.sha256(named.encode()).hexdigest()[:32]
