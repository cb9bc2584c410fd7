"""Webhooks: who wants to hear of which change, and telling them, well or badly."""

import asyncio
import dataclasses
import hashlib
import hmac
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from sandbox.faults import FaultKind, Faults
from sandbox.issues.adf import plain_text
from sandbox.issues.catalogue import BY_ID, Kind
from sandbox.issues.jql import JqlError
from sandbox.issues.models import Issue
from sandbox.issues.search import Search
from sandbox.issues.tracker import IssueEvent
from sandbox.modules import path_hash
from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.issue_beans import IssueBeans
from sandbox.site import Addon, SiteState
from sandbox.tokens import sign_page

ISSUE_EVENTS = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted")
COMMENT_EVENTS = ("comment_created", "comment_updated", "comment_deleted")
EVENTS = ISSUE_EVENTS + COMMENT_EVENTS
_EVENT_TYPES = {
    "jira:issue_created": "issue_created",
    "jira:issue_updated": "issue_generic",
    "jira:issue_deleted": "issue_deleted",
}
_IN_COMMENT_EVENTS = ("summary", "issuetype", "project", "assignee", "priority", "status")

Send = Callable[..., Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One wish to hear: from the descriptor, registered by the app, or made by a Jira admin.

    The app's are signed with its shared secret; an admin's with `secret`, where it has one.
    """

    url: str
    events: tuple[str, ...]
    jql: str = ""
    addon: Addon | None = None
    number: int | None = None
    secret: str | None = None
    with_body: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way."""

    subscription: Subscription
    url: str
    body: bytes
    event: str


class Webhooks:
    """Hears the tracker inside the event loop; each receiver is told in order, faults apart."""

    def __init__(self, site: SiteState, send: Send, faults: Faults) -> None:
        self.site = site
        self._send = send
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}
        self._held: list[Delivery] = []
        site.issues.listeners.append(self.hear)

    def hear(self, event: IssueEvent) -> None:
        """Set the messages of this change on their way."""
        for subscription in subscriptions(self.site):
            if event.name in subscription.events and self._wanted(subscription, event.issue):
                self._dispatch(self._delivery(subscription, event))

    async def idle(self) -> None:
        """Wait until all that was sent has arrived; what a fault holds back stays held."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def release(self) -> int:
        """Send what `webhook-reorder` holds back; how many those are."""
        held, self._held = self._held, []
        for delivery in held:
            self._start(delivery)
        return len(held)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _wanted(self, subscription: Subscription, issue: Issue) -> bool:
        if not subscription.jql:
            return True
        caller = Holder(self.site, addon=subscription.addon)
        try:
            return Search(self.site, caller, subscription.jql).holds_for(issue)
        except JqlError:
            return False

    def _delivery(self, subscription: Subscription, event: IssueEvent) -> Delivery:
        url = _filled_in(subscription.url, self.site, event.issue)
        body = payload(self.site, subscription, event) if subscription.with_body else {}
        return Delivery(subscription, url, json.dumps(body).encode(), event.name)

    def _dispatch(self, delivery: Delivery) -> None:
        fault = self._faults.strike_webhook(delivery.event)
        kind = fault.kind if fault is not None else None
        if kind is FaultKind.WEBHOOK_DROP:
            return
        if kind is FaultKind.WEBHOOK_REORDER:
            self._held.append(delivery)
            return
        if fault is not None and kind is FaultKind.WEBHOOK_DELAY:
            self._start(delivery, delay=fault.latency_ms / 1000)
            return
        self._start(delivery)
        if kind is FaultKind.WEBHOOK_DUPLICATE:
            self._start(delivery)
        self.release()

    def _start(self, delivery: Delivery, delay: float = 0.0) -> None:
        """A late one lets those after it pass."""
        before = None if delay else self._last.get(delivery.subscription.url)
        task = asyncio.create_task(self._deliver(delivery, delay, before))
        if not delay:
            self._last[delivery.subscription.url] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, delivery: Delivery, delay: float, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        await asyncio.sleep(delay)
        try:
            await self._send(
                "POST", delivery.url, content=delivery.body, headers=self._headers(delivery)
            )
        except httpx.HTTPError:
            return  # Jira would try again minutes later; the request log has the failure.

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Atlassian-Webhook-Identifier": str(uuid.uuid4()),
            "X-Atlassian-Webhook-Flow": "Primary",
        }
        subscription = delivery.subscription
        if subscription.addon is not None:
            path = delivery.url.removeprefix(subscription.addon.base_url)
            token = sign_page(
                self.site.client_key,
                subscription.addon.shared_secret,
                qsh=path_hash("POST", path),
            )
            headers["Authorization"] = f"JWT {token}"
        elif subscription.secret is not None:
            digest = hmac.new(subscription.secret.encode(), delivery.body, hashlib.sha256)
            headers["X-Hub-Signature"] = f"sha256={digest.hexdigest()}"
        return headers


def subscriptions(site: SiteState) -> Iterator[Subscription]:
    """All that are in force now."""
    addon = site.addon
    listening = addon is not None and addon.installed and addon.enabled
    if addon is not None and listening:
        for module in addon.descriptor.get("modules", {}).get("webhooks", []):
            yield Subscription(
                addon.base_url + str(module["url"]),
                (str(module["event"]),),
                str(module.get("filter", "")),
                addon,
                with_body=not module.get("excludeBody", False),
            )
    for hook in site.webhooks:
        if not hook.by_app:
            yield Subscription(hook.url, tuple(hook.events), hook.jql, secret=hook.secret)
        elif listening and (hook.expires_at or 0) > site.issues.now():
            yield Subscription(hook.url, tuple(hook.events), hook.jql, addon, hook.id)


def _filled_in(url: str, site: SiteState, issue: Issue) -> str:
    project = site.project(issue.project)
    values = {
        "issue.id": str(issue.id),
        "issue.key": issue.key,
        "project.id": str(project.id),
        "project.key": project.key,
    }
    for name, value in values.items():
        url = url.replace("{" + name + "}", quote(value)).replace("${" + name + "}", quote(value))
    return url


def payload(site: SiteState, subscription: Subscription, event: IssueEvent) -> dict[str, Any]:
    """What Jira writes into a webhook: rich text arrives as plain text, not as a document."""
    caller = Holder(site, addon=subscription.addon)
    made = IssueBeans(site, caller)
    body: dict[str, Any] = {"timestamp": event.at, "webhookEvent": event.name}
    if event.comment is not None:
        comment = made.comment(event.issue, event.comment)
        body["comment"] = {**comment, "body": plain_text(event.comment.body)}
        body["issue"] = made.issue(event.issue, _IN_COMMENT_EVENTS)
        body["eventType"] = "primaryAction"
    else:
        body["issue_event_type_name"] = _EVENT_TYPES[event.name]
        body["user"] = beans.account(site, event.account_id, caller)
        body["issue"] = made.issue(_in_plain_text(event.issue), _all_but_comments())
    if event.change is not None:
        items = made.change(event.change)["items"]
        body["changelog"] = {"id": str(event.change.id), "items": items}
    if subscription.number is not None:
        body["matchedWebhookIds"] = [subscription.number]
    return body


def _all_but_comments() -> list[str]:
    return [name for name in BY_ID if name != "comment"]


def _in_plain_text(issue: Issue) -> Issue:
    fields: Mapping[str, Any] = {
        name: plain_text(value) if value and BY_ID[name].kind is Kind.RICH_TEXT else value
        for name, value in issue.fields.items()
    }
    return dataclasses.replace(issue, fields=fields)


def is_under(url: str, base_url: str) -> bool:
    """Whether the address is one of the app's own."""
    ours, parts = urlsplit(base_url), urlsplit(url)
    same = (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)
    return same and parts.path.startswith(ours.path)
