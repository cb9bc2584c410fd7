"""Projects, teams and people, and where a client library finds which resource."""

from typing import Any

from fastapi import APIRouter, Response

from sandbox.azure.rest import beans
from sandbox.azure.rest.caller import Anywhere
from sandbox.azure.rest.errors import AzureError, collection
from sandbox.azure.state import Project, named_id

router = APIRouter()
WIT = "wit"
# By id: area, resource, route within the organisation, newest preview. The ids are Azure's own.
LOCATIONS = {
    "e81700f7-3be2-46de-8624-2eb35882fcaa": ("Location", "ResourceAreas", "_apis/ResourceAreas", 1),
    "00d9565f-ed9c-4a06-9a50-00e7896ccab4": (
        "Location",
        "ConnectionData",
        "_apis/connectionData",
        1,
    ),
    "603fe2ac-9723-48b9-88ad-09305aa6c6e1": ("core", "projects", "_apis/projects/{*projectId}", 4),
    "fc50d02a-849f-41fb-8af1-0a5216103269": (
        "hooks",
        "subscriptions",
        "_apis/hooks/subscriptions/{subscriptionId}",
        1,
    ),
} | {
    number: (WIT, resource, f"{{project}}/_apis/wit/{route}", preview)
    for number, resource, route, preview in (
        ("72c7ddf8-2cdc-4f60-90cd-ab71c14a399b", "workItems", "workItems/{id}", 3),
        ("62d3d110-0047-428c-ad3c-4fe872c91c74", "workItems", "workItems/${type}", 3),
        ("908509b6-4248-4475-a1cd-829139ba419f", "workItemsBatch", "workItemsBatch", 1),
        ("608aac0a-32e1-4493-a863-b9cf4566d257", "comments",
         "workItems/{workItemId}/comments/{commentId}", 4),
        ("6570bf97-d02c-4a91-8d93-3abe9895b1a9", "updates",
         "workItems/{id}/updates/{updateNumber}", 4),
        ("a00c85a5-80fa-4565-99c3-bcd2181434bb", "revisions",
         "workItems/{id}/revisions/{revisionNumber}", 3),
        ("e07b5fa4-1499-494d-a496-64b860fd64ff", "attachments", "attachments/{id}", 3),
        ("7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa", "workItemTypes", "workItemTypes/{type}", 2),
        ("7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa", "states", "workItemTypes/{type}/states", 1),
        ("bd293ce5-3d25-4192-8e67-e8092e879efb", "fields",
         "workItemTypes/{type}/fields/{field}", 3),
        ("b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94", "fields", "fields/{fieldNameOrRefName}", 3),
        ("bc15bc60-e7a8-43cb-ab01-2106be3983a1", "tags", "tags/{tagIdOrName}", 1),
        ("f5d33bc9-5b49-4a3c-a9bd-f3cd46dd2165", "workItemRelationTypes",
         "workItemRelationTypes/{relation}", 2),
        ("a70579d1-f53a-48ee-a5be-7be8659023b9", "classificationNodes", "classificationNodes", 2),
        ("5a172953-1b41-49d3-840a-33f79c3ce89f", "classificationNodes",
         "classificationNodes/{structureGroup}/{*path}", 2),
        ("b70d8d39-926c-465e-b927-b1bf0e5ca0e0", "recyclebin", "recyclebin/{id}", 2),
    )
} | {
    "1a9c53f7-f243-4447-b110-35ef023636e4": (WIT, "wiql", "{project}/{team}/_apis/wit/wiql", 2),
}  # fmt: skip
AREAS = {
    "5264459e-e5e0-4bd8-b118-0985e68a4ec5": "wit",
    "79134c72-4a58-4b42-976c-04e7115f32bf": "core",
    "bb1e7ec9-e901-4b68-999a-de7012b920f8": "graph",
}


@router.options("")
async def list_locations(place: Anywhere) -> dict[str, Any]:
    del place
    return collection(
        [
            {
                "id": number,
                "area": area,
                "resourceName": resource,
                "routeTemplate": route,
                "resourceVersion": preview,
                "minVersion": "1.0",
                "maxVersion": "7.1",
                "releasedVersion": "0.0" if resource == "comments" else "7.1",
            }
            for number, (area, resource, route, preview) in LOCATIONS.items()
        ]
    )


@router.get("/resourceareas")
async def list_areas(place: Anywhere) -> dict[str, Any]:
    home = place.azure.state.url
    return collection(
        [{"id": each, "name": name, "locationUrl": f"{home}/"} for each, name in AREAS.items()]
    )


@router.get("/connectiondata")
async def get_connection_data(place: Anywhere) -> dict[str, Any]:
    me = {
        "id": place.me.id,
        "descriptor": place.me.descriptor,
        "subjectDescriptor": place.me.descriptor,
        "providerDisplayName": place.me.display_name,
        "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": place.me.unique_name}},
    }
    return {
        "authenticatedUser": me,
        "authorizedUser": me,
        "instanceId": named_id(place.azure.state.organization),
        "deploymentType": "hosted",
    }


@router.get("/projects")
async def list_projects(response: Response, place: Anywhere) -> dict[str, Any]:
    del response
    state = place.azure.state
    return collection([beans.project(state, each) for each in state.projects])


def _project(place: Anywhere, name: str) -> Project:
    found = place.azure.state.project(name)
    if found is None:
        message = f"TF200016: The following project does not exist: {name}."
        raise AzureError(404, "ProjectDoesNotExistWithNameException", message)
    return found


@router.get("/projects/{name}")
async def get_project(place: Anywhere, name: str) -> dict[str, Any]:
    state, found = place.azure.state, _project(place, name)
    team = {"id": named_id(f"team {found.id}"), "name": f"{found.name} Team"}
    return {**beans.project(state, found), "defaultTeam": team}


@router.get("/projects/{name}/teams")
async def list_teams(place: Anywhere, name: str) -> dict[str, Any]:
    found = _project(place, name)
    team = {
        "id": named_id(f"team {found.id}"),
        "name": f"{found.name} Team",
        "projectId": found.id,
        "projectName": found.name,
    }
    return collection([team])


@router.get("/projects/{name}/teams/{team_id}/members")
async def list_members(place: Anywhere, name: str, team_id: str) -> dict[str, Any]:
    _project(place, name)
    del team_id
    state = place.azure.state
    return collection(
        [{"identity": beans.identity(state, user.unique_name)} for user in state.users]
    )


@router.get("/graph/users")
async def list_users(place: Anywhere) -> dict[str, Any]:
    state = place.azure.state
    return collection([beans.graph_user(state, user) for user in state.users])


@router.get("/graph/users/{descriptor}")
async def get_user(place: Anywhere, descriptor: str) -> dict[str, Any]:
    user = place.azure.state.user(descriptor)
    if user is None:
        raise AzureError(404, "GraphSubjectNotFoundException", "VS860024: There is no such user.")
    return beans.graph_user(place.azure.state, user)
