"""Relations of a work item: to others (both ends are kept), files, addresses."""

import re
from dataclasses import replace
from typing import Any

from sandbox.azure.patch import Patch
from sandbox.azure.process import LINK_TYPES, PARENT, RESOURCE_LINKS
from sandbox.azure.rest.errors import AzureError, bad_request, no_such_item
from sandbox.azure.state import AzureState, Relation, WorkItem

ITEM_URL = re.compile(r"/_apis/wit/workitems/(\d+)$", re.IGNORECASE)
FILE_URL = re.compile(r"/_apis/wit/attachments/([0-9a-f-]{36})", re.IGNORECASE)
INVALID = "WorkItemRelationInvalidException"


def planned(
    state: AzureState, item: WorkItem, patch: Patch
) -> tuple[list[Relation], list[Relation], list[Relation]]:
    """The relations as they will be, those added and those removed. Changes nothing."""
    after = list(item.relations)
    for position, name, value in patch.attributes:
        old = _at(item, position)
        after[position] = replace(old, attributes={**old.attributes, name: value})
    removed = [_at(item, position) for position in patch.removed]
    after = [relation for n, relation in enumerate(after) if n not in patch.removed]
    added = []
    for given in patch.added:
        relation = _read(state, item, given)
        _check(state, item, after, relation)
        after.append(relation)
        added.append(relation)
    return after, added, removed


def mirror(
    state: AzureState, item: WorkItem, added: list[Relation], removed: list[Relation]
) -> None:
    """The other ends of links; they make no revision there."""
    for relation in removed:
        other = state.items.get(relation.other or 0)
        if other is not None:
            opposite = LINK_TYPES[relation.rel][1]
            other.relations = [
                r for r in other.relations if (r.rel, r.other) != (opposite, item.id)
            ]
    for relation in added:
        other = state.items.get(relation.other or 0)
        if other is not None:
            opposite = LINK_TYPES[relation.rel][1]
            attributes = {"isLocked": False, "name": LINK_TYPES[opposite][0]}
            other.relations.append(Relation(opposite, item_url(state, item), item.id, attributes))


def item_url(state: AzureState, item: WorkItem) -> str:
    return f"{state.url}/{item.project_id}/_apis/wit/workItems/{item.id}"


def _at(item: WorkItem, position: int) -> Relation:
    if position >= len(item.relations):
        raise bad_request("Index out of range for path /relations.", INVALID)
    return item.relations[position]


def _read(state: AzureState, item: WorkItem, given: dict[str, Any]) -> Relation:
    rel, url = str(given.get("rel")), str(given.get("url"))
    attributes = dict(given.get("attributes") or {})
    if rel in LINK_TYPES:
        found = ITEM_URL.search(url)
        other = state.items.get(int(found[1])) if found else None
        if other is None or other.deleted_at:
            raise no_such_item(int(found[1]) if found else 0)
        names = {"isLocked": False, "name": LINK_TYPES[rel][0]}
        return Relation(rel, item_url(state, other), other.id, {**attributes, **names})
    if rel == "AttachedFile":
        return _file(state, item, url, attributes)
    if rel in RESOURCE_LINKS and url:
        return Relation(rel, url, None, attributes)
    raise bad_request(f"TF401349: Unknown relation type {rel}.", INVALID)


def _file(state: AzureState, item: WorkItem, url: str, attributes: dict[str, Any]) -> Relation:
    found = FILE_URL.search(url)
    attachment = state.attachments.get(found[1].lower()) if found else None
    if attachment is None:
        raise AzureError(404, "AttachmentNotFoundException", "TF237082: The file does not exist.")
    known = {
        "authorizedDate": attachment.created,
        "id": 1000 + len(item.relations),
        "resourceCreatedDate": attachment.created,
        "resourceModifiedDate": attachment.created,
        "revisedDate": "9999-01-01T00:00:00Z",
        "resourceSize": len(attachment.content),
        "name": attachment.name,
    }
    plain = f"{state.url}/{item.project_id}/_apis/wit/attachments/{attachment.id}"
    return Relation("AttachedFile", plain, None, {**known, **attributes})


def _check(state: AzureState, item: WorkItem, present: list[Relation], wanted: Relation) -> None:
    if any((r.rel, r.url) == (wanted.rel, wanted.url) for r in present):
        raise bad_request("Relation already exists.", INVALID)
    child, parent = {
        "System.LinkTypes.Hierarchy-Reverse": (item.id, wanted.other),
        "System.LinkTypes.Hierarchy-Forward": (wanted.other, item.id),
    }.get(wanted.rel, (None, None))
    if child is None or parent is None:
        return
    has_parent = (
        any(r.rel == PARENT for r in present)
        if child == item.id
        else state.items[child].parent is not None
    )
    if has_parent:
        raise bad_request(
            f"TF201036: You cannot add a Parent link between work items {child} and {parent} "
            "because a work item can have only one Parent link.",
            "WorkItemLinkInvalidException",
        )
    above: int | None = parent
    while above is not None:
        if above == child:
            raise bad_request(
                f"TF201035: A link between work items {child} and {parent} would be circular.",
                "WorkItemLinkInvalidException",
            )
        found = state.items.get(above)
        above = found.parent if found is not None else None


def as_json(relation: Relation) -> dict[str, Any]:
    return {"rel": relation.rel, "url": relation.url, "attributes": relation.attributes}
