"""Service hooks: subscriptions of a web address to events of work items."""

import uuid
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from sandbox.azure.events import EVENTS
from sandbox.azure.rest import beans
from sandbox.azure.rest.beans import moment
from sandbox.azure.rest.caller import Anywhere
from sandbox.azure.rest.errors import AzureError, bad_request, collection
from sandbox.azure.state import AzureState, Subscription, stamp

router = APIRouter(prefix="/hooks/subscriptions")
MASK = "********"
SECRETS = ("basicAuthPassword", "httpHeaders")


class NewSubscription(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    publisher_id: str = Field(alias="publisherId")
    event_type: str = Field(alias="eventType")
    consumer_id: str = Field(alias="consumerId")
    consumer_action_id: str = Field(alias="consumerActionId")
    resource_version: str = Field(default="1.0", alias="resourceVersion")
    publisher_inputs: dict[str, Any] = Field(default_factory=dict, alias="publisherInputs")
    consumer_inputs: dict[str, Any] = Field(default_factory=dict, alias="consumerInputs")


def _check(body: NewSubscription) -> None:
    if body.publisher_id != "tfs" or body.event_type not in EVENTS:
        raise bad_request(f"TF400893: The event {body.event_type} is not known here.")
    if (body.consumer_id, body.consumer_action_id) != ("webHooks", "httpRequest"):
        raise bad_request("TF400893: The only consumer here is webHooks with httpRequest.")
    if urlsplit(str(body.consumer_inputs.get("url"))).scheme not in ("http", "https"):
        raise bad_request("TF400893: The input url must be a valid address.")


def _bean(state: AzureState, found: Subscription) -> dict[str, Any]:
    """Secrets are never told again."""
    inputs = {
        name: MASK if name in SECRETS and value else value
        for name, value in found.consumer_inputs.items()
    }
    return {
        "id": found.id,
        "url": f"{state.url}/_apis/hooks/subscriptions/{found.id}",
        "status": "enabled",
        "publisherId": "tfs",
        "eventType": found.event_type,
        "resourceVersion": found.resource_version,
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "createdBy": beans.identity(state, found.created_by),
        "createdDate": moment(found.created),
        "modifiedBy": beans.identity(state, found.created_by),
        "modifiedDate": moment(found.created),
        "publisherInputs": found.publisher_inputs,
        "consumerInputs": inputs,
    }


def _subscription(place: Anywhere, subscription_id: Annotated[str, Path()]) -> Subscription:
    known = place.azure.state.subscriptions
    found = next((each for each in known if each.id == subscription_id.lower()), None)
    if found is None:
        raise AzureError(
            404, "SubscriptionNotFoundException", "TF400893: There is no such subscription."
        )
    return found


TheSubscription = Annotated[Subscription, Depends(_subscription)]


@router.post("")
async def create_subscription(place: Anywhere, body: NewSubscription) -> dict[str, Any]:
    _check(body)
    made = Subscription(
        id=str(uuid.uuid4()),
        event_type=body.event_type,
        publisher_inputs=body.publisher_inputs,
        consumer_inputs=body.consumer_inputs,
        created_by=place.me.unique_name,
        created=stamp(place.azure.clock.now()),
        resource_version=body.resource_version,
    )
    place.azure.state.subscriptions.append(made)
    place.azure.save()
    return _bean(place.azure.state, made)


@router.get("")
async def list_subscriptions(place: Anywhere) -> dict[str, Any]:
    state = place.azure.state
    return collection([_bean(state, each) for each in state.subscriptions])


@router.get("/{subscription_id}")
async def get_subscription(place: Anywhere, found: TheSubscription) -> dict[str, Any]:
    return _bean(place.azure.state, found)


@router.delete("/{subscription_id}", status_code=204)
async def delete_subscription(place: Anywhere, found: TheSubscription) -> None:
    place.azure.state.subscriptions.remove(found)
    place.azure.save()
