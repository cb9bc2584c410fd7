"""webhook: those an app registers; and the webhooks of Jira admins, which Basic auth may make."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sandbox.issues.jql import JqlError, clauses_of, parse
from sandbox.permissions import Holder
from sandbox.rest import beans
from sandbox.rest.caller import PersonOnly, Reader
from sandbox.rest.errors import JiraError
from sandbox.rest.paging import MaxResults, StartAt
from sandbox.running import Here
from sandbox.site import Addon, Webhook
from sandbox.webhooks import is_under

router = APIRouter()
site_router = APIRouter(prefix="/rest/webhooks/1.0/webhook")
APPS_ONLY = "Only Connect and OAuth 2.0 apps can use this operation."
ADMINS_ONLY = "You need Administer Jira to see and change webhooks."
LIFE_MS = 30 * 24 * 3600 * 1000
MOST = 100
_FILTER_FIELDS = {"issuekey", "key", "project", "issuetype", "status", "assignee", "reporter"}
_FILTER_OPERATORS = {"=", "!=", "in", "not in"}
Event = Literal[
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
]


class Wish(BaseModel):
    """WebhookDetails."""

    model_config = ConfigDict(extra="ignore")
    events: list[Event] = Field(min_length=1)
    jqlFilter: str  # noqa: N815 - Jira's names
    fieldIdsFilter: list[str] | None = None  # noqa: N815


class Registration(BaseModel):
    """WebhookRegistrationDetails."""

    url: str
    webhooks: list[Wish] = Field(min_length=1)


class Numbers(BaseModel):
    webhookIds: list[int]  # noqa: N815 - Jira's name


class AdminWebhook(BaseModel):
    """Source: Atlassian, "Webhooks", registering via the REST API."""

    model_config = ConfigDict(extra="ignore")
    name: str = Field(min_length=1)
    url: str = Field(pattern="^https?://")
    events: list[Event] = []
    filters: dict[str, str] = {}
    secret: str | None = None


def _app(caller: Holder) -> Addon:
    if caller.addon is None:
        raise JiraError(403, APPS_ONLY)
    return caller.addon


@router.post("/webhook")
async def register(sandbox: Here, caller: Reader, body: Registration) -> dict[str, Any]:
    """One result for each wish: its number, or what is wrong with its filter."""
    addon = _app(caller)
    if not is_under(body.url, addon.base_url):
        raise JiraError(400, "The url must be below the base URL of the app.")
    if len(_own(sandbox)) + len(body.webhooks) > MOST:
        raise JiraError(400, f"An app can have {MOST} webhooks at most.")
    results: list[dict[str, Any]] = []
    for wish in body.webhooks:
        wrong = _wrong_with(wish.jqlFilter)
        if wrong is not None:
            results.append({"errors": [wrong]})
            continue
        now, number = sandbox.site.issues.now(), sandbox.site.issues.new_id()
        sandbox.site.webhooks.append(
            Webhook(number, body.url, list(wish.events), wish.jqlFilter, True, None, now + LIFE_MS)
        )
        results.append({"createdWebhookId": number})
    sandbox.site.save()
    return {"webhookRegistrationResult": results}


def _own(sandbox: Here) -> list[Webhook]:
    return [hook for hook in sandbox.site.webhooks if hook.by_app]


def _wrong_with(jql: str) -> str | None:
    """Dynamic webhooks take a part of JQL only."""
    try:
        clauses = clauses_of(parse(jql).where)
    except JqlError as wrong:
        return str(wrong)
    for clause in clauses:
        name = clause.field.lower()
        if name not in _FILTER_FIELDS and not name.startswith(("issue.property", "cf[")):
            return f"The field '{clause.field}' is not supported in the filter of a webhook."
        if clause.operator not in _FILTER_OPERATORS:
            return f"The operator '{clause.operator}' is not supported in the filter of a webhook."
    return None


@router.get("/webhook")
async def list_own(
    *,
    request: Request,
    sandbox: Here,
    caller: Reader,
    start_at: StartAt = 0,
    max_results: MaxResults = MOST,
) -> dict[str, Any]:
    _app(caller)
    return beans.page(
        f"{sandbox.site.base_url}{beans.API}/webhook",
        request.query_params.multi_items(),
        _own(sandbox),
        start_at=start_at,
        max_results=max_results,
        bean=lambda hook: {
            "id": hook.id,
            "jqlFilter": hook.jql,
            "events": hook.events,
            "url": hook.url,
            "expirationDate": hook.expires_at,
        },
    )


@router.put("/webhook/refresh")
async def refresh(sandbox: Here, caller: Reader, body: Numbers) -> dict[str, int]:
    """30 days from now."""
    _app(caller)
    expires = sandbox.site.issues.now() + LIFE_MS
    for hook in _own(sandbox):
        if hook.id in body.webhookIds:
            hook.expires_at = expires
    sandbox.site.save()
    return {"expirationDate": expires}


@router.delete("/webhook", status_code=202)
async def remove_own(sandbox: Here, caller: Reader, body: Numbers) -> Response:
    _app(caller)
    kept = [x for x in sandbox.site.webhooks if not (x.by_app and x.id in body.webhookIds)]
    sandbox.site.webhooks = kept
    sandbox.site.save()
    return Response(status_code=202)


def _require_admin(caller: Holder) -> None:
    if not caller.is_site_admin:
        raise JiraError(403, ADMINS_ONLY)


def _admin_bean(base_url: str, hook: Webhook) -> dict[str, Any]:
    """The secret is never shown again."""
    return {
        "name": hook.name,
        "url": hook.url,
        "events": hook.events,
        "filters": {"issue-related-events-section": hook.jql},
        "enabled": True,
        "isSigned": hook.secret is not None,
        "self": f"{base_url}{site_router.prefix}/{hook.id}",
    }


def _admins(sandbox: Here) -> list[Webhook]:
    return [hook for hook in sandbox.site.webhooks if not hook.by_app]


@site_router.post("", status_code=201)
async def create_admin_webhook(
    sandbox: Here, caller: PersonOnly, body: AdminWebhook
) -> dict[str, Any]:
    """With `secret`, messages carry X-Hub-Signature: sha256=<HMAC of the body>."""
    _require_admin(caller)
    jql = body.filters.get("issue-related-events-section", "")
    number = sandbox.site.issues.new_id()
    hook = Webhook(number, body.url, list(body.events), jql, False, body.secret, None, body.name)
    sandbox.site.webhooks.append(hook)
    sandbox.site.save()
    return _admin_bean(sandbox.site.base_url, hook)


@site_router.get("")
async def list_admin_webhooks(sandbox: Here, caller: PersonOnly) -> list[dict[str, Any]]:
    _require_admin(caller)
    return [_admin_bean(sandbox.site.base_url, hook) for hook in _admins(sandbox)]


@site_router.delete("/{number}", status_code=204)
async def delete_admin_webhook(sandbox: Here, caller: PersonOnly, number: int) -> Response:
    _require_admin(caller)
    if number not in {hook.id for hook in _admins(sandbox)}:
        raise JiraError(404, f"There is no webhook with id {number}.")
    kept = [hook for hook in sandbox.site.webhooks if hook.id != number or hook.by_app]
    sandbox.site.webhooks = kept
    sandbox.site.save()
    return Response(status_code=204)
