"""What describes work items: types, their fields and states, tags, areas, relation types."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from sandbox.azure.process import BY_NAME, FIELDS, WorkItemType
from sandbox.azure.rest import beans
from sandbox.azure.rest.caller import Anywhere, Expand, TheProject
from sandbox.azure.rest.errors import AzureError, bad_request, collection, no_such_field
from sandbox.azure.state import AzureState, Node, Project, named_id

router = APIRouter(prefix="/wit")
Depth = Annotated[int, Query(alias="$depth", ge=0)]
GROUPS = {"areas": "area", "iterations": "iteration"}


def _type(project: TheProject, type_name: str) -> WorkItemType:
    kind = project.type(type_name)
    if kind is None:
        message = f"VS402323: Work item type {type_name} does not exist in project {project.name}."
        raise AzureError(404, "WorkItemTypeNotFoundException", message)
    return kind


TheType = Annotated[WorkItemType, Depends(_type)]


@router.get("/workitemtypes")
async def list_types(place: Anywhere, project: TheProject) -> dict[str, Any]:
    state = place.azure.state
    return collection([beans.work_item_type(state, project, each) for each in project.types])


@router.get("/workitemtypes/{type_name}")
async def get_type(place: Anywhere, project: TheProject, kind: TheType) -> dict[str, Any]:
    return beans.work_item_type(place.azure.state, project, kind)


@router.get("/workitemtypes/{type_name}/states")
async def list_states(kind: TheType) -> dict[str, Any]:
    return collection(beans.states(kind))


@router.get("/workitemtypes/{type_name}/fields")
async def list_type_fields(
    place: Anywhere, kind: TheType, expand: Expand = "none"
) -> dict[str, Any]:
    values = expand.lower() in ("allowedvalues", "all")
    state = place.azure.state
    return collection([beans.type_field(state, kind, ref, values=values) for ref in kind.fields])


@router.get("/workitemtypes/{type_name}/fields/{name}")
async def get_type_field(
    place: Anywhere, kind: TheType, name: str, expand: Expand = "none"
) -> dict[str, Any]:
    ref = BY_NAME.get(name.lower())
    if ref is None or ref not in kind.fields:
        raise no_such_field(name)
    values = expand.lower() in ("allowedvalues", "all")
    return beans.type_field(place.azure.state, kind, ref, values=values)


@router.get("/fields")
async def list_fields(place: Anywhere) -> dict[str, Any]:
    return collection([beans.field(place.azure.state, each) for each in FIELDS.values()])


@router.get("/fields/{name}")
async def get_field(place: Anywhere, name: str) -> dict[str, Any]:
    ref = BY_NAME.get(name.lower())
    if ref is None:
        raise AzureError(
            404,
            "WorkItemTrackingFieldDefinitionNotFoundException",
            f"TF51535: Cannot find field {name}.",
        )
    return beans.field(place.azure.state, FIELDS[ref])


@router.get("/tags")
async def list_tags(place: Anywhere, project: TheProject) -> dict[str, Any]:
    state = place.azure.state
    lines = [
        str(item.fields.get("System.Tags", ""))
        for item in state.items.values()
        if item.project_id == project.id
    ]
    names = {name.strip() for line in lines for name in line.split(";") if name.strip()}
    home = f"{state.url}/{project.id}/_apis/wit/tags"
    ids = {name: named_id(f"tag {name.lower()}") for name in sorted(names)}
    return collection(
        [{"id": each, "name": name, "url": f"{home}/{each}"} for name, each in ids.items()]
    )


@router.get("/workitemrelationtypes")
async def list_relation_types(place: Anywhere) -> dict[str, Any]:
    return collection(beans.relation_types(place.azure.state))


@router.get("/classificationnodes")
async def list_roots(place: Anywhere, project: TheProject, depth: Depth = 0) -> dict[str, Any]:
    state = place.azure.state
    roots = (project.areas, project.iterations)
    return collection([_node(state, project, root, depth, f"\\{project.name}") for root in roots])


@router.get("/classificationnodes/{group}")
@router.get("/classificationnodes/{group}/{path:path}")
async def get_node(
    *, place: Anywhere, project: TheProject, group: str, path: str = "", depth: Depth = 0
) -> dict[str, Any]:
    kind = GROUPS.get(group.lower())
    if kind is None:
        raise bad_request(f"The structure group {group} is not known.")
    node = project.areas if kind == "area" else project.iterations
    above = f"\\{project.name}"
    for name in filter(None, path.split("/")):
        found = next((c for c in node.children if c.name.lower() == name.lower()), None)
        if found is None:
            raise AzureError(
                404,
                "ClassificationNodeNotFoundException",
                f"VS402485: The {kind} node name is not recognized: {path}.",
            )
        node, above = found, f"{above}\\{node.name}"
    return _node(place.azure.state, project, node, depth, above)


def _node(
    state: AzureState, project: Project, node: Node, depth: int, above: str
) -> dict[str, Any]:
    """`above` begins with the project's name; areas and iterations have each a root."""
    kind = node.kind.title()
    is_root = node in (project.areas, project.iterations)
    path = f"{above}\\{kind}" if is_root else f"{above}\\{node.name}"
    group = "Areas" if node.kind == "area" else "Iterations"
    answer = {
        "id": node.id,
        "identifier": named_id(f"{project.id} {path}"),
        "name": node.name,
        "structureType": node.kind,
        "hasChildren": bool(node.children),
        "path": path,
        "url": f"{state.url}/{project.id}/_apis/wit/classificationNodes/{group}",
    }
    if depth and node.children:
        answer["children"] = [
            _node(state, project, child, depth - 1, path) for child in node.children
        ]
    return answer
