"""Webhooks that an administrator of another Jira site makes.

Source: Atlassian, "Webhooks" of Jira Cloud, registering via the REST API and secure admin
webhooks: with a secret, X-Hub-Signature is the HMAC of the body.
"""

import contextlib
import hmac

from app.tools.http import ToolHttp
from app.tools.news import HOOK_NAME, News, is_same, item_id, member, told_id
from app.tools.side import ItemGone

_HOOKS = "/rest/webhooks/1.0/webhook"
_EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)


class JiraNews:
    """`TellsNews` of another Jira."""

    where = "Jira settings > System > WebHooks"
    steps = (
        "As an administrator of the other Jira open Jira settings > System > WebHooks and choose "
        "Create a WebHook.",
        "Enter the address as URL and the secret as Secret.",
        "Under Issue related events enter the JQL project = followed by the project's key; tick "
        "created, updated and deleted for Issue and for Comment.",
        "Choose Create.",
    )

    def is_proven(self, news: News, secret: str) -> bool:
        expected = hmac.digest(secret.encode(), news.body, "sha256").hex()
        return is_same(news.header("x-hub-signature"), f"sha256={expected}")

    def is_about(self, news: News, place: str) -> bool:
        said = news.said()
        project = member(said, "issue", "fields", "project", "key")
        is_there = not isinstance(project, str) or project == place
        return said.get("webhookEvent") in _EVENTS and is_there

    def deleted(self, news: News) -> str | None:
        said = news.said()
        is_deletion = said.get("webhookEvent") == "jira:issue_deleted"
        return item_id(member(said, "issue", "id")) if is_deletion else None

    async def register(self, http: ToolHttp, place: str, address: str, secret: str) -> str:
        body = {
            "name": HOOK_NAME,
            "url": address,
            "events": list(_EVENTS),
            "filters": {"issue-related-events-section": f'project = "{place}"'},
            "excludeBody": False,
            "secret": secret,
        }
        answer = await http.ask("POST", _HOOKS, json=body)
        return told_id(answer.json, "self", "Jira").rpartition("/")[2]

    async def remove(
        self,
        http: ToolHttp,
        place: str,  # noqa: ARG002 - webhooks belong to the site
        registered: str,
    ) -> None:
        with contextlib.suppress(ItemGone):
            await http.ask("DELETE", f"{_HOOKS}/{registered}")
