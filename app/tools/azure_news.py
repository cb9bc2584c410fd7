"""Service hooks of an Azure DevOps project.

Source: Microsoft, "Service hooks events", "Webhooks" and "Subscriptions" of the REST API. Proof is
the password of HTTP Basic that each subscription was given; Azure DevOps signs nothing.
"""

import contextlib
from typing import Any

from app.tools.azure_http import VERSION, quoted
from app.tools.http import ToolHttp
from app.tools.news import News, is_same, item_id, member, password_in, told_id
from app.tools.side import ItemGone, SideError

USER = "getint"
_SUBSCRIPTIONS = "/_apis/hooks/subscriptions"
_EVENTS = tuple(
    f"workitem.{name}" for name in ("created", "updated", "deleted", "restored", "commented")
)
_VERSIONED = {"api-version": VERSION}


class AzureNews:
    """`TellsNews` of Azure DevOps: a subscription for each kind of event."""

    where = "Project settings > Service hooks"
    steps = (
        "In the Azure DevOps project open Project settings > Service hooks, choose Create "
        "subscription and there Web Hooks.",
        "As trigger choose Work item created. Leave the filters at [Any].",
        f"Enter the address as URL, {USER} as Basic authentication username and the secret as "
        "Basic authentication password. Set Resource details to send to Minimal.",
        "Choose Finish, and do the same for Work item updated, deleted, restored and commented on.",
    )

    def is_proven(self, news: News, secret: str) -> bool:
        return is_same(password_in(news.header("authorization")), secret)

    def is_about(self, news: News, place: str) -> bool:
        said = news.said()
        resource = said.get("resource")
        project = member(resource, "fields", "System.TeamProject") or member(
            resource, "revision", "fields", "System.TeamProject"
        )
        is_there = not isinstance(project, str) or project.casefold() == place.casefold()
        return said.get("eventType") in _EVENTS and is_there

    def deleted(self, news: News) -> str | None:
        said = news.said()
        is_deletion = said.get("eventType") == "workitem.deleted"
        return item_id(member(said, "resource", "id")) if is_deletion else None

    async def register(self, http: ToolHttp, place: str, address: str, secret: str) -> str:
        project = await http.ask("GET", f"/_apis/projects/{quoted(place)}", params=_VERSIONED)
        project_id = told_id(project.json, "id", "Azure DevOps")
        made: list[str] = []
        try:
            for event in _EVENTS:
                body = _subscription(event, project_id, address, secret)
                answer = await http.ask("POST", _SUBSCRIPTIONS, params=_VERSIONED, json=body)
                made.append(told_id(answer.json, "id", "Azure DevOps"))
        except BaseException:
            # Half of them would look like all.
            with contextlib.suppress(SideError):
                await self.remove(http, place, ",".join(made))
            raise
        return ",".join(made)

    async def remove(
        self,
        http: ToolHttp,
        place: str,  # noqa: ARG002 - subscriptions belong to the organisation
        registered: str,
    ) -> None:
        for each in filter(None, registered.split(",")):
            with contextlib.suppress(ItemGone):
                path = f"{_SUBSCRIPTIONS}/{quoted(each)}"
                await http.ask("DELETE", path, params=_VERSIONED)


def _subscription(event: str, project_id: str, address: str, secret: str) -> dict[str, Any]:
    """Of the item no more than its id is asked for: it is read when its turn comes."""
    return {
        "publisherId": "tfs",
        "eventType": event,
        "resourceVersion": "1.0",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {"projectId": project_id},
        "consumerInputs": {
            "url": address,
            "basicAuthUsername": USER,
            "basicAuthPassword": secret,
            "resourceDetailsToSend": "minimal",
            "messagesToSend": "none",
            "detailedMessagesToSend": "none",
        },
    }
