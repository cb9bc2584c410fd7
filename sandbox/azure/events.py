"""Service hooks of work items, as Microsoft's page "Service hooks events" shows them."""

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.azure.process import FIELDS
from sandbox.azure.relations import as_json, item_url
from sandbox.azure.running import Azure
from sandbox.azure.state import AzureState, Subscription, Update, User, WorkItem, stamp
from sandbox.tools.deliveries import Delivery

EVENTS = tuple(
    f"workitem.{name}" for name in ("created", "updated", "deleted", "restored", "commented")
)


def tell(azure: Azure, event: str, item: WorkItem, by: User) -> None:
    """Each subscription that asked for it."""
    for subscription in azure.state.subscriptions:
        if subscription.event_type == event and _is_meant(azure.state, subscription, item):
            subscription.sent += 1
            body = _body(azure, subscription, item, by)
            delivery = Delivery(
                str(subscription.consumer_inputs["url"]),
                event,
                json.dumps(body, ensure_ascii=False).encode(),
                _headers(subscription),
            )
            azure.deliveries.add(delivery)


def _is_meant(state: AzureState, subscription: Subscription, item: WorkItem) -> bool:
    inputs = subscription.publisher_inputs
    project = inputs.get("projectId")
    if project and state.project(str(project)) is not state.project_of(item):
        return False
    if inputs.get("workItemType") not in (None, "", item.type_name):
        return False
    area = str(inputs.get("areaPath") or "")
    if area and not f"{item.fields['System.AreaPath']}\\".startswith(f"{area}\\"):
        return False
    changed = str(inputs.get("changedFields") or "")
    is_update = subscription.event_type == "workitem.updated"
    return not (changed and is_update) or changed in item.updates[-1].fields


def _headers(subscription: Subscription) -> dict[str, str]:
    inputs = subscription.consumer_inputs
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "VSServices/19.0"}
    for line in str(inputs.get("httpHeaders") or "").splitlines():
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    if inputs.get("basicAuthUsername") or inputs.get("basicAuthPassword"):
        pair = f"{inputs.get('basicAuthUsername', '')}:{inputs.get('basicAuthPassword', '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers


def _body(azure: Azure, subscription: Subscription, item: WorkItem, by: User) -> dict[str, Any]:
    state, event = azure.state, subscription.event_type
    said = f"{item.type_name} #{item.id} {event.removeprefix('workitem.')} by {by.display_name}"
    message = {"text": said, "html": said, "markdown": said}
    wanted = _wanted(subscription)
    return {
        "subscriptionId": subscription.id,
        "notificationId": subscription.sent,
        "id": str(uuid.uuid4()),
        "eventType": event,
        "publisherId": "tfs",
        "message": message if wanted("messagesToSend") != "none" else None,
        "detailedMessage": message if wanted("detailedMessagesToSend") != "none" else None,
        "resource": _sent(wanted("resourceDetailsToSend"), _resource(state, event, item, by)),
        "resourceVersion": subscription.resource_version,
        "resourceContainers": {
            "collection": {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, state.url))},
            "account": {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, state.url))},
            "project": {"id": item.project_id},
        },
        "createdDate": stamp(azure.clock.now()),
    }


def _wanted(subscription: Subscription) -> Callable[[str], str]:
    """How much of something the subscription asks for: all, minimal or none."""
    inputs = subscription.consumer_inputs
    return lambda name: str(inputs.get(name) or "all")


def _sent(how_much: str, resource: dict[str, Any]) -> dict[str, Any] | None:
    if how_much == "minimal":
        return {name: resource[name] for name in ("id", "url")}
    return None if how_much == "none" else resource


def _resource(state: AzureState, event: str, item: WorkItem, by: User) -> dict[str, Any]:
    whole = _whole(state, item)
    update = item.updates[-1]
    if event == "workitem.commented":
        history = update.fields.get("System.History", (None, ""))[1]
        return {**whole, "fields": {**whole["fields"], "System.History": history}}
    if event == "workitem.updated":
        return _updated(state, item, update, by, whole)
    return whole


def _updated(
    state: AzureState, item: WorkItem, update: Update, by: User, whole: dict[str, Any]
) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "id": update.rev,
        "workItemId": item.id,
        "rev": item.rev,
        "revisedBy": {
            "id": by.id,
            "name": _written(by),
            "displayName": by.display_name,
            "uniqueName": by.unique_name,
            "descriptor": by.descriptor,
        },
        "revisedDate": "9999-01-01T00:00:00Z",
        "fields": {
            name: _change(state, name, old, new) for name, (old, new) in update.fields.items()
        },
        "url": f"{item_url(state, item)}/updates/{update.rev}",
        "revision": {**whole, "url": f"{item_url(state, item)}/revisions/{item.rev}"},
    }
    if update.added or update.removed:
        sides = {"added": update.added, "removed": update.removed}
        resource["relations"] = {n: [as_json(r) for r in rs] for n, rs in sides.items() if rs}
    return resource


def _change(state: AzureState, name: str, old: Any, new: Any) -> dict[str, Any]:
    sides = {"oldValue": _value(state, name, old), "newValue": _value(state, name, new)}
    return {side: value for side, value in sides.items() if value is not None}


def _whole(state: AzureState, item: WorkItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "rev": item.rev,
        "fields": {name: _value(state, name, value) for name, value in item.fields.items()},
        "url": item_url(state, item),
    }


def _written(user: User) -> str:
    return f"{user.display_name} <{user.unique_name}>"


def _value(state: AzureState, name: str, value: Any) -> Any:
    """People are named in one line here, not as objects."""
    if name in FIELDS and FIELDS[name].type == "identity" and value is not None:
        user = state.user(str(value))
        return _written(user) if user is not None else value
    return value
