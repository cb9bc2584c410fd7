"""Azure DevOps' words for identities, work items, comments and what describes them."""

import re
from collections.abc import Sequence
from typing import Any

from sandbox.azure.process import (
    CATEGORIES,
    COLORS,
    FIELDS,
    LINK_TYPES,
    RESOURCE_LINKS,
    Field,
    WorkItemType,
)
from sandbox.azure.relations import as_json, item_url
from sandbox.azure.state import (
    AzureState,
    Comment,
    Project,
    Relation,
    Update,
    User,
    WorkItem,
    named_id,
)

ZEROS = re.compile(r"\.?0+Z$")
DEMANDED = ("System.Title", "System.State", "System.AreaPath", "System.IterationPath")


def moment(at: str) -> str:
    """Without the zeros at its end, as the API has it: 2026-11-02T09:00:00.1Z."""
    return ZEROS.sub("Z", at) if "." in at else at


def identity(state: AzureState, name: str) -> dict[str, Any]:
    """IdentityRef; somebody who is gone is known by name alone."""
    user = state.user(name)
    if user is None:
        return {"displayName": name, "uniqueName": name}
    image = f"{state.url}/_apis/GraphProfile/MemberAvatars/{user.descriptor}"
    return {
        "displayName": user.display_name,
        "url": f"{state.url}/_apis/Identities/{user.id}",
        "_links": {"avatar": {"href": image}},
        "id": user.id,
        "uniqueName": user.unique_name,
        "imageUrl": image,
        "descriptor": user.descriptor,
    }


def graph_user(state: AzureState, user: User) -> dict[str, Any]:
    address = f"{state.url}/_apis/graph/users/{user.descriptor}"
    return {
        "subjectKind": "user",
        "metaType": "member",
        "domain": named_id("tenant"),
        "principalName": user.unique_name,
        "mailAddress": user.unique_name,
        "origin": "aad",
        "originId": user.id,
        "displayName": user.display_name,
        "url": address,
        "descriptor": user.descriptor,
        "_links": {"self": {"href": address}},
    }


def project(state: AzureState, found: Project) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "url": f"{state.url}/_apis/projects/{found.id}",
        "state": "wellFormed",
        "revision": 12,
        "visibility": "private",
        "lastUpdateTime": moment(found.created),
    }


def _shown(state: AzureState, name: str, value: Any) -> Any:
    kind = FIELDS[name].type if name in FIELDS else ""
    if kind == "identity":
        return identity(state, str(value))
    return moment(str(value)) if kind == "dateTime" else value


def fields_of(state: AzureState, item: WorkItem, *, everything: bool = False) -> dict[str, Any]:
    """Fields without a value are left out. `everything`: those that only `$expand` shows."""
    fields = {name: _shown(state, name, value) for name, value in item.fields.items()}
    fields["System.CommentCount"] = item.comment_count
    if item.parent is not None:
        fields["System.Parent"] = item.parent
    if everything:
        fields |= {
            "System.Id": item.id,
            "System.Rev": item.rev,
            "System.AreaId": 1,
            "System.IterationId": 10,
            "System.NodeName": str(item.fields["System.AreaPath"]).rpartition("\\")[2],
        }
    return fields


def work_item(
    state: AzureState,
    item: WorkItem,
    *,
    fields: Sequence[str] | None = None,
    expand: str = "none",
) -> dict[str, Any]:
    """`expand` is none, relations, fields, links or all, in any case."""
    expand = expand.lower()
    named = {name.lower() for name in fields or ()}
    known = fields_of(state, item, everything=bool(named) or expand in ("fields", "all"))
    if named:
        known = {name: value for name, value in known.items() if name.lower() in named}
    answer: dict[str, Any] = {"id": item.id, "rev": item.rev, "fields": known}
    if item.relations and expand in ("relations", "all"):
        answer["relations"] = [as_json(each) for each in item.relations]
    address = item_url(state, item)
    if expand in ("links", "all"):
        parts = ("updates", "revisions", "comments")
        links = {name: {"href": f"{address}/{name}"} for name in parts}
        human = f"{state.url}/{item.project_id}/_workitems/edit/{item.id}"
        answer["_links"] = {"self": {"href": address}, **links, "html": {"href": human}}
    return {**answer, "url": address}


def deleted(state: AzureState, item: WorkItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "type": item.type_name,
        "name": item.fields["System.Title"],
        "project": state.project_of(item).name,
        "deletedDate": moment(item.deleted_at or ""),
        "deletedBy": item.deleted_by,
        "code": 200,
        "url": f"{state.url}/{item.project_id}/_apis/wit/recyclebin/{item.id}",
        "resource": work_item(state, item),
    }


