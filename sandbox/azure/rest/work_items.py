"""Work items: one, many, made, changed, deleted; their revisions; the recycle bin."""

import copy
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.azure import work
from sandbox.azure.patch import Patch, read_patch
from sandbox.azure.rest import beans
from sandbox.azure.rest.caller import Anywhere, Expand, Place, TheItem, TheProject, listed
from sandbox.azure.rest.errors import AzureError, bad_request, collection, no_such_item
from sandbox.azure.state import WorkItem
from sandbox.azure.work import How

router = APIRouter()
MOST_IDS = 200
PATCH_TYPE = "application/json-patch+json"


class Batch(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    ids: list[int] = []
    fields: list[str] | None = None
    expand: str = Field(default="none", alias="$expand")
    error_policy: str = Field(default="fail", alias="errorPolicy")


class BinChange(BaseModel):
    model_config = ConfigDict(extra="ignore")
    isDeleted: bool = True  # noqa: N815 - Azure's name


async def _patch(request: Request) -> Patch:
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != PATCH_TYPE:
        raise AzureError(
            415,
            "UnsupportedMediaTypeException",
            f"The request indicated a Content-Type of '{kind}' for method type "
            f"'{request.method}' which is not supported. Valid content types for this method are: "
            f"{PATCH_TYPE}.",
        )
    try:
        return read_patch(await request.json())
    except ValueError:
        raise bad_request("You must pass a valid patch document in the body.") from None


ThePatch = Annotated[Patch, Depends(_patch)]


def _how(
    validate_only: Annotated[bool, Query(alias="validateOnly")] = False,
    bypass: Annotated[bool, Query(alias="bypassRules")] = False,
    silent: Annotated[bool, Query(alias="suppressNotifications")] = False,
) -> How:
    return How(validate_only, bypass, silent)


Manner = Annotated[How, Depends(_how)]


def _many(
    place: Place, ids: list[int], fields: list[str] | None, expand: str, policy: str
) -> dict[str, Any]:
    if len(ids) > MOST_IDS:
        raise bad_request(
            f"VS403474: You requested {len(ids)} work items which exceeds the limit of {MOST_IDS}.",
            "WorkItemBatchSizeExceededException",
        )
    if fields and expand.lower() not in ("none", "links"):
        raise bad_request(
            "The expand parameter can not be used with the fields parameter.",
            "ConflictingParametersException",
        )
    found: list[Any] = []
    for item_id in ids:
        try:
            item = place.item(item_id)
        except AzureError:
            if policy.lower() != "omit":
                raise
            # What is not there keeps its place in the list, empty.
            found.append(None)
        else:
            found.append(beans.work_item(place.azure.state, item, fields=fields, expand=expand))
    return collection(found)


@router.get("/wit/workitems")
async def get_work_items(
    place: Anywhere,
    ids: str,
    fields: str | None = None,
    expand: Expand = "none",
    policy: Annotated[str, Query(alias="errorPolicy")] = "fail",
) -> dict[str, Any]:
    names = fields.split(",") if fields else None
    return _many(place, listed(ids, int), names, expand, policy)


@router.post("/wit/workitemsbatch")
async def get_work_items_batch(place: Anywhere, body: Batch) -> dict[str, Any]:
    return _many(place, body.ids, body.fields, body.expand, body.error_policy)


@router.get("/wit/workitems/{item_id}")
async def get_work_item(
    place: Anywhere, item: TheItem, fields: str | None = None, expand: Expand = "none"
) -> Any:
    names = fields.split(",") if fields else None
    return _many(place, [item.id], names, expand, "fail")["value"][0]


@router.post("/wit/workitems/{type_name}")
async def create_work_item(
    *,
    place: Anywhere,
    project: TheProject,
    type_name: str,
    patch: ThePatch,
    how: Manner,
    expand: Expand = "none",
) -> dict[str, Any]:
    kind = project.type(type_name.removeprefix("$"))
    if kind is None or not type_name.startswith("$"):
        raise AzureError(
            404,
            "WorkItemTypeNotFoundException",
            f"VS402323: Work item type {type_name.removeprefix('$')} does not exist in project "
            f"{project.name} or you do not have permission to access it.",
        )
    item = work.create_item(place.azure, project, kind, patch, place.me, how=how)
    return beans.work_item(place.azure.state, item, expand=_links(expand))


@router.patch("/wit/workitems/{item_id}")
async def update_work_item(
    *, place: Anywhere, item: TheItem, patch: ThePatch, how: Manner, expand: Expand = "none"
) -> dict[str, Any]:
    changed = work.update_item(place.azure, item, patch, place.me, how=how)
    return beans.work_item(place.azure.state, changed, expand=_links(expand))


def _links(expand: str) -> str:
    """Answers to writes hold relations and links unless something else is asked for."""
    return "all" if expand.lower() == "none" else expand


@router.delete("/wit/workitems/{item_id}")
async def delete_work_item(place: Anywhere, item: TheItem, destroy: bool = False) -> dict[str, Any]:
    work.delete_item(place.azure, item, place.me, destroy=destroy)
    return beans.deleted(place.azure.state, item)


@router.get("/wit/workitems/{item_id}/updates")
async def list_updates(
    place: Anywhere,
    item: TheItem,
    top: Annotated[int, Query(alias="$top", ge=1)] = MOST_IDS,
    skip: Annotated[int, Query(alias="$skip", ge=0)] = 0,
) -> dict[str, Any]:
    shown = item.updates[skip : skip + min(top, MOST_IDS)]
    return collection([beans.update(place.azure.state, item, each) for each in shown])


@router.get("/wit/workitems/{item_id}/revisions")
async def list_revisions(
    place: Anywhere,
    item: TheItem,
    top: Annotated[int, Query(alias="$top", ge=1)] = MOST_IDS,
    skip: Annotated[int, Query(alias="$skip", ge=0)] = 0,
) -> dict[str, Any]:
    shown = _revisions(item)[skip : skip + min(top, MOST_IDS)]
    return collection([beans.work_item(place.azure.state, each) for each in shown])


@router.get("/wit/workitems/{item_id}/revisions/{revision}")
async def get_revision(
    place: Anywhere, item: TheItem, revision: Annotated[int, Path(ge=1)]
) -> dict[str, Any]:
    known = _revisions(item)
    if revision > len(known):
        raise AzureError(404, "WorkItemRevisionNotFoundException", "VS403417: No such revision.")
    return beans.work_item(place.azure.state, known[revision - 1])


def _revisions(item: WorkItem) -> list[WorkItem]:
    """The item as it was at each of its revisions; comments and relations are as today."""
    known: list[WorkItem] = []
    fields: dict[str, Any] = {}
    for update in item.updates:
        for name, (_, new) in update.fields.items():
            if new is None:
                fields.pop(name, None)
            else:
                fields[name] = new
        then = copy.copy(item)
        then.rev, then.fields = update.rev, dict(fields)
        known.append(then)
        fields.pop("System.History", None)
    return known


def _in_bin(place: Place, item_id: int) -> WorkItem:
    item = place.azure.state.items.get(item_id)
    if item is None or not item.deleted_at:
        raise no_such_item(item_id)
    return item


@router.get("/wit/recyclebin")
async def list_bin(place: Anywhere) -> dict[str, Any]:
    gone = [item for item in place.azure.state.items.values() if item.deleted_at]
    return collection(
        [{"id": i.id, "url": beans.deleted(place.azure.state, i)["url"]} for i in gone]
    )


@router.get("/wit/recyclebin/{item_id}")
async def get_from_bin(place: Anywhere, item_id: Annotated[int, Path()]) -> dict[str, Any]:
    return beans.deleted(place.azure.state, _in_bin(place, item_id))


@router.patch("/wit/recyclebin/{item_id}")
async def restore_from_bin(
    place: Anywhere, item_id: Annotated[int, Path()], body: Annotated[BinChange, Body()]
) -> dict[str, Any]:
    item = _in_bin(place, item_id)
    answer = beans.deleted(place.azure.state, item)
    if not body.isDeleted:
        work.restore_item(place.azure, item, place.me)
    return answer


@router.delete("/wit/recyclebin/{item_id}", status_code=204)
async def destroy_in_bin(place: Anywhere, item_id: Annotated[int, Path()]) -> None:
    del place.azure.state.items[_in_bin(place, item_id).id]
    place.azure.save()