def comment(
    state: AzureState, item: WorkItem, found: Comment, *, rendered: bool = False
) -> dict[str, Any]:
    answer = {
        "workItemId": item.id,
        "id": found.id,
        "version": found.version,
        "text": found.text,
        "createdBy": identity(state, found.created_by),
        "createdDate": moment(found.created),
        "modifiedBy": identity(state, found.modified_by),
        "modifiedDate": moment(found.modified),
        "format": found.format,
        "isDeleted": found.deleted,
        "url": f"{item_url(state, item)}/comments/{found.id}",
    }
    if rendered:
        is_html = found.format == "html"
        answer["renderedText"] = found.text if is_html else f"<p>{found.text}</p>"
    return answer


def update(state: AzureState, item: WorkItem, found: Update) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": found.rev,
        "workItemId": item.id,
        "rev": found.rev,
        "revisedBy": identity(state, found.by),
        "revisedDate": _revised(item, found),
        "fields": {
            name: _sides(state, name, old, new) for name, (old, new) in found.fields.items()
        },
        "url": f"{item_url(state, item)}/updates/{found.rev}",
    }
    sides: dict[str, list[Relation]] = {"added": found.added, "removed": found.removed}
    relations = {name: [as_json(r) for r in rs] for name, rs in sides.items() if rs}
    return {**answer, "relations": relations} if relations else answer


def _revised(item: WorkItem, found: Update) -> str:
    """When the revision ended; the last one has not."""
    after = next((each.at for each in item.updates if each.rev == found.rev + 1), None)
    return moment(after) if after else "9999-01-01T00:00:00Z"


def _sides(state: AzureState, name: str, old: Any, new: Any) -> dict[str, Any]:
    sides = {"oldValue": old, "newValue": new}
    return {side: _shown(state, name, v) for side, v in sides.items() if v is not None}


def field(state: AzureState, found: Field) -> dict[str, Any]:
    kind = found.type
    return {
        "name": found.name,
        "referenceName": found.ref,
        "description": None,
        "type": "string" if kind == "identity" else kind,
        "usage": "workItem",
        "readOnly": found.read_only,
        "canSortBy": kind not in ("html", "history", "plainText"),
        "isQueryable": True,
        "supportedOperations": [{"referenceName": "SupportedOperations.Equals", "name": "="}],
        "isIdentity": kind == "identity",
        "isPicklist": bool(found.allowed) and found.ref.startswith("Custom."),
        "isPicklistSuggested": False,
        "url": f"{state.url}/_apis/wit/fields/{found.ref}",
    }


def type_field(state: AzureState, kind: WorkItemType, ref: str, *, values: bool) -> dict[str, Any]:
    """WorkItemTypeFieldWithReferences; allowed values where `$expand` asks for them."""
    found = FIELDS[ref]
    answer: dict[str, Any] = {
        "defaultValue": "2" if ref == "Microsoft.VSTS.Common.Priority" else None,
        "helpText": None,
        "alwaysRequired": ref in DEMANDED,
        "dependentFields": [],
        "referenceName": ref,
        "name": found.name,
        "url": f"{state.url}/_apis/wit/fields/{ref}",
    }
    if values:
        allowed = kind.states if ref == "System.State" else [*found.allowed]
        answer["allowedValues"] = allowed
    return answer


def states(kind: WorkItemType) -> list[dict[str, Any]]:
    categories = [(name, CATEGORIES[name]) for name in kind.states]
    return [
        {"name": name, "color": COLORS[category], "category": category}
        for name, category in categories
    ]


def work_item_type(state: AzureState, place: Project, kind: WorkItemType) -> dict[str, Any]:
    address = f"{state.url}/{place.id}/_apis/wit/workItemTypes/{kind.name.replace(' ', '%20')}"
    icon = {"id": kind.icon, "url": f"{state.url}/_apis/wit/workItemIcons/{kind.icon}"}
    fields = [type_field(state, kind, ref, values=False) for ref in kind.fields]
    return {
        "name": kind.name,
        "referenceName": kind.ref,
        "description": f"A {kind.name.lower()} of {place.name}.",
        "color": kind.color,
        "icon": icon,
        "isDisabled": False,
        "fields": fields,
        "fieldInstances": fields,
        "transitions": {
            before: [{"to": after, "actions": None} for after in ways]
            for before, ways in kind.ways.items()
        },
        "states": states(kind),
        "url": address,
    }


def relation_types(state: AzureState) -> list[dict[str, Any]]:
    links = {ref: name for ref, (name, _) in LINK_TYPES.items()}
    return [
        {
            "attributes": {
                "usage": "workItemLink" if ref in LINK_TYPES else "resourceLink",
                "editable": ref in LINK_TYPES,
                "enabled": True,
            },
            "referenceName": ref,
            "name": name,
            "url": f"{state.url}/_apis/wit/workItemRelationTypes/{ref}",
        }
        for ref, name in {**links, **RESOURCE_LINKS}.items()
    ]
